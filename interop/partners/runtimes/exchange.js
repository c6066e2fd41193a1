// What a program does in every runtime: it exchanges, finds the token in the cache, and binds one to a key.
import { cambio, clientSecret, privateKeyJwt } from '@cambio/client';

export async function exchange({ issuer, subject, audience, jwk }) {
  const client = cambio({ issuer, clientId: 'basic', auth: clientSecret('basic-secret') });
  const token = await client.exchange(subject, { audience });
  const kept = (await client.exchange(subject, { audience })) === token;
  const dpop = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
  const bound = cambio({ issuer, clientId: 'key', auth: privateKeyJwt(jwk), dpop });
  const { tokenType } = await bound.exchange(subject, { audience });
  const refusal = await client.exchange('x.y.z', { audience }).catch(({ code, about }) => `${code} ${about}`);
  return [token.tokenType, kept, tokenType, refusal];
}
