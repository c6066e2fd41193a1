// What a grant decided: the one thing that the signer accepts.

import type { Narrowed } from '../model/narrowed.ts';
import type { RememberedGrant } from '../model/refresh-family.ts';
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Chain, Principal } from '../primitives/principal.ts';
import type { Reason } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Identity } from './id-token.ts';
import type { RefreshTokenName } from './refresh-token.ts';

/** What a rule, or a person's agreement, grants: once, and again at each refresh. */
export interface Granted extends Narrowed {
  readonly chain: Chain;
  readonly mayAct: JsonObject | undefined;
  /** Claims that the subject's issuer and the rule add. */
  readonly extraClaims: JsonObject;
  /** How a bound token lost its key on the rule's word: to another one, or to none. */
  readonly rebound: 'key' | 'bearer' | undefined;
}

/** Everything that stands in a token. */
export interface TokenContent extends Granted {
  readonly clientId: string;
  /** The `sub` of the new token. */
  readonly sub: string;
  /** Where the subject came from, if not from here (RFC 9493 `iss_sub`). */
  readonly origin: Principal | undefined;
  /** Ids of the tokens that this one derives from, nearest first: by its subject, and by those who act. */
  readonly lineage: readonly string[];
  readonly actorLineage: readonly string[];
}

/** Everything but the refresh token. */
export interface TokenDecision extends TokenContent {
  /** The short name of the type of token. */
  readonly type: 'access_token' | 'jwt' | 'refresh_token';
  /** Ids that the issuing uses up. */
  readonly uses: readonly SingleUse[];
  /** The code that the issuing redeems: in the store, and what lineage knows it by. */
  readonly redeems?: { readonly artifact: string; readonly id: string };
  /** What an ID token beside it tells. */
  readonly identity?: Identity;
}

export interface Decision extends TokenDecision {
  readonly refresh: RefreshDecision | undefined;
}

/** An id that is good once, and until when it must stay used, in seconds since 1970. */
export interface SingleUse {
  readonly id: string;
  readonly expiresAt: number;
  /** What is said where it was used before. */
  readonly replayed: Reason;
}

/**
 * `new`: a family begins, and its first token is the answer where the type is refresh_token, else a member beside it.
 * `rotate`: the presented token makes way for its successor. `again`: the successor is given once more.
 */
export type RefreshDecision =
  | { readonly kind: 'new'; readonly lifetime: number; readonly grant: RememberedGrant }
  | { readonly kind: 'rotate'; readonly presented: RefreshTokenName; readonly expiresAt: number }
  | { readonly kind: 'again'; readonly successor: RefreshTokenName; readonly expiresAt: number };

declare const authorized: unique symbol;

/** Only `authorize` makes one. scripts/check-layers.ts lets the grants and exchange/exchange.ts call it, and nothing else. */
export type Authorization = Decision & { readonly [authorized]: true };

/** Every grant's tokens are bound to the key that the caller proved, and the proof is used up with them. */
export const bindTo = (
  authorization: Authorization,
  { confirmation, uses }: { readonly confirmation: Confirmation | undefined; readonly uses: readonly SingleUse[] },
): Authorization => ({ ...authorization, confirmation, uses: [...authorization.uses, ...uses] });

export const authorize = (decision: Decision): Authorization => decision as Authorization;
