// Stores the claims of people whom the upstream provider has signed in, for later tokens and pages.
import type { Principal } from '../primitives/principal.ts';
import { type ArtifactContext, artifactId, readArtifact, writeArtifact } from './artifacts.ts';
import type { People, Person } from './person.ts';

/** Counted from the last sign-in. */
const LIFETIME_SECONDS = 2_592_000;

/**
 * Finds every subject with the provider's prefix: only the provider knows whether the person still exists. The prefix may be given to
 * another provider later, so rows are found by issuer and subject together.
 * @param provider its name is the prefix of its subjects
 */
export function openUpstreamPeople(
  { issuer, name }: { readonly issuer: string; readonly name: string },
  context: ArtifactContext,
): People {
  const originOf = (sub: string): Principal | undefined =>
    sub.startsWith(`${name}:`) ? { iss: issuer, sub: sub.slice(name.length + 1) } : undefined;
  const idOf = (sub: string): string => artifactId('upstream person', JSON.stringify([issuer, sub]));
  return {
    originOf,
    find: async (sub) => {
      if (originOf(sub) === undefined) return undefined;
      const { username = sub, claims = 'unknown' } = (await readArtifact('id', idOf(sub), context))?.payload ?? {};
      return { sub, username, claims } as Person;
    },
    remember: ({ sub, username, claims }) =>
      writeArtifact(idOf(sub), null, { username, claims }, LIFETIME_SECONDS, context),
  };
}
