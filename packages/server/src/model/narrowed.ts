// The result of narrowing: targets, scope and lifetime of a new token, after every limit and check.
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Scope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Targets } from './resource.ts';

declare const narrowed: unique symbol;

/** Only `narrow` in narrowing/narrow.ts creates one. */
export interface Narrowed {
  readonly [narrowed]: true;
  readonly targets: Targets;
  readonly scope: Scope;
  /** Seconds. */
  readonly lifetime: number;
  /** How the subject authenticated: always copied (RFC 9068 section 2.2.1). */
  readonly authentication: JsonObject;
  /** The key that the new tokens are bound to. */
  readonly confirmation: Confirmation | undefined;
}
