// The decision of a grant: the only input that issuing accepts.

import type { AuthorizationServer, ServerGrant } from '../model/authorization-server.ts';
import type { Delegation } from '../model/delegation.ts';
import type { Leash } from '../model/leash.ts';
import type { Narrowed } from '../model/narrowed.ts';
import type { RememberedGrant } from '../model/refresh-family.ts';
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Chain, Principal } from '../primitives/principal.ts';
import type { Reason } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Identity } from './id-token.ts';
import type { RefreshTokenName } from './refresh-token.ts';

/** What a rule or a person's agreement grants, at first and again at each refresh. */
export interface Granted extends Narrowed {
  readonly chain: Chain;
  readonly mayAct: JsonObject | undefined;
  /** Claims from the subject's issuer and from the rule. */
  readonly extraClaims: JsonObject;
  /** The limits of clients and actors that the token counts for. */
  readonly leashes: readonly Leash[];
  /** Undefined if nobody has limits. */
  readonly delegation: Delegation | undefined;
  /** Set if the rule allowed a bound token to be exchanged for a token with another key, or without one. */
  readonly rebound: 'key' | 'bearer' | undefined;
}

/** What a grant for another authorization server has besides. */
export interface ServerGrantContent {
  readonly server: AuthorizationServer;
  readonly kind: ServerGrant;
  /** The id of the client there. */
  readonly clientId: string | undefined;
  /** `pairwise`: the signer computes it. */
  readonly sub: { readonly name: string } | 'pairwise';
  readonly subjectId: JsonObject | undefined;
  /** Copied by the list of the server's entry. */
  readonly claims: JsonObject;
}

/** The content of a token. */
export interface TokenContent extends Granted {
  readonly clientId: string;
  /** The `sub` of the new token. */
  readonly sub: string;
  /** Issuer and subject at the issuer that a foreign subject came from (RFC 9493 `iss_sub`). */
  readonly origin: Principal | undefined;
  /** Ids of the tokens that this one derives from, nearest first: through its subject, and through its actors. */
  readonly lineage: readonly string[];
  readonly actorLineage: readonly string[];
}

/** A decision without its refresh token. */
export interface TokenDecision extends TokenContent {
  /** The short name of the type of token. */
  readonly type: 'access_token' | 'jwt' | 'refresh_token' | 'id_jag';
  /** Present if the token is a grant that another authorization server redeems. */
  readonly grantFor?: ServerGrantContent;
  /** Single-use ids that issuing consumes. */
  readonly uses: readonly SingleUse[];
  /** The code that issuing redeems: its id in the store, and its id in lineage. */
  readonly redeems?: { readonly artifact: string; readonly id: string };
  /** The content of an ID token issued with it. */
  readonly identity?: Identity;
}

export interface Decision extends TokenDecision {
  readonly refresh: RefreshDecision | undefined;
}

/** A single-use id. It must stay used until `expiresAt`, in seconds since 1970. */
export interface SingleUse {
  readonly id: string;
  readonly expiresAt: number;
  /** The reason of the refusal if it was used before. */
  readonly replayed: Reason;
}

/**
 * `new`: a family begins. Its first token is the answer if the type is refresh_token, and otherwise issued with it.
 * `rotate`: the presented token is replaced by its successor. `again`: the same successor is returned again.
 */
export type RefreshDecision =
  | { readonly kind: 'new'; readonly lifetime: number; readonly grant: RememberedGrant }
  | { readonly kind: 'rotate'; readonly presented: RefreshTokenName; readonly expiresAt: number }
  | { readonly kind: 'again'; readonly successor: RefreshTokenName; readonly expiresAt: number };

declare const authorized: unique symbol;

/** Only `authorize` creates one. scripts/check-layers.ts lets only the grants and exchange/exchange.ts call it. */
export type Authorization = Decision & { readonly [authorized]: true };

/** Binds the tokens of every grant to the key that the caller proved, and consumes the proof with them. */
export const bindTo = (
  authorization: Authorization,
  { confirmation, uses }: { readonly confirmation: Confirmation | undefined; readonly uses: readonly SingleUse[] },
): Authorization => ({ ...authorization, confirmation, uses: [...authorization.uses, ...uses] });

export const authorize = (decision: Decision): Authorization => decision as Authorization;
