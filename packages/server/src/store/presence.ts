// Reports every few seconds that this node is running and with which configuration, and reads the reports of the other nodes.
import type { Clock } from '../primitives/clock.ts';
import { deleteNode, insertNode, listNodes } from './nodes.ts';
import type { Store } from './store.ts';

export interface Presence {
  /** Reports and reads if the last report is old enough or the configuration has changed. */
  readonly poll: () => Promise<void>;
  readonly nodes: () => number;
  /** Do all nodes run the same configuration? Undefined if this node has not reported yet. */
  readonly agree: () => boolean | undefined;
  readonly leave: () => Promise<void>;
}

/** Time between two reports of a node. */
const REPORT_MS = 5000;
/** A node is deleted when its last report is older than this. The clocks of nodes may differ by part of it. */
const MAX_SILENCE_MS = 60_000;

/** @param configuration returns a digest of the text in force; undefined if there is none */
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
      running = (await listNodes(store, clock() - MAX_SILENCE_MS)).map((row) => row.configuration);
      reported = { at: performance.now(), configuration: now };
    },
    nodes: () => Math.max(1, running.length),
    agree: () => (reported === undefined ? undefined : new Set(running).size <= 1),
    leave: async () => {
      if (reported !== undefined) await deleteNode(store, id).catch(() => undefined);
    },
  };
}
