// Tokens without a signature, or with another algorithm than their key's, are refused, of this server and of other issuers.
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { decodeProtectedHeader, type JWK } from 'jose';
import {
  assertTokenAccepted as accept,
  assertTokenRefused as refuse,
  startBasic,
  subjectToken,
} from '../support/basics.ts';
import { base64url, claimsOf } from '../support/harness.ts';
import { hmacJws, newKey } from '../support/issuer.ts';
import {
  type Attack,
  assertEachRefused,
  assertSubjectRefused,
  COOL_DOWN,
  freshToken,
  present,
  startBoth,
} from '../support/trusting.ts';

const publicPem = (key: KeyObject): string => createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string;

test("refuses an alg that differs from the key's: none, or HMAC with a public key (RFC 8725 section 3.1; JW-02, JW-04, JW-05)", async (t) => {
  const [server, idp, key] = await startBoth(t, { algorithms: '[ES256, RS256, PS256]' });
  const rsa = newKey('RS256');
  idp.keys.push(rsa);
  const payload = JSON.stringify(claimsOf(idp.sign()));
  const header = { alg: 'HS256', typ: 'JWT' };
  const pem = publicPem(rsa.privateKey);
  const der = createPublicKey(rsa.privateKey).export({ type: 'spki', format: 'der' });
  const said = (alg: unknown, signing = key): string => idp.sign({}, { key: signing, header: { alg } });
  await assertEachRefused(
    server,
    [
      ...[
        'none',
        'None',
        'nOnE',
        '',
        'es256',
        'HS256',
        'HS512',
        'EdDSA',
        'ES512',
        'RSA1_5',
        'dir',
        'constructor',
        '__proto__',
      ].map((alg): Attack => [`alg ${alg}`, said(alg), 'algorithm']),
      ...[undefined, null, 256, ['ES256'], { alg: 'ES256' }].map(
        (alg): Attack => [`alg ${JSON.stringify(alg)}`, said(alg), 'malformed'],
      ),
      [
        'none without signature',
        `${base64url(JSON.stringify({ alg: 'none', typ: 'JWT' }))}.${base64url(payload)}.`,
        'malformed',
      ],
      ...[
        pem,
        pem.trim(),
        der,
        JSON.stringify(rsa.jwk),
        String(rsa.jwk.n),
        Buffer.from(String(rsa.jwk.n), 'base64url'),
      ].map(
        (secret, index): Attack => [
          `HMAC with the public key ${index}`,
          hmacJws({ ...header, kid: rsa.kid }, payload, secret),
          'algorithm',
        ],
      ),
      ['HMAC with the empty key', hmacJws({ ...header, kid: key.kid }, payload, ''), 'algorithm'],
      ['PS256 with a key for RS256', idp.sign({}, { key: { ...rsa, alg: 'PS256' } }), 'algorithm'],
      ['RS256 with a key for ES256', said('RS256'), 'algorithm'],
      ['ES256 with a key for RS256', said('ES256', rsa), 'algorithm'],
      [
        'a key that is not published, under the name of one that is',
        idp.sign({}, { key: { ...newKey(), kid: key.kid } }),
        'signature',
      ],
    ],
    idp.sign({}, { key: rsa }),
  );
  // Within the cool-down the key may be newer than the last fetch: that is a 503.
  server.clock.now += COOL_DOWN;
  const unknown = await present(server, freshToken(server, idp, { key: newKey() }));
  assertSubjectRefused(server, unknown, 'unknown_key', 'a key that is not published');
});

const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A token with valid header and claims, and the attacker's signature. */
function signedByAttacker(good: string, header: Record<string, unknown>): string {
  const input = `${base64url(JSON.stringify({ ...decodeProtectedHeader(good), ...header }))}.${good.split('.')[1]}`;
  const key = { key: attacker.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${input}.${base64url(sign('sha256', Buffer.from(input), key))}`;
}

test('refuses a token without a signature, or with an HMAC of the public key (JW-04, JW-05)', async (t) => {
  const server = await startBasic(t);
  const good = await subjectToken(server);
  const jwks = await (await fetch(`${server.issuer}/.well-known/jwks.json`)).json();
  const key = JSON.stringify((jwks as { keys: JWK[] }).keys[0]);
  const withAlg = (alg: unknown, mac?: string): string => {
    const input = `${base64url(JSON.stringify({ ...decodeProtectedHeader(good), alg }))}.${good.split('.')[1]}`;
    return `${input}.${mac === undefined ? good.split('.')[2] : createHmac('sha256', mac).update(input).digest('base64url')}`;
  };
  await accept(server, good);
  for (const alg of ['none', 'None', '', 'es256', 'ES384', 'RS256', 'HS256', 'EdDSA']) {
    await refuse(server, withAlg(alg), 'algorithm', alg);
  }
  for (const alg of [undefined, null, 256, ['ES256'], { alg: 'ES256' }])
    await refuse(server, withAlg(alg), 'malformed');
  await refuse(server, withAlg('HS256', key), 'algorithm');
  await refuse(server, `${good.split('.').slice(0, 2).join('.')}.`, 'malformed');
  await refuse(server, signedByAttacker(good, {}), 'signature');
});
