// Examines whether a node can serve: its database, its polling, and the changes that wait to be in force.
import type { Base } from './base.ts';
import type { BrokenRenewal } from './config/configuration.ts';
import { ConfigurationError } from './config/fault.ts';
import type { Waiting } from './config/restart.ts';
import { createReadiness, type Found, type Readiness } from './http/readiness.ts';
import type { Clock } from './primitives/clock.ts';
import type { PeerState } from './regions/regions.ts';
import type { Presence } from './store/presence.ts';
import { findMissingRights } from './store/rights.ts';
import { isReachable, orUnavailable } from './store/store.ts';

/** What an operator must repair, and when it was first seen. */
interface Noted {
  readonly since: number;
  readonly details: readonly string[];
}

export interface NodeState {
  stopping: boolean;
  /** Milliseconds for which a change has waited to be in force. */
  pendingFor: () => number;
  readonly isFaulty: () => boolean;
  readonly broken: () => readonly BrokenRenewal[];
  /** The file is invalid. */
  readonly noteFault: (error: unknown) => void;
  readonly clearFault: () => void;
  /** The renewed files that are unusable now. */
  readonly noteBroken: (broken: readonly BrokenRenewal[]) => void;
  /** The values of the file that wait for a restart now. */
  readonly noteWaiting: (waiting: readonly Waiting[]) => void;
  readonly warnings: () => Readonly<
    Record<'configuration_faulty' | 'renewal_failed' | 'restart_needed', Noted | undefined>
  >;
}

export function createNodeState(clock: Clock): NodeState {
  let faults: Noted | undefined;
  let broken: readonly BrokenRenewal[] = [];
  let brokenSince = 0;
  let waiting: Noted | undefined;
  return {
    stopping: false,
    pendingFor: () => 0,
    isFaulty: () => faults !== undefined,
    broken: () => broken,
    noteFault: (error) => {
      const details = error instanceof ConfigurationError ? error.places() : [];
      faults = { since: faults?.since ?? clock(), details };
    },
    clearFault: () => {
      faults = undefined;
    },
    noteBroken: (next) => {
      if (broken.length === 0) brokenSince = clock();
      broken = next;
    },
    noteWaiting: (next) => {
      const details = next.map(({ text }) => text);
      waiting = details.length === 0 ? undefined : { since: waiting?.since ?? clock(), details };
    },
    warnings: () => ({
      configuration_faulty: faults,
      renewal_failed:
        broken.length === 0
          ? undefined
          : { since: brokenSince, details: broken.map(({ entry, message }) => `${entry}: ${message}`) },
      restart_needed: waiting,
    }),
  };
}

/** Regions that were not read for too long: their tokens are refused here, or the parties that they suspended are not. */
function findUnread(states: readonly PeerState[]): Found | undefined {
  const unread = states.filter(({ isFresh, knowsSuspended }) => !(isFresh && knowsSuspended));
  if (unread.length === 0) return undefined;
  const ages = unread.flatMap(({ age }) => age ?? []);
  return {
    ...(ages.length > 0 && { forMs: Math.max(...ages) }),
    details: unread.map(({ name, failure }) => `${name}: ${failure ?? 'not read yet'}`),
  };
}

/** A node is not ready while a change has waited longer than this to be in force. */
const MAX_PENDING_MS = 5000;

export function examineNode(
  state: NodeState,
  { clock, store, readers, freshness, regions }: Base,
  presence: Presence,
): () => Promise<Readiness> {
  const foundIf = (holds: boolean): Found | undefined => (holds ? {} : undefined);
  const foundIn = (noted: Noted | undefined): Found | undefined =>
    noted && { forMs: clock() - noted.since, details: noted.details };
  // If the database fails, another obstacle says so.
  const missingRights = () => orUnavailable(findMissingRights(store)).catch(() => undefined);
  return createReadiness(clock, {
    obstacles: {
      stopping: () => foundIf(state.stopping),
      database_unreachable: async () => foundIf(!(await isReachable(store))),
      rights_missing: async () => {
        const missing = await missingRights();
        return missing?.grantsNothing ? { details: [missing.text] } : undefined;
      },
      polling_behind: () => foundIf(!freshness.isFresh()),
      change_pending: () => {
        const forMs = state.pendingFor();
        return forMs > MAX_PENDING_MS ? { forMs } : undefined;
      },
    },
    warnings: {
      configuration_faulty: () => foundIn(state.warnings().configuration_faulty),
      renewal_failed: () => foundIn(state.warnings().renewal_failed),
      restart_needed: () => foundIn(state.warnings().restart_needed),
      rights_missing: async () => {
        const missing = await missingRights();
        return missing && !missing.grantsNothing ? { details: [missing.text] } : undefined;
      },
      regions_unread: () => findUnread(regions?.states() ?? []),
      replica_unread: () => {
        const failure = readers.failure();
        return failure && { forMs: failure.forMs, details: [failure.why] };
      },
      configurations_differ: () => foundIf(presence.agree() === false),
    },
  });
}
