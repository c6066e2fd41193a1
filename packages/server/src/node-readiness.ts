// Examines whether a node can serve: its database, its polling, and the changes that wait to be in force.
import type { Base } from './base.ts';
import { createReadiness, type Found, type Readiness } from './http/readiness.ts';
import type { Presence } from './store/presence.ts';
import { isReachable } from './store/store.ts';

export interface NodeState {
  stopping: boolean;
  /** The places of the faults of an invalid file; undefined while the file is valid. */
  faults: readonly string[] | undefined;
  /** Milliseconds for which a change has waited to be in force. */
  pendingFor: () => number;
}

/** A node is not ready while a change has waited longer than this to be in force. */
const MAX_PENDING_MS = 5000;

export function examineNode(
  state: NodeState,
  { clock, store, freshness }: Base,
  presence: Presence,
): () => Promise<Readiness> {
  const foundIf = (holds: boolean): Found | undefined => (holds ? {} : undefined);
  return createReadiness(clock, {
    obstacles: {
      stopping: () => foundIf(state.stopping),
      database_unreachable: async () => foundIf(!(await isReachable(store))),
      polling_behind: () => foundIf(!freshness.isFresh()),
      change_pending: () => {
        const forMs = state.pendingFor();
        return forMs > MAX_PENDING_MS ? { forMs } : undefined;
      },
    },
    warnings: {
      configuration_faulty: () => state.faults && { details: state.faults },
      renewal_failed: () => undefined,
      configurations_differ: () => foundIf(presence.agree() === false),
    },
  });
}
