// The server of the attacks with assertions: `corp` gives ID-JAGs and has workloads, `partner` gives chaining grants, `directory` and
// `mail` name accounts.
import { client } from '../../../support/basics.ts';
import { added, type Configuration, changed, edited } from '../../../support/configuration.ts';
import { start, type TestServer } from '../../../support/harness.ts';
import { type Claims, type FakeIssuer, type SignOptions, startIssuer } from '../../../support/issuer.ts';
import { granting, JOBS, redeemingOf } from '../../../support/redeeming.ts';
import type { Undo } from '../../group.ts';

export interface World {
  readonly server: TestServer;
  readonly configuration: Configuration;
  readonly corp: FakeIssuer;
  readonly partner: FakeIssuer;
  readonly directory: FakeIssuer;
  readonly mail: FakeIssuer;
}

export async function open(undo: Undo): Promise<World> {
  const [corp, partner, directory, mail] = [
    await startIssuer(undo),
    await startIssuer(undo),
    await startIssuer(undo),
    await startIssuer(undo),
  ];
  const configuration = changed(
    redeemingOf([
      granting(
        corp,
        { id_jag: {}, workload: {} },
        { accepts: ['jwt', 'id_token', 'access_token'], audiences: ['urn:us'] },
      ),
      granting(partner, { chaining_grant: {} }, { name: 'partner', accepts: ['jwt'], audiences: ['urn:us'] }),
      granting(directory, { id_jag: { person: 'aud_sub' } }, { name: 'directory' }),
      granting(mail, { id_jag: { person: 'email' } }, { name: 'mail' }),
    ]),
    JOBS,
    {
      accounts: [
        { username: 'ada', password: { plain: 'lovelace' }, claims: { email: 'ada@example.com' } },
        { username: 'root', password: { plain: 'toor' }, claims: { email: 'root@example.com' } },
      ],
      clients: added(client('open', { auth: 'none', secret: undefined, grants: ['jwt_bearer'], audiences: undefined })),
      rules: edited('jags', { subject: { issuer: ['corp', 'directory', 'mail'] } }),
    },
    { rules: edited('chains', { subject: { issuer: ['partner'] } }) },
    {
      rules: added({
        name: 'not as root',
        effect: 'deny',
        subject: { issuer: 'self', when: 'subject.sub == "root"' },
      }),
    },
  );
  return { server: await start(undo, configuration), configuration, corp, partner, directory, mail };
}

/** A grant of identity chaining. */
export const grantOf = ({ server, partner }: World, claims: Claims = {}, options: SignOptions = {}): string =>
  partner.sign({ aud: server.issuer, scope: 'read', ...claims }, options);

/** The JWT of a workload. */
export const jobOf = ({ server, corp }: World, claims: Claims = {}, options: SignOptions = {}): string =>
  corp.sign({ aud: server.issuer, sub: 'job-7', stage: 'test', ...claims }, options);
