// authgent-server in both roles of identity chaining: it redeems our grants, and we redeem its grants.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { changed, edited } from '../../packages/server/test/support/configuration.ts';
import { claimsOf, EXCHANGE, freePort, type } from '../../packages/server/test/support/harness.ts';
import { trial } from '../typescript/trial.ts';
import { INTAKE, JWT_BEARER, OTHER, post, redeemAt, startCompany, withCleanup } from './company.ts';
import { startPartner } from './program.ts';

const PARTNER = 'authgent-server';

await withCleanup(async (t) => {
  const [port, companyPort] = [await freePort(), await freePort()];
  const issuer = `http://127.0.0.1:${port}`;
  const company = `http://127.0.0.1:${companyPort}`;
  const program = join('venv', process.platform === 'win32' ? 'Scripts' : 'bin', PARTNER);
  await startPartner(t, [program, 'run', '--host', '127.0.0.1', '--port', String(port)], {
    cwd: process.cwd(),
    env: {
      AUTHGENT_SERVER_URL: issuer,
      AUTHGENT_DATABASE_URL: `sqlite+aiosqlite:///./authgent-${port}.db`,
      AUTHGENT_TRUSTED_CHAINING_ISSUERS: JSON.stringify([company]),
      AUTHGENT_TRUSTED_CHAINING_TARGETS: JSON.stringify([company]),
    },
    ready: `${issuer}/.well-known/oauth-authorization-server`,
  });
  const registered = await post(`${issuer}/register`, {
    client_name: 'company',
    grant_types: ['client_credentials', EXCHANGE, JWT_BEARER],
    scope: 'read',
  });
  assert.equal(registered.status, 201, JSON.stringify(registered.body));
  const clientId = String(registered.body.client_id);
  const credentials = { client_id: clientId, client_secret: String(registered.body.client_secret) };
  const token = (form: Record<string, string>) =>
    post(`${issuer}/token`, new URLSearchParams({ ...credentials, ...form }));

  const here = await startCompany(t, { issuer, clientId, redeemer: clientId, port: companyPort });

  await trial(PARTNER, 'it redeems our grant of identity chaining, once', async () => {
    const assertion = await here.grant('jwt');
    const answer = await token({ grant_type: JWT_BEARER, assertion });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const { sub, scope, chained_from } = claimsOf(answer.body.access_token);
    assert.deepEqual({ sub, scope, chained_from }, { sub: 'ada', scope: 'read', chained_from: company });
    const again = await token({ grant_type: JWT_BEARER, assertion });
    assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
  });

  const itsGrant = async (): Promise<string> => {
    const own = await token({ grant_type: 'client_credentials', scope: 'read' });
    assert.equal(own.status, 200, JSON.stringify(own.body));
    const answer = await token({
      grant_type: EXCHANGE,
      subject_token: String(own.body.access_token),
      subject_token_type: type('access_token'),
      requested_token_type: type('jwt'),
      audience: company,
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return String(answer.body.access_token);
  };

  const sameId = { setting: 'file: the client that redeems has the id that it has there' };
  const redeemIts = async (): Promise<void> => {
    const grant = await itsGrant();
    const answer = await redeemAt(here, grant, clientId);
    assert.equal(answer.status, 200, `${answer.text} ${here.server.audit(answer)?.reason} ${grant}`);
    const { aud, client_id, scope } = claimsOf(answer.body.access_token);
    assert.deepEqual({ aud, client_id, scope }, { aud: INTAKE, client_id: clientId, scope: 'read' });
    const again = await redeemAt(here, grant, clientId);
    assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
  };
  await trial(PARTNER, 'we redeem its grant of identity chaining, once', redeemIts, sameId);
  await trial(
    PARTNER,
    'we redeem its grant by a client with another id',
    async () => {
      const answer = await redeemAt(here, await itsGrant(), OTHER);
      assert.equal(answer.status, 200, answer.text);
    },
    { fails: /invalid_grant/, because: 'its grant has `client_id`: only the client with this id may redeem it' },
  );
  const theirs = { grants: { chaining_grant: { clientId: 'theirs' } } };
  await here.server.reload(changed(here.configuration, { issuers: edited('partner', theirs) }));
  await trial(
    PARTNER,
    'we redeem its grant by a client with another id, which it does not name',
    async () => {
      const answer = await redeemAt(here, await itsGrant(), OTHER);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(claimsOf(answer.body.access_token).client_id, OTHER);
    },
    { setting: 'file: clientId: theirs of chaining_grant' },
  );
  await trial(PARTNER, 'it redeems our ID-JAG, as any JWT grant: it does not read `typ`', async () => {
    const answer = await token({ grant_type: JWT_BEARER, assertion: await here.grant('id-jag') });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  });
});
