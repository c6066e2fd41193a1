// Holds the draft of the policy, which the pages Policy, Replay and Playground share: in memory, so that a reload of the page forgets it.
import { useSyncExternalStore } from 'react';
import type { paths } from '../../api/admin-api.ts';
import { ApiFailure } from '../../api/client.ts';

/** The files that differ from those in force, as `POST /policy/check` takes them. */
export type Draft = paths['/policy/check']['post']['requestBody']['content']['application/json'];

let held: Draft | undefined;
const listeners = new Set<() => void>();

/** @param draft undefined to go back to the files in force */
export function holdDraft(draft: Draft | undefined): void {
  held = draft;
  for (const listener of listeners) listener();
}

/** @returns undefined if the files in force are not changed */
export const useDraft = (): Draft | undefined => useSyncExternalStore(subscribe, () => held);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A draft that is too large, or needs too much time: a message beside the editor, and no page of its own. */
export const isAboutDraft = (error: unknown): error is ApiFailure =>
  error instanceof ApiFailure && [400, 413, 422].includes(error.status);
