// Who is meant? A principal is an issuer and a name at that issuer, never the name alone. A chain is who acted for whom.
import type { JsonObject } from './strict-json.ts';

/** RFC 7519 sections 4.1.1 and 4.1.2. */
export interface Principal {
  readonly iss: string;
  readonly sub: string;
}

/** The actors of a token, the current one first (RFC 8693 section 4.1). */
export type Chain = readonly Principal[];

export const samePrincipal = (a: Principal, b: Principal): boolean => a.iss === b.iss && a.sub === b.sub;

/** No chain that we accept comes near this; a longer one is not even walked. */
const LONGEST_WALK = 64;

/**
 * The chain that an `act` claim tells. An actor without `iss` is one of the token's own issuer. Only identity members are
 * read (RFC 8693 section 4.1: `exp`, `nbf` and `aud` have no meaning there).
 * @returns undefined where the claim is malformed: cannot tell, so the caller refuses.
 */
export function parseAct(claim: unknown, issuer: string): Chain | undefined {
  const chain: Principal[] = [];
  for (let act = claim; act !== undefined; act = (act as JsonObject).act) {
    const actor = parsePrincipal(act, issuer);
    if (actor === undefined || chain.length === LONGEST_WALK) return undefined;
    chain.push(actor);
  }
  return chain;
}

/** The `act` claim that tells a chain; undefined for nobody. */
export function formatAct(chain: Chain): JsonObject | undefined {
  return chain.reduceRight<JsonObject | undefined>(
    (act, { iss, sub }) => (act === undefined ? { sub, iss } : { sub, iss, act }),
    undefined,
  );
}

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
