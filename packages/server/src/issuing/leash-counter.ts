// Counts new tokens against the limits of clients and actors, in the transaction that issues them: on all nodes exactly.
import type { Write } from '../audit/write.ts';
import type { Leash, LeashLimits } from '../model/leash.ts';
import { type Reason, Refusal } from '../primitives/refusal.ts';
import { createTurns } from '../primitives/serial.ts';
import { parseOwnJson } from '../primitives/strict-json.ts';
import {
  countLiving,
  countUse,
  deleteLiving,
  findUse,
  insertLiving,
  insertUse,
  listCounted,
  listLiving,
  livingWithin,
  recordedUse,
  useWithin,
} from '../store/leash-uses.ts';
import type { OneRow } from '../store/one-row.ts';
import type { Database, LeashTokenRow } from '../store/schema.ts';
import type { Revocable, StoredRevocations } from './revocations.ts';

/** New tokens of one request. */
export interface CountedTokens {
  readonly leashes: readonly Leash[];
  readonly tokens: readonly { readonly id: string; readonly expiresAt: number }[];
  /** The facts that decide whether they are revoked, without their ids. */
  readonly facts: Omit<Revocable, 'id'>;
}

/** Limits that count tokens. The others only limit their time. */
export const countingLeashes = (leashes: readonly Leash[]): readonly Leash[] =>
  leashes.filter(({ limits: { perMinute, perDay, descendants } }) =>
    [perMinute, perDay, descendants].some((limit) => limit !== 'unbounded'),
  );

export interface LeashCounter {
  /** Refuses without a query what must be refused until a known time. @throws Refusal actor_limit_minute, actor_limit_day */
  readonly refuseEarly: (leashes: readonly Leash[]) => void;
  /** Runs the requests that count for the same limit one after the other, so that they hold one connection. */
  readonly inTurn: <T>(leashes: readonly Leash[], work: () => Promise<T>) => Promise<T>;
  /** @returns a write that throws Refusal actor_limit_minute, actor_limit_day, actor_limit_descendants */
  readonly count: (counted: CountedTokens, now: number) => Write;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The windows, by the member that limits them. */
const WINDOWS = [
  { limit: 'perMinute', ms: MINUTE_MS, reason: 'actor_limit_minute', words: 'a minute' },
  { limit: 'perDay', ms: DAY_MS, reason: 'actor_limit_day', words: 'a day' },
] as const satisfies readonly {
  readonly limit: keyof LeashLimits;
  readonly ms: number;
  readonly reason: Reason;
  readonly words: string;
}[];

/** Remembers until when a limit is reached. Until then no token can be issued, whatever other nodes do. */
function createReached(clock: () => number) {
  const until = new Map<string, { readonly time: number; readonly refusal: Refusal }>();
  return {
    add: (key: string, refusal: Refusal, waitMs: number): Refusal => {
      // Beyond this number, the database decides.
      if (until.size >= MAX_REACHED) until.clear();
      until.set(key, { time: clock() + waitMs, refusal });
      return refusal;
    },
    refuse: (key: string): void => {
      const found = until.get(key);
      if (found === undefined) return;
      const left = found.time - clock();
      // After the clock was set back, the database decides.
      if (left > 0 && left <= DAY_MS) throw refusalOf(found.refusal.reason, left, found.refusal.detail);
      until.delete(key);
    },
  };
}

const MAX_REACHED = 10_000;

/** @param clock milliseconds since 1970 */
export function createLeashCounter(
  clock: () => number,
  revocations: Pick<StoredRevocations, 'isRevoked'>,
): LeashCounter {
  const reached = createReached(clock);
  const inTurn = createTurns();
  const isRevoked = ({ token, facts }: LeashTokenRow): boolean =>
    revocations.isRevoked({ ...parseOwnJson<CountedTokens['facts']>(facts), id: token });
  return {
    refuseEarly: (leashes) => {
      for (const { key } of leashes) reached.refuse(key);
    },
    inTurn: (leashes, work) =>
      inTurn(
        leashes.map(({ key }) => key),
        work,
      ),
    count: (counted, now) => ({
      needsOneWriter: true,
      statements: counted.leashes.flatMap((leash) => statementsOf(leash, counted, now)),
      run: async (transaction) => {
        for (const leash of counted.leashes) {
          const found = await countRequest(transaction, leash, now);
          if (found !== undefined) throw reached.add(leash.key, found.refusal, found.waitMs);
        }
        for (const leash of counted.leashes) await countTokens(transaction, leash, counted, { now, isRevoked });
      },
    }),
  };
}

const windowsOf = ({ limits }: Leash) => WINDOWS.filter(({ limit }) => limits[limit] !== 'unbounded');

const longest = (windows: readonly { readonly ms: number }[]): number => Math.max(...windows.map(({ ms }) => ms));

const rowOf = (
  key: string,
  { id, expiresAt }: CountedTokens['tokens'][number],
  { facts }: CountedTokens,
): LeashTokenRow => ({ leash: key, token: id, facts: JSON.stringify(facts), expires_at: expiresAt * 1000 });

/** Counts as `countRequest` and `countTokens` do, if no limit is reached. */
function statementsOf(leash: Leash, counted: CountedTokens, now: number): readonly OneRow[] {
  const { key, limits } = leash;
  const { descendants } = limits;
  const windows = windowsOf(leash).map(({ limit, ms }) => ({ allowed: Number(limits[limit]), ms }));
  const tokens = descendants === 'unbounded' ? [] : counted.tokens;
  return [
    useWithin(key, windows, now),
    ...(windows.length > 0 ? [recordedUse(key, longest(windows))] : []),
    ...tokens.map((token) => livingWithin(rowOf(key, token, counted), Number(descendants), now)),
  ];
}

/** @returns the refusal if a limit is reached */
async function countRequest(
  transaction: Database,
  leash: Leash,
  now: number,
): Promise<{ readonly refusal: Refusal; readonly waitMs: number } | undefined> {
  const { key, name, limits } = leash;
  // Also if only valid tokens are counted: other transactions wait for this one.
  const use = await countUse(transaction, key, now);
  const windows = windowsOf(leash);
  for (const { limit, ms, reason, words } of windows) {
    const allowed = Number(limits[limit]);
    const first = await findUse(transaction, key, { ...use, number: use.number - allowed });
    if (first === undefined || first <= use.time - ms) continue;
    const waitMs = first + ms - use.time;
    return { refusal: refusalOf(reason, waitMs, `${name} may have ${allowed} requests in ${words}`), waitMs };
  }
  if (windows.length > 0) await insertUse(transaction, key, use, longest(windows));
  return undefined;
}

/** @throws Refusal actor_limit_descendants */
async function countTokens(
  transaction: Database,
  { key, name, limits: { descendants } }: Leash,
  wanted: CountedTokens,
  { now, isRevoked }: { readonly now: number; readonly isRevoked: (row: LeashTokenRow) => boolean },
): Promise<void> {
  if (descendants === 'unbounded') return;
  const { tokens: issued } = wanted;
  const ids = issued.map(({ id }) => id);
  // A refresh issues a token of a family that is counted already.
  const counted = await listCounted(transaction, key, ids);
  const tokens = issued.filter(({ id }) => !counted.includes(id));
  if ((await countLiving(transaction, key, now)) + tokens.length > descendants) {
    const living = await listLiving(transaction, key, now);
    const { revoked = [], kept = [] } = Object.groupBy(living, (row) => (isRevoked(row) ? 'revoked' : 'kept'));
    if (kept.length + tokens.length > descendants) {
      const waitMs = Number(kept[0]?.expires_at ?? now) - now;
      throw refusalOf('actor_limit_descendants', waitMs, `${name} may have ${descendants} valid tokens`);
    }
    await deleteLiving(
      transaction,
      key,
      revoked.map(({ token }) => token),
    );
  }
  await insertLiving(
    transaction,
    tokens.map((token) => rowOf(key, token, wanted)),
  );
}

/** `Retry-After` is in whole seconds, rounded up. */
const refusalOf = (reason: Reason, waitMs: number, detail: string | undefined): Refusal =>
  new Refusal(reason, {
    ...(detail !== undefined && { detail }),
    headers: { 'Retry-After': String(Math.max(1, Math.ceil(waitMs / 1000))) },
  });
