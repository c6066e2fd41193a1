// A principal is an issuer and a subject at that issuer, never the subject alone. A chain lists the actors of a token.
import { sha256 } from './secret.ts';
import { shortName } from './short-name.ts';
import { foldMemberName, type JsonObject } from './strict-json.ts';
import { profileClaim } from './sub-profile.ts';
import type { RedeemedTypeName } from './token-type.ts';

/** RFC 7519 sections 4.1.1 and 4.1.2. */
export interface Principal {
  readonly iss: string;
  readonly sub: string;
}

declare const vouched: unique symbol;

/**
 * A principal that was vouched for: by its own issuer, or by this server, which verified a token of that issuer. `origin` is the
 * identity of a principal of ours at the issuer that it came from (RFC 9493 `iss_sub`). `others` are the further members of its hop
 * in `act`, which are copied and never read.
 */
export type Vouched = Principal & {
  readonly origin?: Principal;
  readonly others?: JsonObject;
  readonly [vouched]: true;
};

/** The actors of a token, the current one first (RFC 8693 section 4.1). */
export type Chain = readonly Vouched[];

/**
 * The issuer of a claim, and the principals that it vouches for. Another issuer vouches for its own subjects only. This server
 * vouches for everyone: it verified the token of each actor before it put the actor into a token of its own.
 */
export interface Voucher {
  readonly issuer: string;
  readonly vouchesFor: 'its own subjects' | 'everyone';
}

/**
 * Makes the holder of a verified token a vouched principal.
 * @param principal with `origin` if it is ours and came from another issuer
 */
export const vouchFor = ({ iss, sub, origin }: Principal & { readonly origin?: Principal | undefined }): Vouched =>
  ({ iss, sub, ...(origin && { origin }) }) as Vouched;

/** Adds `sub_profile` to a new hop, from the claims of the token that proved it. */
export function withProfile(actor: Vouched, claims: JsonObject): Vouched {
  const others = profileClaim(claims);
  return Object.keys(others).length === 0 ? actor : { ...actor, others };
}

/**
 * Members of a hop that were read, and those with a meaning of their own in our tokens: rights, keys and ancestors, which would count
 * as our word. No other spelling of them is copied: APIs that ignore case would read it, and take `SUB` for the actor.
 */
const NEVER_COPIED: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'sub_id', 'act'],
  ...['may_act', 'cnf', 'lineage', 'actor_lineage', 'delegation'],
]);

/** Adds the members of a hop that are copied only. `sub_id` is one of them, unless it was read as the origin. */
function withOthers(actor: Vouched, hop: JsonObject): Vouched {
  const isCopied = (name: string): boolean =>
    name === 'sub_id' ? actor.origin === undefined : !NEVER_COPIED.has(foldMemberName(name));
  const copied = Object.entries(hop).filter(([name]) => isCopied(name));
  return copied.length === 0 ? actor : { ...actor, others: Object.fromEntries(copied) };
}

/** The part of a name before its first colon, where the name of an issuer stands; empty without a colon. */
export const prefixOf = (name: string): string => name.slice(0, Math.max(0, name.indexOf(':')));

export const samePrincipal = (a: Principal, b: Principal): boolean => a.iss === b.iss && a.sub === b.sub;

/**
 * The entry of `actor_lineage` for a name of ours under which someone acts, or acted for an actor, if `act` does not have the
 * name. Through it, revoking the name reaches the token.
 */
export const actingName = (name: string): string => sha256(JSON.stringify(['acting', shortName(name)]));

/** The same entry for a name at another issuer, of which only the digest is known. */
export const actingPrincipal = (digest: string): string => sha256(JSON.stringify(['acting principal', digest]));

/** Stands for a principal whose name must not be readable. */
export const digestOf = ({ iss, sub }: Principal): string => sha256(JSON.stringify([iss, sub]));

/**
 * The entry of `actor_lineage` for an issuer that vouched for someone who acted for an actor. Ids and digests have another form,
 * so the entry of an issuer that is no longer trusted is recognized without knowing the issuer.
 */
export const voucherEntry = (iss: string): string => `word:${sha256(JSON.stringify(['word', iss]))}`;
/** The same for one kind of an issuer's grants: the entry of the issuer may lose the kind alone. */
export const grantVoucherEntry = (iss: string, kind: RedeemedTypeName): string =>
  `word:${sha256(JSON.stringify(['word', iss, kind]))}`;
export const isVoucherEntry = (entry: string): boolean => entry.startsWith('word:');

const ACCOUNT = 'account:';
/** The entry for an issuer that named the subject as an account of ours: a rule that denies the issuer must match the token. */
export const accountEntry = (iss: string): string => ACCOUNT + sha256(JSON.stringify(['account', iss]));
export const isAccountEntry = (entry: string): boolean => entry.startsWith(ACCOUNT);

const ACTOR_ACCOUNT = 'actor-account:';
/** The same of an actor, of whom `act` has our name alone. */
export const actorAccountEntry = (iss: string): string => asActorEntry(accountEntry(iss));
export const isActorAccountEntry = (entry: string): boolean => entry.startsWith(ACTOR_ACCOUNT);
/** The entry of a token about an account, in a token in which the account acts. */
export const asActorEntry = (entry: string): string =>
  isAccountEntry(entry) ? ACTOR_ACCOUNT + entry.slice(ACCOUNT.length) : entry;

/** Does an entry of `actor_lineage` have the form of a digest? Ids of other issuers' tokens may have it, too. */
export const looksLikeDigest = (entry: string): boolean => /^[\w-]{43}$/.test(entry);

/** A longer chain is refused unread. Every chain that a rule accepts is much shorter. */
const MAX_CHAIN_LENGTH = 64;

/**
 * Reads the chain of an `act` claim. Another issuer may name an actor twice, by `sub_id` too, and must mean the same. An actor without `iss` belongs to the token's own issuer, unless it is nested in an actor of
 * another issuer. Only identity members are read (RFC 8693 section 4.1: `exp`, `nbf` and `aud` have no meaning there); `sub_id`
 * is read for principals of ours, in tokens of ours. All others but those of `NEVER_COPIED` are kept, so that a new token has the chain as
 * it stood.
 * @returns `not vouched` if the claim names an actor for whom its issuer cannot vouch
 */
export function parseAct(claim: unknown, { issuer, vouchesFor }: Voucher): Chain | 'malformed' | 'not vouched' {
  const chain: Vouched[] = [];
  let outer = issuer;
  for (let act = claim; act !== undefined; act = (act as JsonObject).act) {
    // It is unknown whose subject an actor without `iss` is if it is nested in an actor of another issuer.
    const actor = parsePrincipal(act, outer === issuer ? issuer : '');
    if (actor === undefined || chain.length === MAX_CHAIN_LENGTH) return 'malformed';
    const { sub_id: subId } = act as JsonObject;
    if (vouchesFor === 'its own subjects' && (actor.iss !== issuer || !isNameOf(subId, actor))) return 'not vouched';
    const origin = vouchesFor === 'everyone' && actor.iss === issuer ? parseOrigin(subId) : undefined;
    if (origin === 'malformed') return 'malformed';
    chain.push(withOthers(vouchFor({ ...actor, origin }), act as JsonObject));
    outer = actor.iss;
  }
  return chain;
}

/** Does an absent `sub_id`, or one of the only form that can be compared, name this principal, and nobody else besides? */
function isNameOf(subId: unknown, { iss, sub }: Principal): boolean {
  if (subId === undefined) return true;
  if (typeof subId !== 'object' || subId === null) return false;
  const { format, iss: issuer, sub: name } = subId as JsonObject;
  const isAlone = Object.keys(subId).length === 3;
  return isAlone && format === 'iss_sub' && issuer === iss && name === sub;
}

/** Formats a chain as an `act` claim; undefined for an empty chain. */
export function formatAct(chain: readonly (Principal & Pick<Vouched, 'origin' | 'others'>)[]): JsonObject | undefined {
  return chain.reduceRight<JsonObject | undefined>(
    (act, { iss, sub, origin, others }) => ({
      sub,
      iss,
      ...others,
      ...(origin && { sub_id: formatOrigin(origin) }),
      ...(act && { act }),
    }),
    undefined,
  );
}

/** The `sub_id` claim for a principal that came from another issuer (RFC 9493 section 3.2.2). */
export const formatOrigin = ({ iss, sub }: Principal): JsonObject => ({ format: 'iss_sub', iss, sub });

/** @returns undefined if the claim is absent */
export const parseOrigin = (claim: unknown): Principal | undefined | 'malformed' =>
  claim === undefined ? undefined : (parsePrincipal(claim, '') ?? 'malformed');

/** Removes the origins, for other servers: they are not told where a principal of ours came from. */
export const withoutOrigin = ({ iss, sub, others }: Vouched): Principal & Pick<Vouched, 'others'> => ({
  iss,
  sub,
  ...(others && { others }),
});

/** Removes the origins and the members that are copied only, for audit rows and people. */
export const withoutOrigins = (chain: Chain): readonly Principal[] => chain.map(({ iss, sub }) => ({ iss, sub }));

/** Reads the party that a `may_act` claim names, or one level of an `act` claim. @param issuer the default for `iss` */
export function parsePrincipal(claim: unknown, issuer: string): Principal | undefined {
  if (typeof claim !== 'object' || claim === null || Array.isArray(claim)) return undefined;
  const { iss = issuer, sub } = claim as Record<string, unknown>;
  return isName(iss) && isName(sub) ? { iss, sub } : undefined;
}

// Control characters, lone surrogates, and the marks that change the direction of writing.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

export const MAX_NAME_CHARACTERS = 1024;

/** Is the value a valid issuer, subject or token id: printable text of at most 1024 characters? */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME_CHARACTERS && !UNPRINTABLE.test(value);

// Format characters have no width, nor do these letters, variation selectors and fillers. White space at either end is invisible,
// too.
const INVISIBLE = /^\p{White_Space}|\p{White_Space}$|\p{Cf}|\p{Default_Ignorable_Code_Point}|[\p{Zl}\p{Zp}]/u;

/** Would people mistake the name for another one, because some of its characters are invisible? */
export const hasInvisibleCharacters = (name: string): boolean => INVISIBLE.test(name);
