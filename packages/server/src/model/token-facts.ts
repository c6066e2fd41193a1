// The facts of a verified token, in one shape for all token types.
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Principal } from '../primitives/principal.ts';
import type { Bound, Scope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Party } from './party.ts';

export interface TokenFacts extends Party {
  /** The name that the subject has in our tokens. */
  readonly sub: string;
  /** Issuer and subject at the issuer that a foreign subject came from (RFC 9493 `iss_sub`). */
  readonly origin: Principal | undefined;
  /** The token's id in lineage. */
  readonly id: string;
  /** The ids of its ancestors. */
  readonly lineage: readonly string[];
  readonly actorLineage: readonly string[];
  /** `unbounded`: the token type has no scope of ours, so that only the rule limits the scope. */
  readonly scope: Bound<Scope>;
  /** The audiences that a person agreed to. They limit every descendant of the token. */
  readonly agreedAudiences: Bound<readonly string[]>;
  /** Seconds since 1970; undefined if the token does not say. */
  readonly issuedAt: number | undefined;
  /** Tolerated difference between the clock of its issuer and ours, in seconds; absent for a token of ours. */
  readonly leeway?: number;
  /** Seconds since 1970. A token without an expiry is refused. */
  readonly expiresAt: number;
  /** The key that the token is bound to (`cnf`). */
  readonly confirmation: Confirmation | undefined;
  /** Who may act for the subject, always with `iss` (RFC 8693 section 4.4). */
  readonly mayAct: JsonObject | undefined;
  /** `acr`, `amr` and `auth_time`, each if the token has it. */
  readonly authentication: JsonObject;
  /** Claims that the issuer's entry in the configuration adds to the new token. */
  readonly extraClaims: JsonObject;
  /** The NameID of an assertion (RFC 9493, `saml-nameid`). */
  readonly samlNameId?: JsonObject;
  /** The claims of the entry that the token gives no value, each with the reason; absent for a token of ours. */
  readonly unmapped?: Readonly<Record<string, string>>;
  /** The id of a single-use token, and until when it must be remembered, in seconds since 1970. */
  readonly singleUse?: { readonly id: string; readonly expiresAt: number };
}
