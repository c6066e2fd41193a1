// Whom has the other provider signed in? What it said of them, kept for when tokens are issued and pages name them.
import type { Principal } from '../primitives/principal.ts';
import { type ArtifactContext, artifactId, readArtifact, writeArtifact } from './artifacts.ts';
import type { People, Person } from './person.ts';

/** Seconds after the last sign-in for which it is kept. */
const KEPT = 2_592_000;

/**
 * Whoever has a name of the provider's is found: it alone knows who is still with it. Another provider may take the name over, so
 * that a person is an issuer and a subject there, and what is kept of them is found by both.
 * @param provider its name stands before its subjects
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
      const { username = sub, claims = {} } = (await readArtifact('id', idOf(sub), context))?.payload ?? {};
      return { sub, username, claims } as Person;
    },
    remember: ({ sub, username, claims }) => writeArtifact(idOf(sub), null, { username, claims }, KEPT, context),
  };
}
