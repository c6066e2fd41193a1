// Who is meant? A principal is an issuer and a name at that issuer, never the name alone. A chain is who acted for whom.
import { sha256 } from './secret.ts';
import { shortName } from './short-name.ts';
import type { JsonObject } from './strict-json.ts';

/** RFC 7519 sections 4.1.1 and 4.1.2. */
export interface Principal {
  readonly iss: string;
  readonly sub: string;
}

declare const vouched: unique symbol;

/**
 * A principal of whom somebody spoke who may: its own issuer, or this server, which verified a token of that issuer. `origin` is who
 * a principal of ours is at the issuer that it came from, where it came from one (RFC 9493 `iss_sub`).
 */
export type Vouched = Principal & { readonly origin?: Principal; readonly [vouched]: true };

/** The actors of a token, the current one first (RFC 8693 section 4.1). */
export type Chain = readonly Vouched[];

/**
 * Whose word a claim is. Another issuer speaks for its own subjects alone. This server speaks for everybody: it verified the
 * token of each actor before it put the actor into a token of its own.
 */
export interface Voucher {
  readonly issuer: string;
  readonly vouchesFor: 'its own subjects' | 'everyone';
}

/** The holder of a token that was verified; `origin` where it is a principal of ours that came from another issuer. */
export const vouchFor = ({ iss, sub, origin }: Principal & { readonly origin?: Principal | undefined }): Vouched =>
  ({ iss, sub, ...(origin && { origin }) }) as Vouched;

/** What stands before the first colon of a name, where an issuer's subjects have its name; empty where there is no colon. */
export const prefixOf = (name: string): string => name.slice(0, Math.max(0, name.indexOf(':')));

export const samePrincipal = (a: Principal, b: Principal): boolean => a.iss === b.iss && a.sub === b.sub;

/**
 * What `actor_lineage` says of somebody who acts, or acted for an actor, under a name here that `act` does not say, so that
 * revoking the name reaches the token.
 */
export const actingName = (name: string): string => sha256(JSON.stringify(['acting', shortName(name)]));

/** The same of a name at an issuer, by its digest. */
export const actingPrincipal = (digest: string): string => sha256(JSON.stringify(['acting principal', digest]));

/** What stands for a principal where its name is not to be read. */
export const digestOf = ({ iss, sub }: Principal): string => sha256(JSON.stringify([iss, sub]));

/**
 * What `actor_lineage` says of an issuer by whose word somebody acted for an actor. The form is that of no id and no digest of a
 * name, so that an issuer that is trusted no more is noticed without being known.
 */
export const voucherEntry = (iss: string): string => `word:${sha256(JSON.stringify(['word', iss]))}`;
export const isVoucherEntry = (entry: string): boolean => entry.startsWith('word:');

/** Does an entry of `actor_lineage` have the form of such a digest? Ids of other issuers' tokens have it, too. */
export const looksLikeDigest = (entry: string): boolean => /^[\w-]{43}$/.test(entry);

/** No chain that we accept comes near this; a longer one is not even walked. */
const LONGEST_WALK = 64;

/**
 * The chain that an `act` claim tells. An actor without `iss` is one of the token's own issuer, unless it stands within an actor
 * of another one. Only identity members are read (RFC 8693 section 4.1: `exp`, `nbf` and `aud` have no meaning there); `sub_id`
 * only of a principal of ours, by our own word.
 * @returns why it cannot be told: the claim is malformed, or names an actor for whom its issuer cannot speak
 */
export function parseAct(claim: unknown, { issuer, vouchesFor }: Voucher): Chain | 'malformed' | 'not vouched' {
  const chain: Vouched[] = [];
  let outer = issuer;
  for (let act = claim; act !== undefined; act = (act as JsonObject).act) {
    // Within an actor of another issuer, nobody can say whose subject an actor without `iss` is.
    const actor = parsePrincipal(act, outer === issuer ? issuer : '');
    if (actor === undefined || chain.length === LONGEST_WALK) return 'malformed';
    if (vouchesFor === 'its own subjects' && actor.iss !== issuer) return 'not vouched';
    const { sub_id: subId } = act as JsonObject;
    const origin = vouchesFor === 'everyone' && actor.iss === issuer ? parseOrigin(subId) : undefined;
    if (origin === 'malformed') return 'malformed';
    chain.push(vouchFor({ ...actor, origin }));
    outer = actor.iss;
  }
  return chain;
}

/** The `act` claim that tells a chain; undefined for nobody. */
export function formatAct(chain: readonly (Principal & Pick<Vouched, 'origin'>)[]): JsonObject | undefined {
  return chain.reduceRight<JsonObject | undefined>(
    (act, { iss, sub, origin }) => ({
      sub,
      iss,
      ...(origin && { sub_id: formatOrigin(origin) }),
      ...(act && { act }),
    }),
    undefined,
  );
}

/** The `sub_id` claim of somebody who came from another issuer (RFC 9493 section 3.2.2). */
export const formatOrigin = ({ iss, sub }: Principal): JsonObject => ({ format: 'iss_sub', iss, sub });

/** @returns undefined where the claim is not there */
export const parseOrigin = (claim: unknown): Principal | undefined | 'malformed' =>
  claim === undefined ? undefined : (parsePrincipal(claim, '') ?? 'malformed');

/** Without origins: what rows and people are told. */
export const withoutOrigins = (chain: Chain): readonly Principal[] => chain.map(({ iss, sub }) => ({ iss, sub }));

/** The party that a `may_act` claim names, or one hop of `act`. */
export function parsePrincipal(claim: unknown, issuer: string): Principal | undefined {
  if (typeof claim !== 'object' || claim === null || Array.isArray(claim)) return undefined;
  const { iss = issuer, sub } = claim as Record<string, unknown>;
  return isName(iss) && isName(sub) ? { iss, sub } : undefined;
}

// Control characters, lone surrogates, and the marks that change the direction of writing.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** May this stand as an issuer, a subject or a token id: a string that prints, at most 1024 characters. */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= 1024 && !UNPRINTABLE.test(value);

// Format characters have no width, and neither have these letters, variation selectors and fillers; a blank at an end is not seen.
const INVISIBLE = /^\p{White_Space}|\p{White_Space}$|\p{Cf}|\p{Default_Ignorable_Code_Point}|[\p{Zl}\p{Zp}]/u;

/** Would people take the name for another one, which lacks what cannot be seen? */
export const hasInvisibleCharacters = (name: string): boolean => INVISIBLE.test(name);
