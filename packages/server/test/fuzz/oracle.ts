// Judges every answer and every issued token by the RFCs and the second model, without the server's code.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { publicAnswer, type Reason, Refusal, reasons } from '../../src/primitives/refusal.ts';
import { claimsOf, EXCHANGE } from '../support/harness.ts';
import { expect, type Name, type Request, type Token } from '../support/second-model.ts';
import { ELSEWHERE, SELF } from '../support/worlds.ts';
import { type Answer, US, world } from './bench.ts';

const errors = new Set(
  (Object.keys(reasons) as Reason[]).map((reason) => publicAnswer(new Refusal(reason), 'invalid_grant').error),
);
/** RFC 6749 section 5.2: characters of `error` and `error_description`. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;
/** RFC 6749 section 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/;
const REFUSED = [400, 401, 405, 408, 413, 415, 431];
/** Signatures of the client, the subject, the actor and a proof. */
const MOST_VERIFIED = 4;

/** An answer of the token, introspection or revocation endpoint. */
export function assertGoodAnswer({ status, headers, text, steps }: Answer): void {
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers.pragma, 'no-cache');
  assert.match(String(headers['x-request-id']), /^[\w-]{10,64}$/);
  const count = (step: (typeof steps)[number]): number => steps.filter((one) => one === step).length;
  assert.ok(count('verify') <= MOST_VERIFIED && count('sign') <= 1 && steps.length <= 16, `too much work: ${steps}`);
  assert.equal(count('fetch'), 0, 'nobody was to be asked');
  if (status === 200) return;
  assert.ok(REFUSED.includes(status), `${status} ${text}`);
  assert.match(String(headers['content-type']), /^application\/json/);
  assert.ok(Buffer.byteLength(text) <= 256, 'gateways log the first 256 bytes');
  const { error, error_description, ...rest } = JSON.parse(text);
  assert.deepEqual(rest, { request_id: headers['x-request-id'] });
  assert.ok(errors.has(error), error);
  assert.match(error, PLAIN);
  assert.match(error_description, PLAIN);
  if (status === 401) assert.notEqual(headers['www-authenticate'], undefined, 'RFC 9110 section 15.5.2');
}

/** RFC 6749 section 5.1 and RFC 8693 section 2.2.1. @returns the issued token's claims */
function assertTokenAnswer({ headers, text }: Answer): Readonly<Record<string, unknown>> {
  assert.match(String(headers['content-type']), /^application\/json/);
  const { access_token, token_type, expires_in, scope } = JSON.parse(text);
  assert.match(access_token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.ok(['Bearer', 'DPoP'].includes(token_type), token_type);
  assert.ok(Number.isInteger(expires_in) && expires_in >= 1, String(expires_in));
  if (scope !== undefined) assert.match(scope, SCOPE);
  const claims = claimsOf(access_token);
  assert.equal(token_type === 'DPoP', claims.cnf !== undefined);
  assert.equal(Number(claims.exp) - Number(claims.iat), expires_in);
  return claims;
}

/** A token that must not be accepted. */
export const UNREADABLE = 'unreadable' as const;

/** A Request whose tokens may be unreadable. */
export type Asked = Omit<Request, 'subject' | 'actor'> & {
  readonly subject: Token | undefined;
  readonly actor?: Token | typeof UNREADABLE;
};

/** A minimal request. */
export const asking = (now: number, who: Partial<Asked> & Pick<Asked, 'subject'>): Asked => ({
  client: 'a',
  audiences: [],
  resources: [],
  type: 'access_token',
  now,
  ...who,
});

/** Asserts that the second model allows the issued token: same subject, not wider, not longer. @returns whether one was issued */
export function assertAllowed(asked: Asked, answer: Answer): boolean {
  assertGoodAnswer(answer);
  if (answer.status !== 200) return false;
  const claims = assertTokenAnswer(answer);
  const { subject, actor } = asked;
  assert.ok(subject !== undefined && actor !== UNREADABLE, 'issued for a token that nobody can read');
  const expected = expect(world, { ...asked, subject, ...(actor && { actor }) } as Request);
  assert.ok(!('refused' in expected), `issued, and the model refuses it: ${JSON.stringify(expected)}`);
  assert.deepEqual(
    {
      audiences: [claims.aud].flat().toSorted(),
      scope: String(claims.scope ?? '')
        .split(' ')
        .filter(Boolean)
        .toSorted(),
      chain: readChain(claims.act, SELF),
      key: (claims.cnf as Record<string, unknown> | undefined)?.jkt,
    },
    {
      audiences: expected.audiences.toSorted(),
      scope: expected.scope.toSorted(),
      chain: expected.chain,
      key: expected.key,
    },
  );
  const lifetime = Number(claims.exp) - Number(claims.iat);
  // One second of tolerance within the leeway of a foreign token.
  assert.ok(lifetime <= Math.max(1, expected.lifetime), `lives ${lifetime} s, not ${expected.lifetime}`);
  const origin = claims.sub_id as { iss: unknown; sub: unknown } | undefined;
  const { iss, sub } = subject.iss === SELF ? (subject.from ?? { iss: undefined, sub: subject.sub }) : subject;
  if (iss === undefined) assert.equal(claims.sub, sub);
  else assert.deepEqual({ iss: origin?.iss, sub: origin?.sub }, { iss, sub });
  return true;
}

type Claims = Readonly<Record<string, unknown>>;

/** A short, printable text. */
const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= 1024 && !/[\p{Cc}\p{Cs}\p{Bidi_C}]/u.test(value);
const isObject = (value: unknown): value is Claims =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);

/** RFC 8693 section 4.1. @returns undefined if the actors are unclear, or an issuer names subjects of another issuer */
export function readChain(act: unknown, issuer: string): readonly Name[] | undefined {
  const chain: Name[] = [];
  for (let one = act; one !== undefined; one = one.act) {
    if (!isObject(one)) return undefined;
    const within = chain.at(-1)?.iss ?? issuer;
    const { sub, iss = within === issuer ? issuer : undefined } = one;
    if (!isText(sub) || !isText(iss) || (issuer !== SELF && iss !== issuer)) return undefined;
    chain.push({ iss, sub });
  }
  return chain;
}

/** RFC 7493 section 2.2: an integer beyond 2^53 is read as its neighbours are. */
const hasRoundedNumber = (value: unknown): boolean =>
  typeof value === 'object' && value !== null
    ? Object.values(value).some(hasRoundedNumber)
    : typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);

/** RFC 8693 section 4.4. */
const namesSomebody = (mayAct: unknown): mayAct is Claims =>
  isObject(mayAct) &&
  Object.keys(mayAct).some((name) => !MEANINGLESS.includes(name)) &&
  ['iss', 'sub'].every((name) => !(name in mayAct) || isText(mayAct[name]));

const MEANINGLESS = ['exp', 'nbf', 'aud', 'iat', 'jti'];

/**
 * RFC 7519, RFC 9068 section 2.2, RFC 8693 section 4: the claims of a token of ours or of ELSEWHERE.
 * @param acting the claims of the actor. A member of may_act with the same value is satisfied
 * @returns undefined if they are not the claims of a valid token
 */
export function readClaims(claims: Claims, now: number, acting: Claims = {}): Token | undefined {
  const { iss, sub, aud, exp, nbf = 0, iat = 0, jti, act, may_act, cnf, scope = '', client_id, acr, tenant } = claims;
  const own = iss === SELF;
  // Only our own tokens may have these.
  const { lineage = [], actor_lineage = [], sub_id } = own ? claims : {};
  if ((!own && iss !== ELSEWHERE) || !isText(sub) || hasRoundedNumber(claims)) return undefined;
  const audiences = [aud].flat();
  if (!isTexts(audiences) || audiences.length === 0 || (!own && !audiences.includes(US))) return undefined;
  const leeway = 30;
  if (typeof exp !== 'number' || exp <= now - (own ? 0 : leeway)) return undefined;
  if (typeof nbf !== 'number' || nbf > now + leeway || typeof iat !== 'number' || iat > now + leeway) return undefined;
  const chain = readChain(act, own ? SELF : ELSEWHERE);
  if (chain === undefined || !isTexts(lineage) || !isTexts(actor_lineage)) return undefined;
  if (may_act !== undefined && !namesSomebody(may_act)) return undefined;
  if (cnf !== undefined && !(isObject(cnf) && isText(cnf.jkt) && Object.keys(cnf).length === 1)) return undefined;
  if (own && !(isText(jti) && isText(client_id) && 'iat' in claims && typeof scope === 'string')) return undefined;
  if (own && !world.clients.some(({ id }) => id === client_id)) return undefined;
  const { iss: from, sub: fromSub } = isObject(sub_id) ? sub_id : {};
  const mayAct =
    may_act &&
    Object.fromEntries(
      Object.entries({ iss, ...may_act }).filter(
        ([name, value]) =>
          !MEANINGLESS.includes(name) &&
          (['iss', 'sub', 'client_id'].includes(name) ||
            !Object.hasOwn(acting, name) ||
            !isDeepStrictEqual(value, acting[name])),
      ),
    );
  return {
    iss,
    sub,
    type: own ? 'access_token' : 'jwt',
    audiences,
    expires: exp,
    chain,
    ...(own && isText(from) && isText(fromSub) && { from: { iss: from, sub: fromSub } }),
    ...(own && { client: String(client_id), scope: String(scope).split(' ').filter(Boolean) }),
    ...(mayAct && { mayAct }),
    ...(cnf !== undefined && { key: String(cnf.jkt) }),
    ...(isText(acr) && { acr }),
    ...(isText(tenant) && { tenant }),
    ancestors: ['itself', ...lineage],
    actingAncestors: actor_lineage,
  };
}

/** Parses the form as the URL Standard says. Its tokens are known to be signed correctly. */
export function readForm(form: URLSearchParams, now: number): Asked | undefined {
  const one = (name: string): string | undefined => form.get(name) || undefined;
  if (one('grant_type') !== EXCHANGE) return undefined;
  const read = (name: string): Claims | undefined => {
    const token = one(name);
    return token === undefined ? undefined : claimsOf(token);
  };
  const [subject, actor] = [read('subject_token'), read('actor_token')];
  return {
    client: one('client_id') ?? '',
    subject: subject && readClaims(subject, now, actor ?? { client_id: one('client_id') }),
    ...(actor && { actor: readClaims(actor, now) ?? UNREADABLE }),
    audiences: form.getAll('audience').filter(Boolean),
    resources: form.getAll('resource').filter(Boolean),
    ...(one('scope') && { scope: one('scope')?.split(' ') }),
    type: (one('requested_token_type') ?? 'access_token').split(':').at(-1) ?? '',
    now,
  };
}
