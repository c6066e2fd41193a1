// A refresh family: all refresh tokens that come of one grant, and what is remembered to evaluate the rules at each refresh.
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Chain, Principal } from '../primitives/principal.ts';
import type { Bound } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Delegation } from './delegation.ts';
import type { Party } from './party.ts';

/** Stored as JSON. */
export interface RememberedGrant {
  /** The type of the access token that comes with every refresh. */
  readonly type: 'access_token' | 'jwt';
  readonly sub: string;
  readonly origin?: Principal;
  readonly scope: readonly string[];
  /** The scope of the subject token, if the rule mapped it to `scope`. */
  readonly subjectScope?: Bound<readonly string[]>;
  /** Audiences. */
  readonly targets: readonly string[];
  readonly chain: Chain;
  readonly mayAct?: JsonObject;
  readonly lineage: readonly string[];
  readonly actorLineage: readonly string[];
  readonly authentication: JsonObject;
  readonly extraClaims: JsonObject;
  readonly delegation?: Delegation;
  /** Present if a person agreed at sign-in: no rule is evaluated. */
  readonly agreed?: true;
  /** The digest of the client's document, if it describes itself. */
  readonly document?: string;
  /** The parties that the rules are evaluated for. */
  readonly subject: Party;
  readonly actor?: Party;
  /** The audiences that a person agreed to, if the subject token came of an agreement. */
  readonly agreedAudiences?: Bound<readonly string[]>;
  /** The keys that the subject token and actor token were bound to. */
  readonly bound?: { readonly subject?: Confirmation; readonly actor?: Confirmation };
}

export interface RefreshFamily {
  readonly id: string;
  readonly clientId: string;
  readonly generation: number;
  /** Milliseconds since 1970, by the clock of the process that rotated it last. */
  readonly rotatedAt: number;
  readonly rotatedBy: string | null;
  /** Milliseconds since the last rotation, by the clock of the database; null before the first one. */
  readonly rotatedAgo: number | null;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  /** The first key that was proven with the refresh token. Later requests must prove it again. */
  readonly confirmation: Confirmation | undefined;
  readonly grant: RememberedGrant;
}

/** Returns the audiences that limit the family: its targets if a person agreed to it, else the limit of its subject token. */
export const agreedAudiencesOf = ({ agreed, targets, agreedAudiences }: RememberedGrant): Bound<readonly string[]> =>
  agreed ? targets : (agreedAudiences ?? 'unbounded');

/**
 * Returns milliseconds since the last rotation, measured with one clock: the node's own if it rotated the family, else the
 * database's.
 * @param by this node, and its clock in milliseconds since 1970
 */
export const sinceRotation = (
  { rotatedAt, rotatedBy, rotatedAgo }: Pick<RefreshFamily, 'rotatedAt' | 'rotatedBy' | 'rotatedAgo'>,
  by: { readonly node: string; readonly now: number },
): number => (rotatedAgo === null || rotatedBy === by.node ? by.now - rotatedAt : rotatedAgo);
