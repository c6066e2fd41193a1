// The subject or the actor of an exchange: what its token proved.
import type { Chain, Principal } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

export interface Party {
  /** Issuer and subject of the token. */
  readonly principal: Principal;
  /** Where a principal of ours came from (RFC 9493 `iss_sub`); for a token of another issuer, its own principal. */
  readonly origin?: Principal | undefined;
  /** The account of ours that another issuer named as the person. The new token is about it. */
  readonly account?: Principal | undefined;
  /** Entries of `actor_lineage`, by which our token shows which issuer named its subject as an account of ours. */
  readonly namedBy?: readonly string[] | undefined;
  /** Entries of `actor_lineage`, by which our token shows which issuers named its actors as accounts of ours. */
  readonly actorsNamedBy?: readonly string[] | undefined;
  /** Short name of the token type, as verified. */
  readonly type: string;
  /** The client that the token was issued to; undefined if the token does not say. */
  readonly clientId: string | undefined;
  readonly audiences: readonly string[];
  /** The actors in the token, the current one first. */
  readonly chain: Chain;
  readonly claims: JsonObject;
}
