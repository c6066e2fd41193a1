// What a grant decided: the one thing that the signer accepts.
import type { Chain, Principal } from '../primitives/principal.ts';
import type { Scope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Targets } from './resource.ts';

export interface Decision {
  /** The short name of the type of token. */
  readonly type: 'access_token' | 'jwt';
  readonly clientId: string;
  /** The `sub` of the new token. */
  readonly sub: string;
  /** Where the subject came from, if not from here (RFC 9493 `iss_sub`). */
  readonly origin?: Principal;
  readonly targets: Targets;
  readonly scope: Scope;
  /** Seconds. */
  readonly lifetime: number;
  readonly chain: Chain;
  readonly mayAct?: JsonObject;
  /** Ids of the tokens that this one derives from, nearest first: by its subject, and by those who act. */
  readonly lineage: readonly string[];
  readonly actorLineage: readonly string[];
  /** How the subject authenticated: copied, never improved (RFC 9068 section 2.2.1). */
  readonly authentication: JsonObject;
}

declare const authorized: unique symbol;

/** Only `authorize` makes one, and scripts/check-layers.ts names the files that may call it: one a grant. */
export type Authorization = Decision & { readonly [authorized]: true };

export const authorize = (decision: Decision): Authorization => decision as Authorization;
