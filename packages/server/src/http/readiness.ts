// Says why a node is not ready, and what an operator should repair meanwhile, each with the time since when.
import type { Clock } from '../primitives/clock.ts';

/**
 * Conditions that make a node unready: a load balancer should use another one. The first process finds the last of them, if a worker
 * does not reply.
 */
export type Obstacle =
  | 'stopping'
  | 'database_unreachable'
  | 'rights_missing'
  | 'polling_behind'
  | 'change_pending'
  | 'worker_silent';
/** Conditions in which a node serves, and that an operator should repair. */
export type Warning =
  | 'configuration_faulty'
  | 'renewal_failed'
  | 'restart_needed'
  | 'rights_missing'
  | 'configurations_differ'
  | 'regions_unread'
  | 'replica_unread';

export interface Found {
  /** Milliseconds for which it has been so; undefined if nobody measures that. */
  readonly forMs?: number;
  /** Lines for the operator, with names of files and entries. A caller of the token endpoint never sees them. */
  readonly details?: readonly string[];
}

export interface Condition<Reason> {
  readonly reason: Reason;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly details: readonly string[];
}

export interface Readiness {
  readonly obstacles: readonly Condition<Obstacle>[];
  readonly warnings: readonly Condition<Warning>[];
}

type Finder = () => Found | undefined | Promise<Found | undefined>;
type Finders<Reason extends string> = Readonly<Record<Reason, Finder>>;

/** @returns a function that examines the node. A condition that nobody measures counts from the first examination that found it */
export function createReadiness(
  clock: Clock,
  finders: { readonly obstacles: Finders<Exclude<Obstacle, 'worker_silent'>>; readonly warnings: Finders<Warning> },
): () => Promise<Readiness> {
  const obstacles = createList(clock, finders.obstacles);
  const warnings = createList(clock, finders.warnings);
  return async () => ({ obstacles: await obstacles(), warnings: await warnings() });
}

function createList<Reason extends string>(clock: Clock, finders: Finders<Reason>) {
  const known = new Map<Reason, number>();
  return async (): Promise<readonly Condition<Reason>[]> => {
    const all: Condition<Reason>[] = [];
    const reasons = Object.keys(finders) as Reason[];
    // At the same time: more than one may wait for a database that does not answer.
    const examined = await Promise.all(reasons.map(async (reason) => ({ reason, found: await finders[reason]() })));
    for (const { reason, found } of examined) {
      if (found === undefined) {
        known.delete(reason);
        continue;
      }
      const since = known.get(reason) ?? Math.round(clock() - (found.forMs ?? 0));
      known.set(reason, since);
      all.push({ reason, since, details: found.details ?? [] });
    }
    return all;
  };
}

/** Who reads it: anybody who reaches the server, or those who reach the listener of the metrics. */
export type Reader = 'anybody' | 'operator';

/** @returns the members of a JSON answer; `anybody` reads no details */
export function describeReadiness({ obstacles, warnings }: Readiness, reader: Reader) {
  const list = (conditions: readonly Condition<string>[]) =>
    conditions.map(({ reason, since, details }) => ({
      reason,
      since: new Date(since).toISOString(),
      ...(reader === 'operator' && details.length > 0 && { details }),
    }));
  return {
    status: obstacles.length === 0 ? 'ok' : 'unavailable',
    ...(obstacles.length > 0 && { obstacles: list(obstacles) }),
    ...(warnings.length > 0 && { warnings: list(warnings) }),
  };
}
