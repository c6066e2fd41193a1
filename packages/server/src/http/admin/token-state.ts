// Says whether a token of the audit is still accepted, and why not, from the revocations and suspensions in force.
import { type KnownToken, presentedTrace, tokenSubjectOf } from '../../audit/token-history.ts';
import { describeParty } from '../../issuing/suspensions.ts';
import type { TokenParties } from '../../issuing/token-names.ts';
import { actingName, actingPrincipal, digestOf, type Principal } from '../../primitives/principal.ts';
import type { HttpServices } from '../endpoint.ts';

export interface TokenState {
  readonly state: 'active' | 'expired' | 'revoked' | 'suspended' | 'unknown';
  /** In words. */
  readonly why?: string;
  /** The ancestor that was revoked. */
  readonly revokedBy?: string;
}

export const DERIVES_FROM_REVOKED = {
  state: 'revoked',
  why: 'a token from which it derives was revoked',
} as const satisfies TokenState;

/** @returns when the token expires, in milliseconds since 1970; undefined if no row says so */
export const expiryOf = (token: KnownToken): number | undefined => {
  const seconds =
    token.source === 'issued'
      ? token.event.issued?.find(({ id }) => id === token.id)?.expiresAt
      : presentedTrace(token)?.expiresAt;
  return seconds === undefined ? undefined : seconds * 1000;
};

/** @param ancestors all of them @throws Refusal store_unavailable if this node may not know every revocation */
export function tokenStateOf(token: KnownToken, ancestors: readonly KnownToken[], services: HttpServices): TokenState {
  const { revocations, suspensions, clock } = services;
  if (revocations.anyOf([token.id])) return { state: 'revoked', why: 'it was revoked by its id' };
  const revoked = ancestors.find(({ id }) => revocations.anyOf([id]));
  if (revoked !== undefined) return { ...DERIVES_FROM_REVOKED, revokedBy: revoked.id };
  const parties = partiesOf(token, ancestors, services);
  const expiresAt = expiryOf(token);
  if (parties === undefined) return expiresAt === undefined ? { state: 'unknown' } : timed(expiresAt, clock());
  const facts = { ...parties, id: token.id, lineage: [], issuedAt: Math.floor(token.event.time / 1000) };
  const refused = revocations.whyRefused(facts);
  if (refused === 'revoked')
    return { state: 'revoked', why: 'all tokens of its subject, its client or one of its actors were revoked' };
  const timedOut = expiresAt === undefined ? undefined : timed(expiresAt, clock());
  if (timedOut?.state === 'expired') return timedOut;
  const suspended = refused === 'suspended' ? suspensions.find(parties) : undefined;
  if (suspended !== undefined) {
    const reason = suspended.reason === undefined ? '' : `: ${suspended.reason}`;
    return { state: 'suspended', why: `${describeParty(suspended)} is suspended${reason}` };
  }
  return timedOut ?? { state: 'unknown', why: 'no row says when it expires' };
}

const timed = (expiresAt: number, now: number): TokenState => ({ state: expiresAt > now ? 'active' : 'expired' });

/** The parties of the token, as far as rows have them: an erased row names nobody. */
function partiesOf(
  token: KnownToken,
  ancestors: readonly KnownToken[],
  { issuer }: Pick<HttpServices, 'issuer'>,
): TokenParties | undefined {
  const principal = tokenSubjectOf(token);
  if (principal === undefined) return undefined;
  const trace = token.source === 'issued' ? undefined : presentedTrace(token);
  const namesOf = (one: Principal): readonly string[] => [
    ...(one.iss === issuer ? [actingName(one.sub)] : []),
    actingPrincipal(digestOf(one)),
  ];
  const family = token.source === 'issued' ? [token, ...ancestors] : [];
  const acting = family.flatMap(({ event: { actor } }) => (actor === undefined ? [] : [actor, ...actor.chain]));
  const actors = trace?.chain ?? token.event.chain ?? [];
  const foreign = family.flatMap(({ event: { subject } }) => (subject && subject.iss !== issuer ? [subject] : []));
  const [origin] = principal.iss === issuer ? foreign : [];
  return {
    principal,
    sub: principal.sub,
    origin: origin && { iss: origin.iss, sub: origin.sub },
    clientId: trace === undefined ? token.event.client : trace.clientId,
    chain: [],
    // Rows do not vouch for actors. These names are found by the same revocations and suspensions.
    actorLineage: [...acting, ...actors].flatMap(namesOf),
  };
}
