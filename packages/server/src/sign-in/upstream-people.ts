// Whom has the other provider signed in? What it said of them, kept for when tokens are issued and pages name them.

import { type ArtifactContext, artifactId, readArtifact, writeArtifact } from './artifacts.ts';
import type { People, Person } from './person.ts';

/** Seconds after the last sign-in for which it is kept. */
const KEPT = 2_592_000;

/**
 * Whoever has a name of the provider's is found: it alone knows who is still with it.
 * @param name of the provider, which stands before its subjects
 */
export function openUpstreamPeople(name: string, context: ArtifactContext): People {
  const idOf = (sub: string): string => artifactId('upstream person', sub);
  return {
    find: async (sub) => {
      if (!sub.startsWith(`${name}:`)) return undefined;
      const { username = sub, claims = {} } = (await readArtifact('id', idOf(sub), context))?.payload ?? {};
      return { sub, username, claims } as Person;
    },
    remember: ({ sub, username, claims }) => writeArtifact(idOf(sub), null, { username, claims }, KEPT, context),
  };
}
