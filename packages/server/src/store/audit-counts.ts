// Counts requests in spans of time: the entries of a table that is made of audit rows, and the series that are read from it.
import { type RawBuilder, sql } from 'kysely';
import { jsonIn } from './audit-tokens.ts';
import { insertInto, isPostgres } from './database-time.ts';
import type { Database } from './schema.ts';

/** What is counted. A number is stored: never change or reuse one. */
const COUNTED = {
  issued: 1,
  /** By reason. */
  refused: 2,
  /** By reason: the server's own fault. */
  failed: 3,
  issuedFor: 4,
  refusedFor: 5,
  issuedTo: 6,
  refusedTo: 7,
  /** Of requests that got a token, by the upper bound of their duration in milliseconds. */
  durations: 8,
  /** The same for each audience: the bound, a blank, and the audience. */
  durationsFor: 9,
} as const;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** The stored spans. A series reads at most six of them for one of its buckets. */
const WIDTHS = [MINUTE_MS, 10 * MINUTE_MS, 120 * MINUTE_MS, DAY_MS] as const;
/** The names that are counted in a span. Callers choose the audiences that they ask for, and clients may describe themselves. */
const MAX_NAMES = 500;
export const MAX_BUCKETS = 120;

/** Upper bounds of durations, in milliseconds, about 20 % apart. A longer one counts as the last. */
const BOUNDS = [
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 18, 22, 27, 33, 40, 50, 60, 75, 90, 110, 135, 165, 200, 250, 300, 370],
  ...[450, 550, 670, 820, 1000, 1200, 1500, 1800, 2200, 2700, 3300, 4000, 5000, 7000, 10_000, 20_000, 60_000],
] as const;

/** Rows about operators and the server itself are not requests of clients. */
const NOT_COUNTED = sql`('admin', 'configuration', 'region', 'erase', 'retention')`;

/** Stands for several audiences in a column; see audit/term.ts. */
const SEVERAL = '\u0001';

/** Names the counts of rows `capped`, behind `with`. Rows that count alike are put together first. @param sign -1 to take them away */
function countsOf(database: Database, rows: RawBuilder<unknown>, sign: 1 | -1): RawBuilder<unknown> {
  const { event, text, number, list, each, value } = jsonIn(database);
  const ladder = BOUNDS.map((bound) => sql`when duration <= ${sql.lit(bound)} then ${sql.lit(String(bound))}`);
  const longest = sql.lit(String(BOUNDS.at(-1)));
  const part = (kind: keyof typeof COUNTED, term: RawBuilder<unknown>, from: RawBuilder<unknown>) =>
    sql`select minute, ${sql.lit(COUNTED[kind])} as kind, ${term} as term, count from ${from}`;
  const isIssued = sql`outcome = 'issued'`;
  const isRefused = sql`outcome in ('refused', 'failed')`;
  const reason = sql`coalesce(reason, '')`;
  const asked = sql`coalesce(nullif(audience, ${sql.lit(SEVERAL)}), '')`;
  const facts = [
    part('issued', sql`''`, sql`requests where ${isIssued}`),
    part('refused', reason, sql`requests where outcome = 'refused'`),
    part('failed', reason, sql`requests where outcome = 'failed'`),
    part('issuedFor', sql`term`, sql`targeted where term is not null`),
    part('refusedFor', asked, sql`requests where ${isRefused} and audience is not null`),
    part('issuedTo', sql`client`, sql`requests where ${isIssued} and client is not null`),
    part('refusedTo', sql`client`, sql`requests where ${isRefused} and client is not null`),
    part('durations', sql`duration`, sql`requests where ${isIssued} and duration is not null`),
    part('durationsFor', sql`duration || ' ' || term`, sql`targeted where term is not null and duration is not null`),
  ];
  const { issuedFor, refusedFor, issuedTo, refusedTo, durationsFor } = COUNTED;
  const named = sql.join([issuedFor, refusedFor, issuedTo, refusedTo, durationsFor].map((kind) => sql.lit(kind)));
  // A name that a span does not have was counted together with others, also when other names have left the span since.
  const isTogether = sign === 1 ? sql`full_spans.width is not null` : sql`grouped.kind in (${named})`;
  return sql`read as (select time, outcome, reason, client, audience, ${event} as event from audit
      where outcome in ('issued', 'refused', 'failed') and ${rows}),
    batch as materialized (select time - time % ${sql.lit(MINUTE_MS)} as minute, outcome, reason, client, audience,
      ${number('event', 'duration')} as duration, ${number('event', 'count')} as count,
      cast(${list('event', 'targets')} as text) as targets from read where ${text('event', 'action')} not in ${NOT_COUNTED}),
    requests as materialized (select minute, outcome, reason, client, audience, targets,
      case when duration is null then null ${sql.join(ladder, sql` `)} else ${longest} end as duration,
      sum(case when ${isIssued} then 1 else coalesce(count, 1) end) as count
      from batch group by 1, 2, 3, 4, 5, 6, 7),
    targeted as (select minute, ${value} as term, duration, count from requests cross join ${each(isPostgres(database) ? sql`cast(targets as json)` : sql`targets`)} where ${isIssued}),
    facts as (${sql.join(facts, sql` union all `)}),
    widths as (${sql.join(
      WIDTHS.map((width) => sql`select cast(${sql.lit(width)} as bigint) as width`),
      sql` union all `,
    )}),
    grouped as materialized (select width, kind, minute - minute % width as start, term, sum(count) as count
      from facts cross join widths group by width, kind, minute - minute % width, term),
    full_spans as materialized (select width, kind, start from (select distinct width, kind, start from grouped
        where kind in (${named})) as spans
      where (select count(*) from (select 1 from audit_counts as known where ${sameSpan('spans')}
        limit ${sql.lit(MAX_NAMES)}) as names) = ${sql.lit(MAX_NAMES)}),
    capped as (select grouped.width, grouped.kind, grouped.start, ${sql.lit(sign)} * count as count,
      case when ${isTogether} and not exists (
        select 1 from audit_counts as known where ${sameSpan('grouped')} and known.term = grouped.term) then '' else term end as term
      from grouped left join full_spans on full_spans.width = grouped.width and full_spans.kind = grouped.kind
        and full_spans.start = grouped.start)`;
}

const sameSpan = (table: string): RawBuilder<unknown> =>
  sql`known.width = ${sql.ref(`${table}.width`)} and known.kind = ${sql.ref(`${table}.kind`)}
    and known.start = ${sql.ref(`${table}.start`)}`;

/** Adds the counts of rows, or takes them away. @param rows a condition on `audit` */
export const changeOfCounts = (database: Database, rows: RawBuilder<unknown>, sign: 1 | -1): RawBuilder<unknown> =>
  sql`${insertInto(database)} audit_counts (width, kind, start, term, count)
    with ${countsOf(database, rows, sign)}
    select width, kind, start, term, cast(sum(count) as bigint) from capped where true group by width, kind, start, term
    order by width, kind, start, term
    on conflict (width, kind, start, term) do update set count = audit_counts.count + excluded.count`;

/** Takes away the counts of rows that are about to be deleted. @param rows a condition on `audit` */
export async function subtractCounts(transaction: Database, rows: RawBuilder<unknown>): Promise<void> {
  const { rows: times } = await sql<{ first: number | null; last: number | null }>`
    select min(time) as first, max(time) as last from audit where ${rows}`.execute(transaction);
  const [{ first, last } = { first: null, last: null }] = times;
  if (first === null || last === null) return;
  await changeOfCounts(transaction, rows, -1).execute(transaction);
  const kinds = Object.values(COUNTED).map((kind) => sql.lit(kind));
  await sql`delete from audit_counts where width in (${sql.join(WIDTHS.map((width) => sql.lit(width)))})
    and kind in (${sql.join(kinds)}) and start >= ${Number(first) - DAY_MS} and start <= ${Number(last)}
    and count <= 0`.execute(transaction);
}

/** The buckets of a series. */
export interface Buckets {
  /** Milliseconds since 1970, of the first one. */
  readonly start: number;
  /** The length of each, in milliseconds. */
  readonly length: number;
  readonly count: number;
}

/** Lengths of buckets, in milliseconds. Each is a multiple of a stored width, at most six times as long. */
const LENGTHS = [
  ...[1, 2, 5, 10, 20, 30, 60, 120, 240, 360, 720].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 5].map((days) => days * DAY_MS),
];

/** Divides a period into at most `MAX_BUCKETS` buckets that cover it. */
export function bucketsOf(since: number, until: number): Buckets {
  const fits = (length: number): Buckets => {
    const start = since - (since % length);
    return { start, length, count: Math.max(1, Math.ceil((until - start) / length)) };
  };
  const days = Math.ceil((until - since) / (MAX_BUCKETS - 1) / DAY_MS);
  return LENGTHS.map(fits).find(({ count }) => count <= MAX_BUCKETS) ?? fits(days * DAY_MS);
}

/** The counts of one bucket. Names that were not asked for are counted under an empty one. */
export interface BucketCount {
  readonly kind: keyof typeof COUNTED;
  /** The number of the bucket, from 0. */
  readonly bucket: number;
  readonly term: string;
  readonly count: number;
}

const KIND_NAMES = new Map<number, keyof typeof COUNTED>(
  Object.entries(COUNTED).map(([name, number]) => [number, name as keyof typeof COUNTED]),
);

type Kind = keyof typeof COUNTED;

/** Stored spans of one width, from `start` on and before `end`. */
interface Spans {
  readonly width: number;
  readonly start: number;
  readonly end: number;
}

const spansOf = ({ start, length, count }: Buckets): Spans => ({
  width: WIDTHS.findLast((one) => length % one === 0) ?? MINUTE_MS,
  start,
  end: start + length * count,
});

const within = ({ width, start, end }: Spans, kinds: readonly Kind[]): RawBuilder<unknown> =>
  sql`width = ${sql.lit(width)} and kind in (${sql.join(kinds.map((kind) => sql.lit(COUNTED[kind])))})
    and start >= ${start} and start < ${end}`;

/**
 * Names the counts of a period, read in as few spans as have them: its whole days, and the rest before and after them. A day counts fewer
 * names than its hours together do: where some have no count of their own, the hours are read.
 */
async function inDays(database: Database, buckets: Buckets, kinds: readonly Kind[]): Promise<RawBuilder<unknown>> {
  const all = spansOf(buckets);
  const [start, end] = [Math.ceil(all.start / DAY_MS) * DAY_MS, Math.floor(all.end / DAY_MS) * DAY_MS];
  const days = { width: DAY_MS, start, end };
  const isCut = async (): Promise<boolean> => {
    const together = sql`select 1 from audit_counts where ${within(days, kinds)} and term = '' limit 1`;
    return (await together.execute(database)).rows.length > 0;
  };
  const parts = start >= end || (await isCut()) ? [all] : [{ ...all, end: start }, days, { ...all, start: end }];
  return sql.join(
    parts.map((part) => sql`select term, count from audit_counts where ${within(part, kinds)}`),
    sql` union all `,
  );
}

/** The names with the most requests in a period, the first ones. */
async function findTop(
  database: Database,
  buckets: Buckets,
  kinds: readonly Kind[],
  limit: number,
): Promise<readonly string[]> {
  const counted = await inDays(database, buckets, kinds);
  const { rows } = await sql<{ term: string }>`select term from (${counted}) as counted
    where term <> '' group by term order by sum(count) desc, term limit ${limit}`.execute(database);
  return rows.map(({ term }) => term);
}

/** Sums up counts by bucket and name, in the database. @param rows counts, with their kind, start and term */
async function sumCounts(
  database: Database,
  { start, length }: Buckets,
  rows: RawBuilder<unknown>,
): Promise<readonly BucketCount[]> {
  const { rows: sums } = await sql<{ kind: number; bucket: number; term: string; count: number }>`
    select kind, bucket, term, cast(sum(count) as bigint) as count from (
      select kind, (start - cast(${start} as bigint)) / ${sql.lit(length)} as bucket, term, count from (${rows}) as counted
    ) as placed group by kind, bucket, term`.execute(database);
  return sums.map(({ kind, bucket, term, count }) => ({
    kind: KIND_NAMES.get(Number(kind)) ?? 'issued',
    bucket: Number(bucket),
    term,
    count: Number(count),
  }));
}

const everyCount = (buckets: Buckets, kinds: readonly Kind[]): RawBuilder<unknown> =>
  sql`select kind, start, term, count from audit_counts where ${within(spansOf(buckets), kinds)}`;

/** The counts of names, and those of all other names together, under an empty one. */
async function sumNamed(
  database: Database,
  buckets: Buckets,
  kinds: readonly Kind[],
  names: readonly string[],
): Promise<readonly BucketCount[]> {
  const spans = spansOf(buckets);
  // In the order of the table, so that nothing is sorted.
  const everyName = kinds.map(
    (kind) => sql`select ${sql.lit(COUNTED[kind])} as kind, start, '' as term, cast(sum(count) as bigint) as count
      from audit_counts where ${within(spans, [kind])} group by start`,
  );
  const all = await sumCounts(database, buckets, sql.join(everyName, sql` union all `));
  if (names.length === 0) return all;
  const named = await sumCounts(
    database,
    buckets,
    sql`select kind, start, term, count from audit_counts where ${within(spans, kinds)} and term in (${sql.join(names)})`,
  );
  const keyOf = ({ kind, bucket }: BucketCount): string => `${kind} ${bucket}`;
  const sums = Map.groupBy(named, keyOf);
  const others = all.map((one) => ({
    ...one,
    count: (sums.get(keyOf(one)) ?? []).reduce((left, { count }) => left - count, one.count),
  }));
  return [...named, ...others.filter(({ count }) => count > 0)];
}

/** The counts of a period, with the names that have the most requests. */
export interface Counts {
  readonly totals: readonly BucketCount[];
  readonly audiences: NamedCounts;
  readonly clients: NamedCounts;
  /** Of the audiences that are listed by name, in the whole period. */
  readonly durations: readonly DurationCount[];
}

export interface NamedCounts {
  readonly names: readonly string[];
  readonly counts: readonly BucketCount[];
}

export interface DurationCount {
  readonly name: string;
  /** Milliseconds. */
  readonly bound: number;
  readonly count: number;
}

/** Sums up the durations of some audiences. */
async function sumDurations(
  database: Database,
  buckets: Buckets,
  names: readonly string[],
): Promise<readonly DurationCount[]> {
  if (names.length === 0) return [];
  const afterBlank = isPostgres(database)
    ? sql`substr(term, strpos(term, ' ') + 1)`
    : sql`substr(term, instr(term, ' ') + 1)`;
  const { rows } = await sql<{ term: string; count: number }>`select term, cast(sum(count) as bigint) as count
    from (${await inDays(database, buckets, ['durationsFor'])}) as counted where ${afterBlank} in (${sql.join(names)})
    group by term`.execute(database);
  return rows.map(({ term, count }) => {
    const blank = term.indexOf(' ');
    return { name: term.slice(blank + 1), bound: Number(term.slice(0, blank)), count: Number(count) };
  });
}

/** Counts the tokens of a period by audience and bucket. */
export const readIssuedFor = (database: Database, buckets: Buckets): Promise<readonly BucketCount[]> =>
  sumCounts(database, buckets, everyCount(buckets, ['issuedFor']));

/** @param top the number of audiences and of clients */
export async function readCounts(database: Database, buckets: Buckets, top: number): Promise<Counts> {
  const named = async (...kinds: readonly Kind[]) => {
    const names = await findTop(database, buckets, kinds, top);
    return { names, counts: await sumNamed(database, buckets, kinds, names) };
  };
  const every = everyCount(buckets, ['issued', 'refused', 'failed', 'durations']);
  const audiences = await named('issuedFor', 'refusedFor');
  return {
    totals: await sumCounts(database, buckets, every),
    audiences,
    clients: await named('issuedTo', 'refusedTo'),
    durations: await sumDurations(database, buckets, audiences.names),
  };
}
