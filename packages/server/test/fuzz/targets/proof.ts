// DPoP proofs: header and claims of every kind, and texts that are almost a proof.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, jwtVerify } from 'jose';
import { newProver } from '../../support/prover.ts';
import { SELF } from '../../support/worlds.ts';
import type { Bench } from '../bench.ts';
import { apply, edit, few } from '../edits.ts';
import { asking, assertAllowed, readClaims } from '../oracle.ts';
import { defineTarget } from '../target.ts';

const [prover, other] = [newProver(), newProver()] as const;
const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
const URL = `${SELF}/oauth/token`;

/** Stands for an omitted member, because inputs are JSON, which has no undefined. */
const ABSENT = '@absent';

const claim = fc.oneof(
  fc.tuple(fc.constant('htm'), fc.constantFrom<unknown>('GET', 'post', '', null, ['POST'], ABSENT)),
  fc.tuple(
    fc.constant('htu'),
    fc.constantFrom<unknown>(
      `${URL}?x=y`,
      `${URL}#x`,
      `${URL}/`,
      'https://LOGIN.example:443/oauth/%74oken',
      'https://login.example/oauth/../oauth/token',
      'https://user@login.example/oauth/token',
      `${URL}%2f`,
      'http://login.example/oauth/token',
      'https://login.example.evil/oauth/token',
      '',
      null,
      1,
      '%',
      ABSENT,
    ),
  ),
  /** Seconds from now. */
  fc.tuple(
    fc.constant('iat'),
    fc.constantFrom<unknown>(-3600, -120, -91, -60, -10, 10, 29, 31, 1e300, 'now', null, ABSENT),
  ),
  fc.tuple(
    fc.constant('jti'),
    fc.oneof(fc.constantFrom<unknown>('', null, 7, undefined, 'x'.repeat(3000), '\u0000'), fc.string({ maxLength: 4 })),
  ),
  fc.tuple(
    fc.constantFrom('exp', 'nbf', 'nonce', 'ath', 'x', '__proto__'),
    fc.oneof(fc.constantFrom<unknown>(0, 1, 1e12, null, 'x'), fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<unknown>),
  ),
);
const keys: readonly unknown[] = [
  ABSENT,
  null,
  {},
  [],
  'x',
  other.jwk,
  { ...prover.jwk, d: 'AA' },
  { ...prover.jwk, x: 'AA' },
  { ...prover.jwk, crv: 'P-384' },
  { ...prover.jwk, alg: 'ES384' },
  { ...prover.jwk, use: 'enc' },
  { ...prover.jwk, key_ops: ['sign'] },
  { kty: 'oct', k: 'AAAA' },
  rsa,
  { ...prover.jwk, kid: 'x', x5c: ['x'] },
];
const member = fc.oneof(
  fc.tuple(fc.constant('jwk'), fc.constantFrom(...keys)),
  fc.tuple(fc.constant('alg'), fc.constantFrom<unknown>('none', 'HS256', 'RS256', 'ES384', 'EdDSA', null, ABSENT)),
  fc.tuple(
    fc.constant('typ'),
    fc.constantFrom<unknown>('JWT', 'at+jwt', 'DPOP+JWT', 'application/dpop+jwt', null, ABSENT),
  ),
  fc.tuple(
    fc.constantFrom('crit', 'b64', 'kid', 'jku', 'x', '__proto__'),
    fc.constantFrom<unknown>([], ['exp'], false, true, 'x', null),
  ),
);
const piece = fc.constantFrom('.', '=', '+', '/', ' ', ',', '\t', '~', 'A', '%', '\xff', ', x', '');

const input = fc.record({
  claims: fc.array(claim, { maxLength: 2 }),
  header: fc.array(member, { maxLength: 2 }),
  by: fc.constantFrom('prover' as const, 'prover' as const, 'prover' as const, 'other' as const),
  /** The key of the subject token. */
  bound: fc.constantFrom('nobody' as const, 'prover' as const, 'other' as const),
  edits: few(edit(piece, 2), 2),
  copies: fc.constantFrom(1, 1, 1, 1, 1, 1, 0, 2),
});
type Input = typeof input extends fc.Arbitrary<infer T> ? T : never;

function make({ claims, header, by, edits }: Input, { server, now }: Bench): string {
  const members = (list: readonly (readonly [string, unknown])[]) =>
    Object.fromEntries(list.map(([name, value]) => [name, value === ABSENT ? undefined : value]));
  const { iat, ...said } = members(claims);
  const made = 'iat' in members(claims) ? { iat: typeof iat === 'number' ? now() + iat : iat } : {};
  const proof = { prover, other }[by].prove(
    { issuer: SELF, clock: server.clock },
    { ...made, ...said },
    members(header),
  );
  return apply(proof, edits);
}

const normal = (url: string): string => new globalThis.URL(decodeURI(url.split(/[?#]/, 1)[0] ?? '')).href;

/** RFC 9449 section 4.3, verified with another library. @returns the thumbprint of the key */
async function verify(proof: string, { server, now }: Bench): Promise<string> {
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
    typ: 'dpop+jwt',
    currentDate: new Date(server.clock.now),
    clockTolerance: 30,
  });
  assert.equal(payload.htm, 'POST');
  assert.equal(normal(String(payload.htu)), URL);
  assert.ok(Math.abs(Number(payload.iat) - now()) <= 90, 'an old proof, or one of the future');
  assert.equal(typeof payload.jti, 'string');
  return calculateJwkThumbprint(protectedHeader.jwk as JWK);
}

export const proof = defineTarget({
  name: 'proof',
  title: 'a token is bound to a key only by an unused, current proof with that key, for this request',
  short: 120,
  input,
  judge: async (one, bench) => {
    const { bound, copies } = one;
    // White space around a header value does not belong to it (RFC 9110 section 5.5).
    const proof = make(one, bench).trim();
    const now = bench.now();
    const cnf = bound === 'nobody' ? undefined : { jkt: { prover, other }[bound].jkt };
    const claims = JSON.parse(JSON.stringify({ ...bench.claims('own'), cnf }));
    const subject = { text: bench.sign('own', JSON.stringify(claims)), declared: 'access_token' };
    const headers = [{}, { dpop: proof }, { dpop: [proof, proof] }][copies];
    const answer = await bench.exchange({ subject }, headers);
    assert.ok(copies < 2 || answer.status !== 200, 'two proofs in one request');
    const key = answer.status === 200 && copies === 1 ? await verify(proof, bench) : undefined;
    const allowed = assertAllowed(asking(now, { subject: readClaims(claims, now), ...(key && { key }) }), answer);
    if (key === undefined) return allowed;
    assert.notEqual((await bench.exchange({ subject }, headers)).status, 200, 'a proof was taken twice');
    return true;
  },
});
