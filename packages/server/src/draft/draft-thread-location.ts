// Says where the program of the thread of drafts is. A build in one file replaces this module.

/** Of the sources, or of the built package, where this file is part of a chunk. */
export const draftThread = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './draft-thread.ts' : './draft/draft-thread.js', import.meta.url);
