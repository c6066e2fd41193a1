// What a new token may be, after every limit: targets, scope, lifetime, and what the targets asked of subject and caller.
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Scope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Targets } from './resource.ts';

declare const narrowed: unique symbol;

/** Only `narrow` of narrowing/narrow.ts makes one. */
export interface Narrowed {
  readonly [narrowed]: true;
  readonly targets: Targets;
  readonly scope: Scope;
  /** Seconds. */
  readonly lifetime: number;
  /** How the subject authenticated: copied, never improved (RFC 9068 section 2.2.1). */
  readonly authentication: JsonObject;
  /** The key that the new tokens are bound to. */
  readonly confirmation: Confirmation | undefined;
}
