// Our client library, packed, against Spring Authorization Server: exchange, the cache, client credentials, revocation and refusals.
import assert from 'node:assert/strict';
import { claimsOf, freePort } from '../../packages/server/test/support/harness.ts';
import { trial } from '../typescript/trial.ts';
import { withCleanup } from './company.ts';
import { installed } from './keycloak-client.ts';
import { startPartner } from './program.ts';

const PARTNER = '@cambio/client';
const SUBJECT = 'a-token-of-ada';

await withCleanup(async (t) => {
  const issuer = `http://127.0.0.1:${await freePort()}`;
  const options = [`--server.port=${new URL(issuer).port}`, '--server.address=127.0.0.1'];
  await startPartner(t, ['java', '-Xmx256m', '@classpath', 'Server', ...options], {
    cwd: process.cwd(),
    env: { SUBJECT, SECRET: 'gateway-secret', STORE: 'map' },
    ready: `${issuer}/.well-known/oauth-authorization-server`,
  });
  const { cambio, clientSecret } = await installed();
  const client = cambio({ issuer, clientId: 'gateway', auth: clientSecret('gateway-secret'), timeout: 20_000 });
  const request = { scope: 'read' };
  const what = 'against Spring Authorization Server:';

  await trial(PARTNER, `${what} exchange of a token of a person, and the same from the cache`, async () => {
    const token = await client.exchange(SUBJECT, request);
    assert.equal(claimsOf(token.token).sub, 'ada');
    assert.equal(await client.exchange(SUBJECT, request), token);
  });
  await trial(PARTNER, `${what} client credentials`, async () => {
    assert.equal((await client.clientCredentials(request)).tokenType, 'Bearer');
  });
  await trial(PARTNER, `${what} refusals say whom they are about`, async () => {
    const other = cambio({ issuer, clientId: 'gateway', auth: clientSecret('wrong') });
    await assert.rejects(client.exchange('unknown', request), { code: 'invalid_grant', about: 'subject' });
    await assert.rejects(client.exchange(SUBJECT, { scope: 'write' }), { code: 'invalid_scope', about: 'scope' });
    await assert.rejects(other.clientCredentials(request), { code: 'invalid_client', about: 'client' });
  });
  await trial(PARTNER, `${what} revocation; the token is exchanged anew`, async () => {
    const token = await client.exchange(SUBJECT, request);
    await client.revoke(token);
    assert.notEqual((await client.exchange(SUBJECT, request)).token, token.token);
  });
});
