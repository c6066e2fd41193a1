// Weighs what a foreign token, or an introspection answer about it, says that it is. The declared type must fit. What cannot be told
// is refused, and so is a contradiction, with the member that decided.
import { stringList } from '../primitives/claims.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { tokenTypeName } from '../primitives/token-type.ts';
import type { TrustedIssuer } from '../trust/issuer.ts';
import {
  type DeclaredKind,
  HASHES,
  type Mark,
  makesWorkloadTokens,
  type Profile,
  profiles,
  type TokenKind,
} from '../trust/profiles.ts';

interface Weighed {
  /** The type in the header (RFC 8725 section 3.11); undefined for an introspection answer. */
  readonly typ?: string | undefined;
  readonly payload: JsonObject;
}

interface Sign {
  readonly member: string;
  readonly shows: TokenKind;
}

/** The members in which issuers state the kind: `typ` (Keycloak, Rauthy), `token_use` (Cognito, Hydra), `token_type` (RFC 7662). */
const MEMBERS = ['typ', 'token_use', 'token_type'] as const;
const ACCESS = new Set(['access', 'access_token', 'bearer', 'dpop', 'at+jwt']);
const IDENTITY = new Set(['id', 'id_token']);
/** Says only that it is a JWT. */
const PLAIN = 'jwt';

/** The types that mean only "a JWT". Any other than these and `at+jwt` names another purpose. */
const PLAIN_TYPES = new Set([undefined, 'jwt', 'jose']);

/** Claims of well-known issuers that no ID token has: Entra, Okta, Hydra, Auth0. */
const OF_ACCESS = ['azpacr', 'appidacr', 'scp', 'cid', 'gty'] as const;
/** Claims that access tokens have, and the ID tokens of some issuers. */
const MOSTLY_OF_ACCESS = ['scope', 'client_id'] as const;
/** Claims about a sign-in. */
const OF_SIGN_IN = ['auth_time', 'sid'] as const;

/**
 * Refuses a token that is, or may be, of another kind than declared (RFC 8725 section 3.12).
 * @throws TokenRefusal wrong_type
 */
export function refuseOtherKinds(token: Weighed, declared: DeclaredKind, issuer: Pick<TrustedIssuer, 'profile'>): void {
  const stated = statements(token, declared);
  const profile = issuer.profile === undefined ? undefined : profiles[issuer.profile];
  // A JWT of any kind may be presented as jwt, except that an issuer of workload tokens makes no other.
  if (declared === 'jwt' && !(profile && makesWorkloadTokens(profile))) return;
  const shown = profile === undefined ? weighGenerally(token.payload, stated) : weighBy(profile, token.payload, stated);
  if (shown === undefined) throw wrongType(cannotTell(declared, issuer.profile));
  if (
    shown.shows === 'workload' ? (profile?.workloadAs ?? ['jwt']).includes(declared) : shown.shows === KINDS[declared]
  )
    return;
  throw wrongType(describe(shown, declared));
}

/** Claims of access tokens, ID tokens, sessions and transaction tokens that no grant has. */
const NOT_OF_GRANTS = [...OF_ACCESS, ...OF_SIGN_IN, 'azp', 'appid', 'uid', 'uti', 'tctx', 'rctx', 'req_wl'] as const;

/**
 * Refuses a JWT whose header does not say that it is a grant, if its claims are those of another kind: an access token for this server,
 * an ID token, or a client assertion (`iss` is `sub`).
 * @throws TokenRefusal wrong_type
 */
export function refuseOtherThanGrants(claims: JsonObject, { profile }: Pick<TrustedIssuer, 'profile'>): void {
  if (claims.iss === claims.sub) throw wrongType('its iss is its sub, as in a client assertion');
  const marks = profile === undefined ? [] : profiles[profile].marks;
  const other =
    NOT_OF_GRANTS.find((name) => Object.hasOwn(claims, name)) ?? marks.find((mark) => holds(mark, claims))?.member;
  if (other !== undefined)
    throw wrongType(`it has ${other}, and its header does not say that it is a grant (typ authorization-grant+jwt)`);
}

/** An introspection answer is about an access token, unless it says otherwise. @throws TokenRefusal wrong_type */
export function refuseOtherAnswer(answer: JsonObject): void {
  const [stated] = statements({ payload: answer }, 'access_token');
  const hash = first(answer, HASHES, 'id');
  const shown = stated?.shows === 'id' ? stated : hash;
  if (shown !== undefined) throw wrongType(describe(shown, 'access_token'));
}

const KINDS = { access_token: 'access', id_token: 'id', jwt: 'workload' } as const satisfies Record<
  DeclaredKind,
  TokenKind
>;
const NAMES: Readonly<Record<TokenKind, string>> = {
  access: 'an access token',
  id: 'an ID token',
  workload: 'a workload token',
};

const wrongType = (detail: string): TokenRefusal => new TokenRefusal('wrong_type', detail);

const HEADER_TYP = 'typ of its header';
/** A JWT may have a `typ` in its header and one in its claims. */
const nameOf = (member: string): string =>
  member === HEADER_TYP ? `the ${member}` : member === 'typ' ? 'its claim typ' : `its ${member}`;

const says = ({ member, shows }: Sign): string => `${nameOf(member)} says that it is ${NAMES[shows]}`;

const contradiction = (one: Sign, other: Sign): TokenRefusal =>
  wrongType(`${says(one)}, and ${nameOf(other.member)} that it is ${NAMES[other.shows]}`);

const describe = (shown: Sign, declared: DeclaredKind): string =>
  shown.member === ''
    ? `neither the typ of its header nor its claims show that it is ${NAMES[KINDS[declared]]}`
    : `${says(shown)}, not ${NAMES[KINDS[declared]]}`;

const cannotTell = (declared: DeclaredKind, profile: string | undefined): string =>
  profile === undefined
    ? `its claims fit an access token and an ID token, so that nothing shows that it is ${NAMES[KINDS[declared]]}: set profile in the entry of its issuer`
    : `it has no member by which ${profile} shows what a token is`;

/** What the token states about itself, in agreement. @throws TokenRefusal wrong_type another kind, or a contradiction */
function statements({ typ, payload }: Weighed, declared: DeclaredKind): readonly Sign[] {
  if ('events' in payload) throw wrongType('its events say that it is a logout token or another security event');
  if (typ !== 'at+jwt' && !PLAIN_TYPES.has(typ)) throw wrongType('the typ of its header names another purpose');
  const stated: Sign[] = typ === 'at+jwt' ? [{ member: HEADER_TYP, shows: 'access' }] : [];
  for (const member of MEMBERS) {
    if (!(member in payload)) continue;
    const kind = statedKind(payload[member]);
    if (kind === 'access' || kind === 'id') stated.push({ member, shows: kind });
    else if (kind !== 'plain' && !(declared === 'jwt' && member === 'token_type' && kind === 'unknown'))
      throw wrongType(`${nameOf(member)} states another kind of token${shown(payload[member])}`);
  }
  const [one] = stated;
  const other = stated.find(({ shows }) => shows !== one?.shows);
  if (one !== undefined && other !== undefined) throw contradiction(one, other);
  return stated;
}

/** A short word, which is not a secret. */
const shown = (value: unknown): string =>
  typeof value === 'string' && /^[A-Za-z_-]{1,32}$/.test(value) ? `: ${value}` : '';

function statedKind(value: unknown): 'access' | 'id' | 'plain' | 'unknown' | 'other' {
  if (typeof value !== 'string') return 'other';
  const stated = (tokenTypeName(value) ?? value).toLowerCase();
  if (ACCESS.has(stated)) return 'access';
  if (IDENTITY.has(stated)) return 'id';
  if (stated === PLAIN) return 'plain';
  return /refresh|offline|logout/.test(stated) ? 'other' : 'unknown';
}

/** By the row of the issuer. @returns undefined if it cannot be told */
function weighBy({ marks, otherwise }: Profile, claims: JsonObject, stated: readonly Sign[]): Sign | undefined {
  const signs = [...stated, ...marks.filter((mark) => holds(mark, claims))];
  const [one] = signs;
  const other = signs.find(({ shows }) => shows !== one?.shows);
  if (one !== undefined && other !== undefined) throw contradiction(one, other);
  if (one !== undefined) return one;
  if (typeof otherwise === 'string') return { member: '', shows: otherwise };
  return otherwise?.find((mark) => holds(mark, claims));
}

function holds({ member, pattern, audience }: Mark, claims: JsonObject): boolean {
  if (!Object.hasOwn(claims, member)) return false;
  const value = claims[member];
  if (pattern !== undefined) return typeof value === 'string' && pattern.test(value);
  if (audience === undefined) return true;
  const contains = (stringList(claims.aud) ?? []).some((one) => one === value);
  return contains === (audience === 'contains');
}

/** By claims that many issuers write. @returns undefined if it cannot be told */
function weighGenerally(claims: JsonObject, [stated]: readonly Sign[]): Sign | undefined {
  const id = first(claims, HASHES, 'id');
  const access = first(claims, OF_ACCESS, 'access');
  const certain = [stated, id, access].filter((sign) => sign !== undefined);
  const [one] = certain;
  const other = certain.find(({ shows }) => shows !== one?.shows);
  if (one !== undefined && other !== undefined) throw contradiction(one, other);
  const nonce = first(claims, ['nonce'], 'id');
  // An access token that states its kind may have a nonce.
  if (stated === undefined && access !== undefined && nonce !== undefined) throw contradiction(access, nonce);
  if (one !== undefined || nonce !== undefined) return one ?? nonce;
  const mostly = first(claims, MOSTLY_OF_ACCESS, 'access');
  if (mostly === undefined) return { member: '', shows: 'id' };
  // An ID token is for the client that it was issued to. So are some access tokens.
  return isForItsClient(claims) ? first(claims, OF_SIGN_IN, 'id') : mostly;
}

const first = (claims: JsonObject, members: readonly string[], shows: TokenKind): Sign | undefined => {
  const member = members.find((name) => Object.hasOwn(claims, name));
  return member === undefined ? undefined : { member, shows };
};

const isForItsClient = ({ aud, azp, client_id: client }: JsonObject): boolean =>
  (stringList(aud) ?? []).some((one) => one === azp || one === client);
