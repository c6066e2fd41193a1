// People who can sign in, and the interface to those of the upstream provider.
import type { Principal } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

export interface Person {
  /** The name that the pages show. */
  readonly username: string;
  /** The subject in our tokens. */
  readonly sub: string;
  readonly claims: JsonObject;
}

/** People of the upstream provider. */
export interface People {
  /** The person's identity at the provider; undefined if the subject is not one of the provider's. */
  readonly originOf: (sub: string) => Principal | undefined;
  readonly find: (sub: string) => Promise<Person | undefined>;
  readonly remember: (person: Person) => Promise<void>;
}
