// Which clients, audiences and scopes did requests use? Reads the database, or collects the events of an export.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseOwnJson } from '../primitives/strict-json.ts';
import type { AuditPlace } from '../store/audit-conditions.ts';
import { findFirstRowTime, findLastUse, readUse, type UsedBy, type UseGroup } from '../store/audit-use.ts';
import type { Database } from '../store/schema.ts';
import type { AuditEvent, ShadowTrace } from './event.ts';
import { termOf } from './term.ts';

export type { UsedBy };

/** Names that a rule or a client lists. */
export interface Names {
  readonly clients: ReadonlySet<string>;
  readonly audiences: ReadonlySet<string>;
  readonly scopes: ReadonlySet<string>;
}

/** Reports what requests used since a time. `unknown`: reading the rows took too long. */
export interface UseReader {
  /** Milliseconds since 1970; undefined if there are no rows. */
  readonly begins: () => Promise<number | undefined>;
  /** The last row of a rule or client, also from before that time. */
  readonly lastUse: (by: UsedBy, name: string) => Promise<number | undefined>;
  /** The names among those wanted that no row has. */
  readonly unused: (by: UsedBy, name: string, wanted: Names) => Promise<Names | 'unknown'>;
  /** Has a rule in audit mode decided something for one of these clients? */
  readonly hasShadow: (rule: string, clients: ReadonlySet<string> | 'any') => Promise<boolean | 'unknown'>;
}

/** Rows of one statement. SQLite blocks the event loop while it reads them. */
const ROWS_AT_ONCE = 2000;

/** @param until in milliseconds of `performance.now()`: afterwards, names are unknown */
export function createUseReader(database: Database, since: number, until: number): UseReader {
  /** @returns whether `take` stopped the reading, or all rows were read */
  const walk = async (
    of: { by: UsedBy; term: string } | undefined,
    read: 'names' | 'shadows',
    take: (groups: readonly UseGroup[]) => boolean,
  ): Promise<'stopped' | 'read' | 'unknown'> => {
    let before: AuditPlace | undefined;
    do {
      if (performance.now() > until) return 'unknown';
      const { groups, end } = await readUse(database, { of, since, before, limit: ROWS_AT_ONCE, read });
      if (take(groups)) return 'stopped';
      before = end;
      await nextTurn();
    } while (before !== undefined);
    return 'read';
  };
  return {
    begins: () => findFirstRowTime(database),
    lastUse: async (by, name) => {
      await nextTurn();
      return findLastUse(database, by, termOf(name) ?? '');
    },
    unused: async (by, name, wanted) => {
      const left = copyOf(wanted);
      const ended = await walk({ by, term: termOf(name) ?? '' }, 'names', (groups) => {
        for (const group of groups) removeUsed(left, group);
        return left.clients.size + left.audiences.size + left.scopes.size === 0;
      });
      return ended === 'unknown' ? ended : left;
    },
    hasShadow: async (rule, clients) => {
      const ranges =
        clients === 'any' ? [undefined] : [...clients].map((id) => ({ by: 'client', term: termOf(id) ?? '' }) as const);
      for (const of of ranges) {
        const ended = await walk(of, 'shadows', (groups) =>
          groups.some(({ shadows }) => listOf<ShadowTrace>(shadows).some((shadow) => shadow.rule === rule)),
        );
        if (ended !== 'read') return ended === 'stopped' ? true : ended;
      }
      return false;
    },
  };
}

interface Left {
  readonly clients: Set<string>;
  readonly audiences: Set<string>;
  readonly scopes: Set<string>;
}

const copyOf = ({ clients, audiences, scopes }: Names): Left => ({
  clients: new Set(clients),
  audiences: new Set(audiences),
  scopes: new Set(scopes),
});

function removeUsed(left: Left, { client, targets, scopeGiven, scopeAsked }: UseGroup): void {
  for (const id of left.clients) if (termOf(id) === client) left.clients.delete(id);
  for (const name of listOf<string>(targets)) left.audiences.delete(name);
  for (const name of [...listOf<string>(scopeGiven), ...listOf<string>(scopeAsked)]) left.scopes.delete(name);
}

const listOf = <T>(json: string | null): readonly T[] => (json === null ? [] : parseOwnJson<readonly T[]>(json));

/** Collects the use of a log that is read line by line. */
export interface UseTally extends UseReader {
  readonly add: (event: AuditEvent) => void;
}

interface Tally {
  last: number;
  readonly used: Left;
}

/** @param scopes of all resources. Callers choose the scopes that they ask for, and others are not kept */
export function createUseTally(since: number, scopes: ReadonlySet<string>): UseTally {
  const tallies = new Map<string, Tally>();
  const shadows = new Set<string>();
  let begins: number | undefined;
  const add = (key: string, { client, targets = [], scopeGiven = [], scopeAsked = [], ...event }: AuditEvent): void => {
    const empty = { last: event.time, used: { clients: new Set(), audiences: new Set(), scopes: new Set() } } as Tally;
    const tally = tallies.get(key) ?? empty;
    tallies.set(key, tally);
    tally.last = Math.max(tally.last, event.time);
    if (event.time < since) return;
    if (client !== undefined) tally.used.clients.add(client);
    for (const name of targets) tally.used.audiences.add(name);
    for (const name of [...scopeGiven, ...(event.outcome === 'issued' ? [] : scopeAsked)])
      if (scopes.has(name)) tally.used.scopes.add(name);
  };
  return {
    add: (event) => {
      const { time, rule, client } = event;
      begins = Math.min(begins ?? time, time);
      if (rule !== undefined) add(`rule ${rule}`, event);
      if (client !== undefined) add(`client ${client}`, event);
      if (time >= since) for (const shadow of event.shadows ?? []) shadows.add(shadow.rule);
    },
    begins: async () => begins,
    lastUse: async (by, name) => tallies.get(`${by} ${name}`)?.last,
    unused: async (by, name, { clients, audiences, scopes }) => {
      const { used } = tallies.get(`${by} ${name}`) ?? { used: undefined };
      if (used === undefined) return { clients, audiences, scopes };
      return {
        clients: clients.difference(used.clients),
        audiences: audiences.difference(used.audiences),
        scopes: scopes.difference(used.scopes),
      };
    },
    hasShadow: async (rule) => shadows.has(rule),
  };
}
