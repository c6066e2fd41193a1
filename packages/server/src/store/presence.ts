// Reports every few seconds that this node is there, and by which configuration, and reads the same of the others.
import type { Clock } from '../primitives/clock.ts';
import { deleteNode, insertNode, listNodes } from './nodes.ts';
import type { Store } from './store.ts';

export interface Presence {
  /** Reports and reads, where it is time to. */
  readonly poll: () => Promise<void>;
  readonly nodes: () => number;
  /** Does every node run by the same text? Undefined where the text of this one is not known. */
  readonly agree: () => boolean | undefined;
  readonly leave: () => Promise<void>;
}

/** Time between two reports of a node. */
const REPORT_MS = 5000;
/** A node is forgotten when its last report is older than this. Clocks may differ by a part of it. */
const GONE_MS = 60_000;

/** @param configuration a digest of the text in force */
export function announce(
  store: Store,
  { id, configuration, clock }: { id: string; configuration: () => string | undefined; clock: Clock },
): Presence {
  let reported: { readonly at: number; readonly configuration: string } | undefined;
  let running: readonly string[] = [];
  return {
    poll: async () => {
      const now = configuration();
      if (now === undefined) return;
      if (reported?.configuration === now && performance.now() - reported.at < REPORT_MS) return;
      await insertNode(store, { id, configuration: now, seen_at: clock() });
      running = (await listNodes(store, clock() - GONE_MS)).map((row) => row.configuration);
      reported = { at: performance.now(), configuration: now };
    },
    nodes: () => Math.max(1, running.length),
    agree: () => (reported === undefined ? undefined : new Set(running).size <= 1),
    leave: async () => {
      if (reported !== undefined) await deleteNode(store, id).catch(() => undefined);
    },
  };
}
