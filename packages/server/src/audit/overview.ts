// Makes a series of requests over time: how many got a token, why others did not, how long they took, for which audience and client.
import {
  type BucketCount,
  bucketsOf,
  type DurationCount,
  type NamedCounts,
  readCounts,
  readIssuedFor,
} from '../store/audit-counts.ts';
import { readDerived, readDerivedPosition } from '../store/audit-derived.ts';
import { findTimeAt } from '../store/audit-search.ts';
import type { Database } from '../store/schema.ts';
import type { RowMark } from './search.ts';

/** Milliseconds in which a share of the requests that got a token were decided; absent if none got one. */
export interface Durations {
  readonly p50?: number;
  readonly p99?: number;
}

interface Requests extends Durations {
  readonly issued: number;
  readonly refused: number;
  /** Requests that failed by a fault of the server. */
  readonly failed: number;
}

/** The requests of one audience or client. `name` is absent for all others together. */
export interface NamedSeries {
  readonly name?: string;
  readonly issued: number;
  /** With those that failed. */
  readonly refused: number;
  /** By bucket. */
  readonly issuedIn: readonly number[];
  readonly refusedIn: readonly number[];
}

export interface ReasonSeries {
  readonly outcome: 'refused' | 'failed';
  readonly reason: string;
  readonly count: number;
  readonly countIn: readonly number[];
}

export interface Overview {
  /** ISO 8601. The period is widened to whole buckets. */
  readonly since: string;
  readonly until: string;
  readonly bucketSeconds: number;
  readonly total: Requests;
  readonly buckets: readonly (Requests & { readonly start: string })[];
  /** The most frequent first. */
  readonly reasons: readonly ReasonSeries[];
  /** The durations are absent where some of them are not counted by audience. */
  readonly audiences: readonly (NamedSeries & Durations)[];
  readonly clients: readonly NamedSeries[];
  /** The last row that is counted. Newer rows follow within a second. */
  readonly countedUpTo: RowMark;
}

/** @param period.top the number of audiences and of clients that are listed by name */
export async function readOverview(
  database: Database,
  { since, until, top }: { readonly since: number; readonly until: number; readonly top: number },
): Promise<Overview> {
  const buckets = bucketsOf(since, until);
  const { start, length, count } = buckets;
  const { position, time, counts } = await readDerived(database, async () => {
    const position = await readDerivedPosition(database);
    return { position, time: await findTimeAt(database, position), counts: await readCounts(database, buckets, top) };
  });
  const byBucket = Map.groupBy(counts.totals, ({ bucket }) => bucket);
  return {
    since: isoOf(start),
    until: isoOf(start + count * length),
    bucketSeconds: length / 1000,
    total: requestsOf(counts.totals),
    buckets: Array.from({ length: count }, (_, index) => ({
      start: isoOf(start + index * length),
      ...requestsOf(byBucket.get(index) ?? []),
    })),
    reasons: reasonsOf(counts.totals, count),
    audiences: seriesOf(counts.audiences, 'issuedFor', count).map((one) => ({
      ...one,
      ...durationsFor(one, counts.durations),
    })),
    clients: seriesOf(counts.clients, 'issuedTo', count),
    countedUpTo: { position, time: time === undefined ? undefined : isoOf(time) },
  };
}

/** Tokens that were issued for an audience in a span of time. */
export interface IssuedSpan {
  /** Empty: all that are not counted by name. */
  readonly audience: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
  readonly count: number;
}

export async function readIssuedSpans(
  database: Database,
  { since, until }: { readonly since: number; readonly until: number },
): Promise<readonly IssuedSpan[]> {
  const buckets = bucketsOf(since, until);
  const { start, length } = buckets;
  return (await readIssuedFor(database, buckets)).map(({ bucket, term, count }) => ({
    audience: term,
    from: start + bucket * length,
    until: start + (bucket + 1) * length,
    count,
  }));
}

const isoOf = (time: number): string => new Date(time).toISOString();

const sumOf = (counts: readonly Pick<BucketCount, 'count'>[]): number =>
  counts.reduce((sum, { count }) => sum + count, 0);

function requestsOf(counts: readonly BucketCount[]): Requests {
  const of = (kind: BucketCount['kind']): readonly BucketCount[] => counts.filter((one) => one.kind === kind);
  return {
    issued: sumOf(of('issued')),
    refused: sumOf(of('refused')),
    failed: sumOf(of('failed')),
    ...durationsOf(of('durations').map(({ term, count }) => ({ bound: Number(term), count }))),
  };
}

/** Beyond the names that a span counts, durations are missing: the shares of the others would say too much. */
function durationsFor({ name, issued }: NamedSeries, counts: readonly DurationCount[]): Durations {
  const own = counts.filter((one) => one.name === name);
  return sumOf(own) < issued ? {} : durationsOf(own);
}

function durationsOf(counts: readonly Pick<DurationCount, 'bound' | 'count'>[]): Durations {
  const all = sumOf(counts);
  if (all === 0) return {};
  const sorted = counts.toSorted((a, b) => a.bound - b.bound);
  const boundOf = (share: number): number => {
    let sum = 0;
    for (const { bound, count } of sorted) {
      sum += count;
      if (sum >= share * all) return bound;
    }
    return sorted.at(-1)?.bound ?? 0;
  };
  return { p50: boundOf(0.5), p99: boundOf(0.99) };
}

/** @returns the sum of the counts of each bucket */
function spread(counts: readonly BucketCount[], buckets: number): readonly number[] {
  const sums = Array.from({ length: buckets }, () => 0);
  for (const { bucket, count } of counts) sums[bucket] = (sums[bucket] ?? 0) + count;
  return sums;
}

function reasonsOf(counts: readonly BucketCount[], buckets: number): readonly ReasonSeries[] {
  return (['refused', 'failed'] as const)
    .flatMap((outcome) => {
      const found = Map.groupBy(
        counts.filter(({ kind }) => kind === outcome),
        ({ term }) => term,
      );
      return [...found].map(([reason, some]) => ({
        outcome,
        reason,
        count: sumOf(some),
        countIn: spread(some, buckets),
      }));
    })
    .toSorted((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
}

/** @param issued the kind that counts issued tokens; the other one counts refusals */
function seriesOf(
  { names, counts }: NamedCounts,
  issued: BucketCount['kind'],
  buckets: number,
): readonly NamedSeries[] {
  const byName = Map.groupBy(counts, ({ term }) => term);
  return [...names, ''].flatMap((name) => {
    const some = byName.get(name) ?? [];
    if (some.length === 0) return [];
    const [got, not] = [some.filter(({ kind }) => kind === issued), some.filter(({ kind }) => kind !== issued)];
    return [
      {
        ...(name !== '' && { name }),
        issued: sumOf(got),
        refused: sumOf(not),
        issuedIn: spread(got, buckets),
        refusedIn: spread(not, buckets),
      },
    ];
  });
}
