// Reports every few seconds that this node is running and with which configuration, and reads the reports of the other nodes.
import type { Clock } from '../primitives/clock.ts';
import { deleteNode, insertNode, listKept, listNodes, listSeen } from './nodes.ts';
import type { NodeRow } from './schema.ts';
import type { Store } from './store.ts';

export interface Presence {
  /** Of this node. */
  readonly id: string;
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

/** @returns the digests of the kept configurations that nodes on this database reported last */
export const listRunning = (store: Store, now: number): Promise<readonly string[]> =>
  listKept(store, now - MAX_SILENCE_MS);

/** The nodes that reported lately, by id. */
export const listPresent = (store: Store, now: number): Promise<readonly NodeRow[]> =>
  listSeen(store, now - MAX_SILENCE_MS);

type Reported = Pick<NodeRow, 'configuration' | 'kept' | 'about'>;

const isSame = (a: Reported, b: Reported): boolean =>
  a.configuration === b.configuration && a.kept === b.kept && a.about === b.about;

/** @param report returns what this node reports of its configuration; undefined if it has none to report */
export function announce(
  store: Store,
  { id, report, clock }: { id: string; report: () => Reported | undefined; clock: Clock },
): Presence {
  let reported: (Reported & { readonly at: number }) | undefined;
  let configurations: readonly string[] = [];
  return {
    id,
    poll: async () => {
      const now = report();
      if (now === undefined) return;
      if (reported !== undefined && isSame(reported, now) && performance.now() - reported.at < REPORT_MS) return;
      await insertNode(store, { id, ...now, seen_at: clock() });
      configurations = (await listNodes(store, clock() - MAX_SILENCE_MS)).map((row) => row.configuration);
      reported = { at: performance.now(), ...now };
    },
    nodes: () => Math.max(1, configurations.length),
    agree: () => (reported === undefined ? undefined : new Set(configurations).size <= 1),
    leave: async () => {
      if (reported !== undefined) await deleteNode(store, id).catch(() => undefined);
    },
  };
}
