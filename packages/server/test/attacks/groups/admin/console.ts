// Who gets into the console, and what a person's token is worth at the admin API.
import { createBrowser } from '../../../support/browser.ts';
import { added, changed } from '../../../support/configuration.ts';
import {
  consoleRequest,
  foreignOperators,
  goToConsole,
  openConsoleAs,
  redeemAtConsole,
  sessionOf,
  withConsole,
} from '../../../support/console.ts';
import { EXCHANGE, read, start, type } from '../../../support/harness.ts';
import { startIssuer } from '../../../support/issuer.ts';
import { authorizeAs, redeem } from '../../../support/people.ts';
import { newProver } from '../../../support/prover.ts';
import type { Case } from '../../group.ts';
import { type AdminWorld, ENTRY } from './world.ts';

const ADA = { username: 'ada', password: 'lovelace' };
const BOB = { username: 'bob', password: 'builder' };
const BOTH = ['admin:read', 'admin:write'];
const ofAda = withConsole([{ account: 'ada', scopes: BOTH }]);
const ofBob = withConsole([{ account: 'bob', scopes: BOTH }]);
/** A client of the file, to which people sign in for the admin API. */
const TOOL = {
  ...{ id: 'tool', auth: 'client_secret_post', secret: { plain: 'tool-secret' }, grants: ['authorization_code'] },
  ...{ redirectUris: ['https://app.example/callback'], audiences: [`\${ISSUER}/admin`], scopes: BOTH },
};
const SUSPEND = { subject: 'nobody', unknown: true };

export const consoleCases: Readonly<Record<string, Case<AdminWorld>>> = {
  A43: async (_world, { attempt, twin, after }) => {
    const server = await start({ after }, ofAda);
    const redeemed = async (who: typeof ADA) => (await openConsoleAs(server, who)).answer;
    await twin(redeemed(ADA));
    await attempt('without an entry', redeemed(BOB));
    const { url } = await goToConsole(server, ADA);
    await server.reload(withConsole([{ when: 'subject.claims.groups.exists(one, one == "platform")', scopes: BOTH }]));
    await attempt(
      'a code from before its removal',
      redeemAtConsole(server, url).then(({ answer }) => answer),
    );
    await attempt('a condition that cannot be told', redeemed(ADA));
  },

  A44: async (_world, { attempt, twin, after }) => {
    const server = await start({ after }, changed(ofAda, { clients: added(TOOL) }));
    const ada = await openConsoleAs(server, ADA);
    await twin(ada.call('GET /keys'));
    await attempt('without its key', ada.call('GET /keys', undefined, newProver()));
    const other = await redeem(server, await authorizeAs(server));
    await attempt('of another audience', sessionOf(server, other, newProver()).call('GET /keys'));
    await server.reload(changed(withConsole([{ account: 'ada', scopes: 'admin:read' }]), { clients: added(TOOL) }));
    await attempt('a scope beyond the entry', ada.call('POST /actors/suspend', SUSPEND));
    await server.reload(changed(ofBob, { clients: added(TOOL) }));
    await attempt('after the entry was removed', ada.call('GET /keys'));
    const idp = await startIssuer({ after } as Parameters<typeof startIssuer>[0]);
    await server.reload(changed(ofAda, foreignOperators(idp)));
    const subject = { subject_token: idp.sign({ scope: 'read' }), subject_token_type: type('jwt') };
    const agent = { client_id: 'agent', client_secret: 'agent-secret' };
    const { body } = await server.token({ grant_type: EXCHANGE, ...agent, ...subject });
    const headers = { authorization: `Bearer ${body.access_token}` };
    await attempt('of a subject of another issuer', read(await fetch(`${server.issuer}/admin/v1/keys`, { headers })));
  },

  A45: async (_world, { attempt, twin, after }) => {
    const server = await start({ after }, withConsole([{ account: 'ada', scopes: BOTH }]));
    const ada = await openConsoleAs(server, ADA);
    await attempt('a registered client', ada.call('POST /clients', { ...ENTRY, id: 'cambio-console' }));
    const browser = createBrowser(server.issuer);
    for (const redirect_uri of ['http://127.0.0.1:9/console/callback', `${server.issuer}/console/keys`])
      await attempt(redirect_uri, browser.get(consoleRequest(server, { redirect_uri })));
    await attempt('a refresh without its key', ada.renew({}, newProver()));
    await attempt('a refresh for more', ada.renew({ scope: 'admin:read admin:write read' }));
    await twin(ada.renew());
  },
};
