// Libraries with which an API verifies tokens, each with the tokens of an ES256 and of an RS256 resource.
import assert from 'node:assert/strict';
import { JwtRsaVerifier } from 'aws-jwt-verify';
import { auth } from 'express-oauth2-jwt-bearer';
import { createVerifier } from 'fast-jwt';
import buildGetJwks from 'get-jwks';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import jwt from 'jsonwebtoken';
import jwksRsa from 'jwks-rsa';
import { type Expected, ISSUER, LEDGER, ORDERS, ownToken, REPORTS, trial } from './trial.ts';

const JWKS = `${ISSUER}/.well-known/jwks.json`;
const audiences = { ES256: ORDERS, RS256: REPORTS, Ed25519: LEDGER };
const tokens = {
  ES256: await ownToken(ORDERS),
  RS256: await ownToken(REPORTS),
  Ed25519: await ownToken(LEDGER),
};
type Alg = keyof typeof tokens;
const algs: readonly Alg[] = ['ES256', 'RS256', 'Ed25519'];
const unknownTo = (alg: Alg): Expected =>
  alg === 'Ed25519' ? { fails: /Cannot fetch key|Unknown key type/, because: 'it does not know keys for Ed25519' } : {};

/** The token must be accepted, and a changed one and another API's refused. */
async function check(alg: Alg, verify: (token: string) => unknown): Promise<void> {
  await verify(tokens[alg]);
  await assert.rejects(async () => verify(`${tokens[alg].slice(0, -6)}AAAAAA`));
  await assert.rejects(async () => verify(tokens[alg === 'ES256' ? 'RS256' : 'ES256']));
}

for (const alg of algs) {
  const audience = audiences[alg];
  await trial('jose', `verification, ${alg}`, () => {
    const keys = createRemoteJWKSet(new URL(JWKS));
    return check(alg, (token) => jwtVerify(token, keys, { issuer: ISSUER, audience, typ: 'at+jwt' }));
  });
  await trial(
    'fast-jwt',
    `verification with get-jwks, ${alg}`,
    () => {
      const getJwks = buildGetJwks();
      const verify = createVerifier({
        allowedIss: ISSUER,
        allowedAud: audience,
        algorithms: [alg as never],
        key: async ({ header }: { header: { kid: string; alg: string } }) =>
          getJwks.getPublicKey({ kid: header.kid, alg: header.alg, domain: ISSUER }),
      });
      return check(alg, verify);
    },
    unknownTo(alg),
  );
  await trial(
    'jsonwebtoken',
    `verification with jwks-rsa, ${alg}`,
    () => {
      const client = jwksRsa({ jwksUri: JWKS });
      return check(alg, async (token) => {
        const { header } = jwt.decode(token, { complete: true }) ?? {};
        const key = await client.getSigningKey(header?.kid);
        jwt.verify(token, key.getPublicKey(), { issuer: ISSUER, audience, algorithms: [alg] as never });
      });
    },
    unknownTo(alg),
  );
}
await trial('aws-jwt-verify', 'verification, RS256', () => {
  const verifier = JwtRsaVerifier.create({ issuer: ISSUER, audience: REPORTS, jwksUri: JWKS });
  return check('RS256', (token) => verifier.verify(token));
});

/** As the middleware is called by Express. */
const bearer = (alg: Alg, options: object): Promise<void> => {
  const middleware = auth({ issuerBaseURL: ISSUER, audience: audiences[alg], strict: true, ...options });
  return check(
    alg,
    (token) =>
      new Promise<void>((resolve, reject) => {
        const headers = { authorization: `Bearer ${token}`, host: 'orders.example.com' };
        const request = {
          headers,
          protocol: 'https',
          method: 'GET',
          url: '/',
          originalUrl: '/',
          query: {},
          is: () => false,
          get: () => headers.host,
        };
        middleware(request as never, {} as never, (error?: unknown) =>
          error === undefined ? resolve() : reject(error),
        );
      }),
  );
};
for (const alg of ['ES256', 'RS256'] as const)
  await trial('express-oauth2-jwt-bearer', `verification, ${alg}`, () => bearer(alg, {}));
