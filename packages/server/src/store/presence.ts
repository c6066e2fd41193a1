// Do the nodes agree? Each says every few seconds that it is there and which text of the configuration it runs by.
import type { Clock } from '../primitives/clock.ts';
import { deleteNode, insertNode, listNodes } from './nodes.ts';
import type { Store } from './store.ts';

export interface Presence {
  /** Says it, where it is time to, and hears of the others. */
  readonly poll: () => Promise<void>;
  readonly nodes: () => number;
  /** Does every node run by the same text? Undefined where this one runs by no text. */
  readonly agree: () => boolean | undefined;
  readonly leave: () => Promise<void>;
}

/** Milliseconds between two times that a node says it is there. */
const EVERY = 5000;
/** Milliseconds after which a node that says nothing is gone; clocks may differ by some of them. */
const GONE = 60_000;

/** @param configuration a digest of the text in force */
export function announce(
  store: Store,
  { id, configuration, clock }: { id: string; configuration: () => string | undefined; clock: Clock },
): Presence {
  let said: { readonly at: number; readonly configuration: string } | undefined;
  let seen: readonly string[] = [];
  return {
    poll: async () => {
      const now = configuration();
      if (now === undefined) return;
      if (said?.configuration === now && performance.now() - said.at < EVERY) return;
      await insertNode(store, { id, configuration: now, seen_at: clock() });
      seen = (await listNodes(store, clock() - GONE)).map((row) => row.configuration);
      said = { at: performance.now(), configuration: now };
    },
    nodes: () => Math.max(1, seen.length),
    agree: () => (said === undefined ? undefined : new Set(seen).size <= 1),
    leave: async () => {
      if (said !== undefined) await deleteNode(store, id).catch(() => undefined);
    },
  };
}
