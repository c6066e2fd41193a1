// Compact JWTs: false headers, other keys, and texts that are almost a token.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { base64url } from '../../support/harness.ts';
import { hmacJws, newKey, signJws } from '../../support/issuer.ts';
import type { Bench } from '../bench.ts';
import { apply, edit, few } from '../edits.ts';
import { asking, assertAllowed, readClaims, UNREADABLE } from '../oracle.ts';
import { defineTarget } from '../target.ts';

const stranger = newKey();
const { kid: _, ...strangersKey } = stranger.jwk;

/** Kinds of tokens that cannot be exchanged (RFC 8725 section 3.11). */
const OTHER_KINDS = ['dpop+jwt', 'logout+jwt', 'secevent+jwt', 'oauth-id-jag+jwt', 'client-authentication+jwt'];

const member = fc.oneof(
  fc.tuple(
    fc.constant('alg'),
    fc.constantFrom<unknown>('none', 'None', 'HS256', 'RS256', 'ES384', 'EdDSA', '', null, 1, ['ES256']),
  ),
  fc.tuple(
    fc.constant('typ'),
    fc.constantFrom<unknown>('JWT', 'jwt', 'at+jwt', 'application/at+jwt', 'AT+JWT', null, 7, ...OTHER_KINDS),
  ),
  fc.tuple(
    fc.constant('kid'),
    fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom<unknown>('../../etc/passwd', '__proto__', 'constructor', null, {}, stranger.kid),
    ),
  ),
  fc.tuple(fc.constant('crit'), fc.constantFrom<unknown>([], ['exp'], ['b64'], 'exp', ['x'], null)),
  fc.tuple(fc.constant('jwk'), fc.constant<unknown>(strangersKey)),
  fc.tuple(
    fc.constantFrom('b64', 'jku', 'x5u', 'x5c', 'zip', 'cty', 'enc', 'x', '__proto__'),
    fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>,
  ),
);

const piece = fc.oneof(
  fc.constantFrom('.', '..', '=', '==', '+', '/', ' ', '\n', '%', '\0', 'A', '_', '~'),
  fc.string({ maxLength: 3 }),
);

const input = fc.record({
  issuer: fc.constantFrom('own' as const, 'foreign' as const),
  role: fc.constantFrom('subject' as const, 'actor' as const),
  /** Undefined: the real type. */
  declared: fc.option(fc.constantFrom('access_token', 'jwt', 'id_token', 'refresh_token', 'saml2', 'saml1'), {
    freq: 3,
    nil: undefined,
  }),
  header: fc.array(member, { maxLength: 2 }),
  by: fc.oneof(
    { weight: 4, arbitrary: fc.constant('issuer' as const) },
    { weight: 1, arbitrary: fc.constantFrom('stranger' as const, 'public key' as const, 'nobody' as const) },
  ),
  edits: few(edit(piece, 3), 2),
});
type Input = typeof input extends fc.Arbitrary<infer T> ? T : never;

function make({ issuer, header: members, by, edits }: Input, bench: Bench, payload: string): string {
  const header = Object.fromEntries(members);
  const kid = issuer === 'foreign' ? bench.foreign.kid : undefined;
  const signed = {
    issuer: () => bench.sign(issuer, payload, header),
    stranger: () =>
      signJws(
        { alg: 'ES256', typ: issuer === 'own' ? 'at+jwt' : 'JWT', ...(kid && { kid }), ...header },
        payload,
        stranger,
      ),
    'public key': () =>
      hmacJws(
        { alg: 'HS256', typ: 'at+jwt', ...(kid && { kid }), ...header },
        payload,
        JSON.stringify(bench.foreign.jwk),
      ),
    nobody: () => `${base64url(JSON.stringify({ alg: 'none', typ: 'at+jwt', ...header }))}.${base64url(payload)}.`,
  }[by]();
  return apply(signed, edits);
}

const isCanonical = (token: string): boolean =>
  token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);

/** Verifies with another library, and checks our additional rules. @returns its claims */
async function verify(token: string, bench: Bench): Promise<Readonly<Record<string, unknown>>> {
  assert.ok(isCanonical(token), 'a text was accepted that is not the one that was signed');
  const keys = createLocalJWKSet({ keys: [...(await bench.ownKeys()), bench.foreign.jwk] as never });
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    algorithms: ['ES256'],
    currentDate: new Date(bench.server.clock.now),
    clockTolerance: 30,
  });
  assert.ok(!('crit' in protectedHeader) && !('b64' in protectedHeader), 'an extension was asked for');
  assert.ok(!OTHER_KINDS.includes(String(protectedHeader.typ)), 'it says that it is something else');
  return payload;
}

export const jws = defineTarget({
  name: 'jws',
  title: 'a token is exchanged only if its issuer signed exactly this text, and it has the declared type',
  short: 120,
  input,
  judge: async (one, bench) => {
    const { issuer, role, declared = issuer === 'own' ? 'access_token' : 'jwt' } = one;
    const now = bench.now();
    const good = bench.claims('own');
    const text = make(one, bench, JSON.stringify({ ...bench.claims(issuer), sub: role === 'actor' ? 'b' : 'ada' }));
    const subject = { text: bench.sign('own', JSON.stringify(good)), declared: 'access_token' };
    const answer = await bench.exchange(
      role === 'subject' ? { subject: { text, declared } } : { subject, actor: { text, declared } },
    );
    const read = answer.status === 200 ? readClaims(await verify(text, bench), now) : undefined;
    assert.ok(read === undefined || declared === 'jwt' || read.type === declared, `taken for ${declared}`);
    const who = role === 'subject' ? { subject: read } : { subject: readClaims(good, now), actor: read ?? UNREADABLE };
    return assertAllowed(asking(now, who), answer);
  },
});
