// One party of an exchange: what its token proved.
import type { Chain, Principal } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

export interface Party {
  /** Who it is, as the token's issuer says. */
  readonly principal: Principal;
  /** The short name of what the token proved to be. */
  readonly type: string;
  /** The client that it was issued to, where the token says so. */
  readonly clientId: string | undefined;
  readonly audiences: readonly string[];
  /** Who acts for the party already, the current actor first. */
  readonly chain: Chain;
  readonly claims: JsonObject;
}
