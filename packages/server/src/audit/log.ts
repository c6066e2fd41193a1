// Writes audit rows. They are committed in groups: one fsync for all rows that arrived during the previous one.
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { newId } from '../primitives/random.ts';
import { redactTokens } from '../primitives/redact.ts';
import { Refusal } from '../primitives/refusal.ts';
import { createRepeatable } from '../primitives/serial.ts';
import { auditInsertions, insertAuditRows, ROWS_AT_ONCE } from '../store/audit-rows.ts';
import type { OneRow } from '../store/one-row.ts';
import { commitInOne } from '../store/one-statement.ts';
import type { AuditColumns, AuditTexts, Database, NewAuditRow } from '../store/schema.ts';
import { commitTogetherIn } from '../store/sqlite.ts';
import { MAX_WAIT_MS, orUnavailable, type Store } from '../store/store.ts';
import type { Chains, Extension } from './chain.ts';
import type { AuditEvent } from './event.ts';
import { columnsOf, eventOf, textsOf } from './row.ts';

export interface AuditLog {
  /**
   * Commits the row, and the statements in the same transaction: in SQLite, with those of other requests.
   * @returns `not committed` if a condition of a statement does not hold, or if the database cannot run them in their order
   * @throws Refusal store_unavailable
   */
  readonly append: (event: AuditEvent, changes?: Changes) => Promise<'committed' | 'not committed'>;
  /**
   * Commits the row in one transaction with the request's other writes.
   * @throws Refusal store_unavailable, and any error of `write`
   */
  readonly appendWith: (
    event: AuditEvent,
    write: (transaction: Database) => Promise<void>,
    maxWaitMs?: number,
  ) => Promise<void>;
}

/** `any`: no statement depends on another one, or on being the only writer. */
export interface Changes {
  readonly statements: readonly OneRow[];
  readonly order: 'any' | 'one after the other';
}

/** Maximum wait for the row of a failed request. The cause is mostly the database, for which the caller has waited already. */
const MAX_WAIT_AFTER_FAILURE_MS = 200;

/** While the disk is busy without pause, rows are gathered for a quarter of the time of the last commit, and at most for so long. */
const MAX_GATHER_MS = 5;

type Unlinked = AuditColumns & AuditTexts;
type CompiledStatement = ReturnType<ReturnType<OneRow>['compile']>;

interface Waiting {
  readonly row: Unlinked;
  readonly statements: readonly CompiledStatement[];
  /** Arrival and deadline, in milliseconds of `performance.now()`. */
  readonly since: number;
  readonly until: number;
  readonly resolve: (outcome: 'committed' | 'not committed') => void;
  readonly reject: (error: unknown) => void;
}

export function createAuditLog(store: Store, chains: Chains): AuditLog {
  const waiting: Waiting[] = [];
  const commitGroup = createGroupCommit(store, chains);

  const commit = async (group: Group): Promise<void> => {
    try {
      const failed = await commitGroup(group);
      // If one failed, none was committed: the others are tried again.
      const [refuted, others] = partition(group, (_one, index) => failed.includes(index));
      if (refuted.length > 0) waiting.unshift(...others);
      else for (const { resolve } of others) resolve('committed');
      for (const { resolve } of refuted) resolve('not committed');
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  };

  /** Milliseconds of the last two commits. One that was slow, for a lock, says nothing of the next; two do, of a slow disk. */
  let took: readonly [number, number] = [0, 0];

  const flush = createRepeatable(async () => {
    let gatherMs = 0;
    while (waiting.length > 0) {
      // Rows that arrive in the same turn of the event loop form one group.
      await nextTurn();
      // Callers that were just answered ask again: one commit for them and for the others costs less than two.
      if (gatherMs >= 1) await wait(gatherMs);
      const now = performance.now();
      // What would be committed too late is not begun: with its 503, nothing was committed, and a code can be sent again. In half of its
      // time, every request can begin.
      const isLate = ({ since, until }: Waiting): boolean => until - now <= Math.min(...took, (until - since) / 2);
      const [late, group] = partition(waiting.splice(0, ROWS_AT_ONCE), isLate);
      for (const { reject } of late) reject(new Refusal('store_unavailable', { detail: 'no answer in time' }));
      if (isGroup(group)) await commit(group);
      took = [performance.now() - now, took[0]];
      gatherMs = Math.min(took[0] / 4, MAX_GATHER_MS);
    }
  });

  const enqueue = (
    row: Unlinked,
    statements: readonly CompiledStatement[],
    maxWaitMs: number,
  ): Promise<'committed' | 'not committed'> =>
    new Promise((resolve, reject) => {
      const since = performance.now();
      waiting.push({ row, statements, since, until: since + maxWaitMs, resolve, reject });
      flush();
    });

  const commitWith = createLoneCommit(store, chains);
  const commitAtOnce = commitTogetherIn(store) === undefined ? createCommitInOne(store, chains) : undefined;

  return {
    append: async (event, { statements, order } = { statements: [], order: 'any' }) => {
      const isAtOnce = commitAtOnce !== undefined && statements.length > 0;
      if (isAtOnce && order !== 'any') return 'not committed';
      const compiled = statements.map((one) => one(store).compile());
      const row = toRow(event);
      if (isAtOnce) return commitAtOnce(row, compiled);
      if (event.outcome !== 'failed') return enqueue(row, compiled, MAX_WAIT_MS);
      return orUnavailable(enqueue(row, compiled, MAX_WAIT_AFTER_FAILURE_MS), MAX_WAIT_AFTER_FAILURE_MS);
    },
    appendWith: (event, write, maxWaitMs = MAX_WAIT_MS) =>
      orUnavailable(commitWith(toRow(event), write, maxWaitMs), maxWaitMs),
  };
}

/** @returns a function for PostgreSQL that commits a row and the statements of its request in one statement */
function createCommitInOne(store: Store, chains: Chains) {
  return async (row: Unlinked, statements: readonly CompiledStatement[]): Promise<'committed' | 'not committed'> => {
    const until = performance.now() + MAX_WAIT_MS;
    let extension = undefined as Extension | undefined;
    const commit = async (connection: Database): Promise<boolean> => {
      // As in a transaction of its own: nothing is committed for a caller that has its 503.
      if (performance.now() >= until) throw new Error('no answer in time');
      extension = chains.extend([row]);
      const [linked] = link([row], extension);
      return linked !== undefined && commitInOne(connection, linked, statements);
    };
    try {
      const isCommitted = await orUnavailable(store.connection().execute(commit));
      if (isCommitted) extension?.committed();
      else extension?.withdrawn();
      return isCommitted ? 'committed' : 'not committed';
    } catch (error) {
      extension?.lost();
      throw error;
    }
  };
}

/** @returns a function that commits a row with other writes, in a transaction of its own */
function createLoneCommit(store: Store, chains: Chains) {
  return async (row: Unlinked, write: (transaction: Database) => Promise<void>, maxWaitMs: number): Promise<void> => {
    const until = performance.now() + maxWaitMs;
    let extension = undefined as Extension | undefined;
    try {
      await store.transaction().execute(async (transaction) => {
        // Its caller has the 503. Otherwise transactions for nobody could delay all others, whose callers repeat them, for ever.
        if (performance.now() >= until) throw new Error('no answer in time');
        await write(transaction);
        extension = chains.extend([row]);
        await insertAuditRows(transaction, link([row], extension));
      });
      extension?.committed();
    } catch (error) {
      extension?.lost();
      throw error;
    }
  };
}

/** @returns a function that commits a group, and returns the positions of those whose conditions do not hold: if any, nothing was committed */
function createGroupCommit(store: Store, chains: Chains): (group: Group) => Promise<readonly number[]> {
  const together = commitTogetherIn(store);
  const write = async (group: Group, rows: readonly NewAuditRow[], maxWaitMs: number): Promise<readonly number[]> => {
    if (together === undefined) {
      await insertAuditRows(store, rows);
      return [];
    }
    const units = group.map(({ statements }) => statements);
    return together({ units, last: auditInsertions(store, rows), maxWaitMs });
  };
  return async (group) => {
    const unlinked = group.map(({ row }) => row);
    const extension = chains.extend(unlinked);
    try {
      // The first row of the group has the earliest deadline, so one timer is enough.
      const maxWaitMs = group[0].since + MAX_WAIT_MS - performance.now();
      const failed = await orUnavailable(write(group, link(unlinked, extension), maxWaitMs), maxWaitMs);
      if (failed.length === 0) extension.committed();
      else extension.withdrawn();
      return failed;
    } catch (error) {
      extension.lost();
      throw error;
    }
  };
}

type Group = readonly [Waiting, ...Waiting[]];

const isGroup = (some: readonly Waiting[]): some is Group => some.length > 0;

function partition<T>(all: readonly T[], isFirst: (one: T, index: number) => boolean): readonly [T[], T[]] {
  const parts: readonly [T[], T[]] = [[], []];
  for (const [index, one] of all.entries()) parts[isFirst(one, index) ? 0 : 1].push(one);
  return parts;
}

/** Redacts tokens in all fields, in the texts and in the columns: a caller may put one anywhere. */
function toRow(event: AuditEvent): Unlinked {
  const texts = textsOf(event, newId());
  const safe = { event: redactTokens(texts.event), personal: redactTokens(texts.personal) };
  const isSafe = safe.event === texts.event && safe.personal === texts.personal;
  return { ...columnsOf(isSafe ? event : eventOf(safe)), ...safe };
}

const link = (rows: readonly Unlinked[], { links }: Extension) =>
  rows.map((row, index) => ({ ...row, ...(links[index] as (typeof links)[number]) }));
