// Who can sign in here, and who keeps them?
import type { Principal } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

export interface Person {
  /** What they know themselves as. */
  readonly username: string;
  /** Their name in our tokens. */
  readonly sub: string;
  readonly claims: JsonObject;
}

/** People whom somebody else has signed in. */
export interface People {
  /** Who they are at their provider; undefined where this is nobody of it. */
  readonly originOf: (sub: string) => Principal | undefined;
  readonly find: (sub: string) => Promise<Person | undefined>;
  readonly remember: (person: Person) => Promise<void>;
}
