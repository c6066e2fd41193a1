// The facts of a verified token, in one shape for all token types.
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Principal } from '../primitives/principal.ts';
import type { Bound, Scope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Party } from './party.ts';

export interface TokenFacts extends Party {
  /** The name that the subject has in our tokens. */
  readonly sub: string;
  /** Where a subject of foreign origin came from (RFC 9493 `iss_sub`). */
  readonly origin: Principal | undefined;
  /** What lineage knows the token by. */
  readonly id: string;
  /** The ids that it derives from. */
  readonly lineage: readonly string[];
  readonly actorLineage: readonly string[];
  /** What the token may do here. `unbounded`: its type has no scope of ours, so that the rule's list counts. */
  readonly scope: Bound<Scope>;
  /** The audiences that a person agreed to, where what comes of the token is for those alone. */
  readonly agreedAudiences: Bound<readonly string[]>;
  /** Seconds since 1970; undefined where the token does not say. */
  readonly issuedAt: number | undefined;
  /** Seconds since 1970; always known: a token without an end is refused. */
  readonly expiresAt: number;
  /** The key that the token is bound to (`cnf`). */
  readonly confirmation: Confirmation | undefined;
  /** Who may act for the subject, with `iss` spelled out (RFC 8693 section 4.4). */
  readonly mayAct: JsonObject | undefined;
  /** `acr`, `amr`, `auth_time` where the token has them. */
  readonly authentication: JsonObject;
  /** Claims that the issuer's entry adds to our token. */
  readonly extraClaims: JsonObject;
  /** An id that issuing uses up, and until when it must stay used, in seconds since 1970. */
  readonly singleUse?: { readonly id: string; readonly expiresAt: number };
}
