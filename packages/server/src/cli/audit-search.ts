// cambio audit search, cambio audit tail: what happened, to whoever asks?
import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { openReader } from '../app.ts';
import { csvHeader, csvLine } from '../audit/csv.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { AuditFilter } from '../audit/search.ts';
import { loadConfiguration } from '../config/load.ts';
import { type Clock, systemClock } from '../primitives/clock.ts';
import { describeWhere, runOperation } from './administration.ts';
import { type CliCommand, EXIT } from './command.ts';
import { printPart } from './print.ts';

/** The most that the admin API gives at once. */
const PAGE = 200;
/** Milliseconds between two looks for new rows, and for how long a row may be under way. */
const LOOK = 300;
const UNDER_WAY = 10_000;

type Options = Readonly<Record<string, unknown>>;
type Search = (
  filter: AuditFilter,
  page: { readonly cursor: string | undefined; readonly limit: number },
) => Promise<{ readonly found: readonly { readonly event: AuditEvent }[]; readonly next: string | undefined }>;

/** Options that are equal to something, and the filter that each becomes. */
const equal = {
  subject: ['subject', 'the sub of the subject token, or of the issued one'],
  actor: ['actor', 'the sub of whoever acts, anywhere in the chain'],
  issuer: ['issuer', 'whose name that subject or actor is: its iss'],
  client: ['client', 'the client that authenticated'],
  audience: ['audience', 'what the token is for, or was to be for'],
  outcome: ['outcome', 'issued, refused, failed, revoked, ...'],
  reason: ['reason', 'of a refusal, as docs/reference/errors.md names it'],
  rule: ['rule', 'the rule that decided'],
  request: ['requestId', 'the X-Request-Id of the answer'],
} as const satisfies Readonly<Record<string, readonly [keyof AuditFilter, string]>>;

function describeFilter(command: Command): Command {
  describeWhere(command);
  for (const [name, [, description]] of Object.entries(equal)) command.option(`--${name} <text>`, description);
  return command
    .option('--since <time>', 'from then on: 2026-01-31T08:00:00Z, 2026-01-31, or 15m, 2h, 7d ago')
    .option('--until <time>', 'before then')
    .option('--format <name>', 'jsonl or csv', 'jsonl');
}

/** @throws Error for a time that is none */
function filterOf(options: Options, clock: Clock): AuditFilter {
  const pairs = Object.entries(equal).map(([name, [key]]) => [key, options[name]]);
  for (const name of ['since', 'until'] as const) {
    if (options[name] !== undefined) pairs.push([name, parseTime(String(options[name]), clock())]);
  }
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

const AGO = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const INSTANT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;

function parseTime(text: string, now: number): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * AGO[unit as keyof typeof AGO];
  const time = INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new Error(`${text} is no time such as 2026-01-31T08:00:00Z, 2026-01-31 or 2h`);
  return time;
}

const formats: Readonly<Record<string, { readonly head: string; readonly line: (event: AuditEvent) => string }>> = {
  jsonl: { head: '', line: (event) => `${JSON.stringify(event)}\n` },
  csv: { head: `${csvHeader()}\r\n`, line: (event) => `${csvLine(event)}\r\n` },
};

function formatOf({ format }: Options) {
  const found = formats[String(format)];
  if (found === undefined) throw new Error(`${format} is no format: jsonl or csv`);
  return found;
}

function countOf(text: unknown, option: string): number {
  const count = text === 'all' ? Number.POSITIVE_INFINITY : Number(text);
  if (!(count >= 0) || (count !== Number.POSITIVE_INFINITY && !Number.isInteger(count)))
    throw new Error(`${option} takes a whole number, or all`);
  return count;
}

async function* find(search: Search, filter: AuditFilter, count: number): AsyncGenerator<AuditEvent> {
  let cursor: string | undefined;
  let left = count;
  do {
    const page = await search(filter, { cursor, limit: PAGE });
    yield* page.found.slice(0, left).map(({ event }) => event);
    left -= page.found.length;
    cursor = page.next;
  } while (cursor !== undefined && left > 0);
}

async function findAll(search: Search, filter: AuditFilter, count: number): Promise<AuditEvent[]> {
  const found: AuditEvent[] = [];
  for await (const one of find(search, filter, count)) found.push(one);
  return found;
}

/** Looks into the database that a configuration names, or asks a server. */
async function withSearch(options: Options, work: (search: Search) => Promise<void>): Promise<number> {
  if (options.config === undefined || options.server !== undefined)
    return runOperation(options, (call) =>
      work(async ({ since, until, requestId, ...filter }, page) => {
        const times = { since: isoOf(since), until: isoOf(until) };
        const { body } = await call('search-audit', { query: { ...filter, ...times, request: requestId, ...page } });
        const { items, next } = body as { items: readonly AuditEvent[]; next?: string };
        return { found: items.map((event) => ({ event })), next };
      }),
    );
  const { searchEvents, close } = await openReader(await loadConfiguration(String(options.config), process.env));
  try {
    await work(searchEvents);
    return EXIT.done;
  } finally {
    await close();
  }
}

const isoOf = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString();

export const auditSearch: CliCommand = {
  describe: (command) =>
    describeFilter(command.description('print audit rows, the newest first; all that is asked must hold')).option(
      '--limit <n>',
      'so many at most, or all',
      '100',
    ),
  run: (options) => {
    const { head, line } = formatOf(options);
    const filter = filterOf(options, systemClock);
    const limit = countOf(options.limit, '--limit');
    return withSearch(options, async (search) => {
      printPart(head);
      for await (const event of find(search, filter, limit)) printPart(line(event));
    });
  },
};

export const auditTail: CliCommand = {
  describe: (command) =>
    describeFilter(command.description('print the last audit rows, the newest last'))
      .option('-n, --lines <n>', 'how many, or all', '20')
      .option('-f, --follow', 'go on with rows as they are written'),
  run: (options) => {
    const { head, line } = formatOf(options);
    const filter = filterOf(options, systemClock);
    const lines = countOf(options.lines, '--lines');
    return withSearch(options, async (search) => {
      printPart(head);
      const last = (await findAll(search, filter, lines)).toReversed();
      for (const event of last) printPart(line(event));
      if (options.follow) await follow(search, filter, last, (event) => printPart(line(event)));
    });
  },
};

/** Until the process is ended. */
async function follow(
  search: Search,
  filter: AuditFilter,
  printed: readonly AuditEvent[],
  print: (event: AuditEvent) => void,
): Promise<never> {
  let newest = Math.max(systemClock() - UNDER_WAY, filter.since ?? 0, printed.at(-1)?.time ?? 0);
  let seen = new Map(printed.map((event) => [nameOf(event), event.time]));
  for (;;) {
    // A row has the time at which its request began: it may be written after a row of a later time.
    const since = Math.max(newest - UNDER_WAY, filter.since ?? 0);
    const found = await findAll(search, { ...filter, since }, Number.POSITIVE_INFINITY);
    const fresh = found.filter((event) => !seen.has(nameOf(event))).toReversed();
    seen = new Map(
      [...seen, ...fresh.map((event) => [nameOf(event), event.time] as const)].filter(([, time]) => time >= since),
    );
    newest = Math.max(newest, ...fresh.map(({ time }) => time));
    for (const event of fresh) print(event);
    await wait(LOOK);
  }
}

/** One request has one row of a kind. */
const nameOf = ({ requestId, action, reason }: AuditEvent): string => JSON.stringify([requestId, action, reason]);
