// People who can sign in, and the interface to those of the upstream provider.
import type { Principal } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

export interface Person {
  /** The name that the pages show. */
  readonly username: string;
  /** The subject in our tokens. */
  readonly sub: string;
  /** `unknown`: a person of the upstream provider who has not signed in here for a long time, or never. */
  readonly claims: JsonObject | 'unknown';
}

/** For what a person is told, or a client with their consent: nothing, if they are not known. */
export const shownClaims = ({ claims }: Pick<Person, 'claims'>): JsonObject => (claims === 'unknown' ? {} : claims);

/** People of the upstream provider. */
export interface People {
  /** The person's identity at the provider; undefined if the subject is not one of the provider's. */
  readonly originOf: (sub: string) => Principal | undefined;
  readonly find: (sub: string) => Promise<Person | undefined>;
  readonly remember: (person: Person) => Promise<void>;
}
