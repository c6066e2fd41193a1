// Does an assertion of one Cambio server, about a person who signed in there, get a token at another one?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client as entryOf } from '../../server/test/support/basics.ts';
import { added, changed, edited, entries } from '../../server/test/support/configuration.ts';
import { claimsOf, freePort, start } from '../../server/test/support/harness.ts';
import { authorizeAs, configuration, redeem } from '../../server/test/support/people.ts';
import { cambio, clientSecret } from '../src/index.ts';

const CRM = 'https://api.vendor.example/crm';

test('an ID token becomes an assertion at the person’s server, and an access token at the vendor’s', async (t) => {
  const ports = [await freePort(), await freePort()] as const;
  const [home, vendor] = ports.map((port) => `http://127.0.0.1:${port}`) as [string, string];
  const atHome = changed(configuration, {
    clients: edited('web', { scopes: ['openid', 'email', 'read', 'crm.read'] }),
    authorizationServers: [
      {
        issuer: vendor,
        grants: ['id_jag'],
        clients: { web: 'web-there' },
        resources: { [CRM]: { scopes: { 'crm.read': 'read' } } },
      },
    ],
    rules: [
      {
        name: 'people at the vendor',
        client: 'web',
        subject: { issuer: 'self', types: ['id_token'] },
        grant: { audiences: [vendor], scopes: { openid: ['crm.read'] }, types: ['id_jag'] },
      },
    ],
  });
  const atVendor = changed(configuration, {
    resources: added({ audience: CRM, scopes: ['read'] }),
    clients: added(entryOf('web-there', { grants: ['jwt_bearer'], audiences: undefined, scopes: ['read'] })),
    issuers: entries([{ issuer: home, name: 'home', grants: { id_jag: {} }, allowPrivateNetwork: true }]),
    rules: added({
      name: 'people of home',
      client: 'web-there',
      subject: { issuer: 'home', types: ['id_jag'] },
      grant: { audiences: [CRM], scopes: ['read'] },
    }),
  });
  const server = await start(t, atHome, { port: ports[0] });
  await start(t, atVendor, { port: ports[1] });
  const { body } = await redeem(server, await authorizeAs(server, { scope: 'openid email read', prompt: 'consent' }));
  const web = cambio({ issuer: home, clientId: 'web', auth: clientSecret('web-secret', 'post') });
  const idJag = await web.identityAssertion(String(body.id_token), { audience: vendor, resource: CRM });
  assert.deepEqual(
    [idJag.tokenType, idJag.issuedType, claimsOf(idJag.token).client_id],
    ['N_A', 'id-jag', 'web-there'],
  );
  const auth = clientSecret('web-there-secret', 'post');
  const { token, tokenType, scope } = await web.redeem(idJag, { auth });
  assert.deepEqual([tokenType, scope, claimsOf(token).aud, claimsOf(token).iss], ['Bearer', ['read'], CRM, vendor]);
  // It is accepted once, and another client of the vendor cannot redeem it.
  await assert.rejects(web.redeem(idJag, { auth }), { code: 'invalid_grant' });
  const other = await web.identityAssertion(String(body.id_token), { audience: vendor, resource: CRM });
  const there = cambio({ issuer: vendor, clientId: 'web-there', auth });
  assert.deepEqual((await there.redeem(other)).scope, ['read']);
  await assert.rejects(web.redeem(other), { name: 'ExchangeError' });
});
