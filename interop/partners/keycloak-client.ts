// Our client library against Keycloak: the standard exchange, the cache, the credentials of a client, revocation and refusals.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Library from '../../packages/client/src/index.ts';
import { claimsOf } from '../../packages/server/test/support/harness.ts';
import { trial } from '../typescript/trial.ts';
import { post } from './company.ts';

const PARTNER = '@cambio/client';
const confidential = (clientId: string, more: object = {}): object => ({
  clientId,
  secret: `${clientId}-secret`,
  fullScopeAllowed: false,
  ...more,
});
const audience = {
  name: 'audience of orders',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.client.audience': 'orders', 'access.token.claim': 'true' },
};
const ofGateway = { ...audience, config: { ...audience.config, 'included.client.audience': 'gateway' } };

/** A realm in which the gateway exchanges what the application got for ada. */
export const shop = {
  realm: 'shop',
  enabled: true,
  clients: [
    confidential('web', { directAccessGrantsEnabled: true, protocolMappers: [ofGateway] }),
    confidential('gateway', {
      serviceAccountsEnabled: true,
      attributes: { 'standard.token.exchange.enabled': 'true' },
      protocolMappers: [audience],
    }),
    confidential('orders'),
  ],
  users: [
    {
      username: 'ada',
      enabled: true,
      email: 'ada@shop.example',
      firstName: 'Ada',
      lastName: 'Lovelace',
      credentials: [{ type: 'password', value: 'lovelace' }],
    },
  ],
};

/** The package, as it was packed and installed in the folder of the trial. */
export async function installed(): Promise<typeof Library> {
  const entry = join(process.cwd(), 'node_modules', PARTNER, 'dist', 'index.js');
  return (await import(pathToFileURL(entry).href)) as typeof Library;
}

/** @param base of Keycloak, which has imported the realm */
export async function tryClient(base: string): Promise<void> {
  const { cambio, clientSecret } = await installed();
  const issuer = `${base}/realms/shop`;
  const answer = await post(
    `${issuer}/protocol/openid-connect/token`,
    new URLSearchParams({
      ...{ grant_type: 'password', client_id: 'web', client_secret: 'web-secret' },
      ...{ username: 'ada', password: 'lovelace' },
    }),
  );
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const subject = String(answer.body.access_token);
  const client = cambio({ issuer, clientId: 'gateway', auth: clientSecret('gateway-secret'), timeout: 20_000 });
  const request = { audience: 'orders' };

  await trial(PARTNER, 'against Keycloak: exchange of a token of a person, and the same from the cache', async () => {
    const token = await client.exchange(subject, request);
    const { aud, sub, azp } = claimsOf(token.token);
    assert.deepEqual([aud, sub, azp], ['orders', claimsOf(subject).sub, 'gateway']);
    assert.equal(await client.exchange(subject, request), token);
  });
  await trial(PARTNER, 'against Keycloak: client credentials', async () => {
    const { token, tokenType } = await client.clientCredentials();
    assert.deepEqual([tokenType, claimsOf(token).azp], ['Bearer', 'gateway']);
  });
  await trial(PARTNER, 'against Keycloak: refusals say whom they are about', async () => {
    const other = cambio({ issuer, clientId: 'gateway', auth: clientSecret('wrong') });
    await assert.rejects(client.exchange('x.y.z', request), { code: 'invalid_request', about: 'subject' });
    await assert.rejects(client.exchange(subject, { audience: 'nowhere' }), {
      code: 'invalid_client',
      about: 'target',
    });
    await assert.rejects(client.exchange(subject, { ...request, scope: 'nothing' }), { about: 'scope' });
    await assert.rejects(other.clientCredentials(), { about: 'client' });
  });
  await trial(PARTNER, 'against Keycloak: revocation; the token is exchanged anew', async () => {
    const token = await client.exchange(subject, request);
    await client.revoke(token);
    assert.notEqual((await client.exchange(subject, request)).token, token.token);
  });
}
