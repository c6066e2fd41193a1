// What does a refresh token stand for? What its family was granted, remembered so that the rules can be asked again.
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Chain, Principal } from '../primitives/principal.ts';
import type { Bound } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Party } from './party.ts';

/** Plain data: kept as JSON. */
export interface RememberedGrant {
  /** The type of the access token that comes with every refresh. */
  readonly type: 'access_token' | 'jwt';
  readonly sub: string;
  readonly origin?: Principal;
  readonly scope: readonly string[];
  /** Audiences. */
  readonly targets: readonly string[];
  readonly chain: Chain;
  readonly mayAct?: JsonObject;
  readonly lineage: readonly string[];
  readonly actorLineage: readonly string[];
  readonly authentication: JsonObject;
  readonly extraClaims: JsonObject;
  /** A person agreed to it, so that no rule is asked. */
  readonly agreed?: true;
  /** Whom the rules were asked about. */
  readonly subject: Party;
  readonly actor?: Party;
  /** The audiences that a person agreed to, where the subject token stood for an agreement. */
  readonly agreedAudiences?: Bound<readonly string[]>;
  /** The keys that their tokens were bound to. */
  readonly bound?: { readonly subject?: Confirmation; readonly actor?: Confirmation };
}

export interface RefreshFamily {
  readonly id: string;
  readonly clientId: string;
  readonly generation: number;
  /** Milliseconds since 1970, by the clock of the process that rotated it last. */
  readonly rotatedAt: number;
  readonly rotatedBy: string | null;
  /** Milliseconds since then, by the clock of the database; null before the first rotation. */
  readonly rotatedAgo: number | null;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  /** The first key that was proven with it; from then on one must be. */
  readonly confirmation: Confirmation | undefined;
  readonly grant: RememberedGrant;
}

/** A person's own family is bound by what it was granted; a rule's by what its subject token stood for. */
export const agreedAudiencesOf = ({ agreed, targets, agreedAudiences }: RememberedGrant): Bound<readonly string[]> =>
  agreed ? targets : (agreedAudiences ?? 'unbounded');

/**
 * Milliseconds since the family was rotated, by one clock: the caller's where it did so itself, else the database's.
 * @param by the caller, and its clock in milliseconds since 1970
 */
export const sinceRotation = (
  { rotatedAt, rotatedBy, rotatedAgo }: Pick<RefreshFamily, 'rotatedAt' | 'rotatedBy' | 'rotatedAgo'>,
  by: { readonly node: string; readonly now: number },
): number => (rotatedAgo === null || rotatedBy === by.node ? by.now - rotatedAt : rotatedAgo);
