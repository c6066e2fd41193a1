// Verifies the kept texts of configurations: are the texts that rows refer to there, as they were in force?
import { digestText, listParts, shortDigest } from './configuration.ts';

export interface ConfigurationTexts {
  /** @param digest the one under which the text is stored; absent in an export, where the text alone counts */
  readonly add: (text: string, digest?: string) => void;
  /** The digest of a text of a configuration. @param digest whole, or as rows of decisions have it */
  readonly find: (digest: string) => string | undefined;
  /** The digest of a part that is not there, of those that a configuration lists. */
  readonly missingPart: (digest: string) => string | undefined;
  /** Digests under which another text is stored. */
  readonly altered: () => readonly string[];
}

export function collectTexts(): ConfigurationTexts {
  /** Of all texts; with the parts, if it is the text of a configuration. */
  const found = new Map<string, readonly string[] | undefined>();
  const short = new Map<string, string>();
  const altered: string[] = [];
  return {
    add: (text, stored) => {
      const digest = digestText(text);
      if (stored !== undefined && stored !== digest) altered.push(stored);
      const parts = listParts(text);
      found.set(digest, parts);
      if (parts !== undefined) short.set(shortDigest(digest), digest);
    },
    find: (digest) => (found.get(digest) === undefined ? short.get(digest) : digest),
    missingPart: (digest) => found.get(digest)?.find((part) => !found.has(part)),
    altered: () => altered,
  };
}

/** Reports each configuration once: many rows refer to the same one. */
export function createConfigurationCheck({ find, missingPart }: Pick<ConfigurationTexts, 'find' | 'missingPart'>): {
  readonly problemOf: (digest: string | undefined) => string | undefined;
} {
  const checked = new Set<string>();
  return {
    problemOf: (digest) => {
      if (digest === undefined || checked.has(digest)) return undefined;
      const whole = find(digest);
      checked.add(digest).add(shortDigest(digest));
      if (whole === undefined) return `was decided by the configuration ${digest}, whose text is not there`;
      const part = missingPart(whole);
      return part && `was decided by the configuration ${digest}, whose part ${part} is not there`;
    },
  };
}
