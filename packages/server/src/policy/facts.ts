// What may a rule look at? Verified facts only, as plain data.
import type { Resource } from '../issuing/resource.ts';
import type { Chain, Principal } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

/** One party of an exchange: what its token proved. */
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

export interface Facts {
  readonly client: { readonly id: string; readonly resource: string | undefined };
  readonly subject: Party;
  readonly actor: Party | undefined;
  /** Asked for: none, registered resources, or something that is not registered. */
  readonly targets: readonly Resource[] | 'unknown';
}
