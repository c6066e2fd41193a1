// cambio audit search and tail: finds audit rows by subject, client, token or time, and prints them.
import { setTimeout as wait } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { openReader } from '../app.ts';
import { type AuditEvent, outcomes } from '../audit/event.ts';
import type { AuditFilter } from '../audit/search.ts';
import { isRequestId, NOT_A_REQUEST_ID, normalRequestId } from '../explain/missing.ts';
import { allRules } from '../policy/policy.ts';
import { systemClock } from '../primitives/clock.ts';
import { didYouMean, mayBeIn } from '../primitives/nearest.ts';
import { type Reason, reasons } from '../primitives/refusal.ts';
import { looksLikeToken } from '../subject-tokens/identify.ts';
import { type Administer, describePlace, loadForDatabase, refuseUnusedToken, runOperation } from './administration.ts';
import { findLineage } from './audit-lineage.ts';
import { createPartialNote } from './audit-partial.ts';
import { createRowPrinter } from './audit-rows.ts';
import { type CliCommand, EXIT } from './command.ts';
import { countOf } from './count.ts';
import { describeOutput, type Form, outputForm } from './output.ts';
import { print, printError } from './print.ts';
import { tokenIdsAt, tokenIdsOf } from './token-inspect.ts';
import { readToken } from './tokens.ts';
import { readChoice, readTime, readWholeNumber, UsageError } from './usage.ts';

/** Maximum page size of the admin API. */
const PAGE_ROWS = 200;
const POLL_MS = 300;
/** A row has the start time of its request, and may be written this much later. */
const MAX_DURATION_MS = 10_000;

type Options = Readonly<Record<string, unknown>>;
type Search = (
  filter: AuditFilter,
  page: { readonly cursor: string | undefined; readonly limit: number },
) => Promise<{ readonly found: readonly { readonly event: AuditEvent }[]; readonly next: string | undefined }>;

/** Options that compare for equality: the filter of each, and its help text. */
const equal = {
  subject: [
    'subject',
    'the sub of the subject token or of the issued token, or of a party or client that an operator changed',
  ],
  actor: ['actor', 'the sub of a party that acts, anywhere in the chain'],
  party: ['party', 'the sub of a party at any position: the subject, an actor, or the client'],
  issuer: [
    'issuer',
    'the iss of the subject, actor or party; with the jti of a token (--token), the issuer of the token',
  ],
  client: ['client', 'the client that authenticated'],
  audience: ['audience', 'an audience of the issued token, or a requested one'],
  outcome: ['outcome', outcomes.join(', ')],
  reason: ['reason', 'the reason of a refusal, from docs/reference/errors.md'],
  rule: ['rule', 'the rule that decided'],
  request: ['requestId', 'the request_id or X-Request-Id of the answer'],
} as const satisfies Readonly<Record<string, readonly [keyof AuditFilter, string]>>;

function describeFilter(command: Command): Command {
  describePlace(command);
  for (const [name, [, description]] of Object.entries(equal)) command.option(`--${name} <text>`, description);
  return describeOutput(command)
    .option(
      '--token <token>',
      'a token that was issued, presented or revoked: its id, its text, @FILE, or - for standard input',
    )
    .option('--since <time>', 'rows from this time on: 2026-01-31T08:00:00Z, 2026-01-31, or an age: 15m, 2h, 7d')
    .option('--until <time>', 'rows before this time')
    .addOption(new Option('--format <name>', 'an older name of --output: jsonl or csv').hideHelp());
}

function rowForm({ format, ...options }: Options): Form {
  if (format === undefined) return outputForm(options);
  return readChoice('--format', format, ['jsonl', 'csv'], 'a form of output; --output takes text, json and csv') ===
    'csv'
    ? 'csv'
    : 'json';
}

/** @throws UsageError, or Error as `cambio explain` for a text that is not the id of a request */
function filterOf(options: Options): AuditFilter {
  if (options.outcome !== undefined) readChoice('--outcome', options.outcome, outcomes, 'an outcome');
  if (options.reason !== undefined)
    readChoice('--reason', options.reason, Object.keys(reasons) as Reason[], 'a reason of docs/reference/errors.md');
  const now = systemClock();
  const timeOf = (name: 'since' | 'until') =>
    options[name] === undefined ? undefined : readTime(`--${name}`, options[name], now);
  const [since, until] = [timeOf('since'), timeOf('until')];
  if (since !== undefined && until !== undefined && since >= until)
    throw new UsageError(
      `--until ${options.until} is not later than --since ${options.since}. Example: --since 3h --until 2h`,
    );
  const named = options.token === undefined ? undefined : readToken(String(options.token));
  const byJti = named !== undefined && options.issuer !== undefined && !looksLikeToken(named);
  const tokens =
    named === undefined ? undefined : byJti ? tokenIdsAt(String(options.issuer), named) : tokenIdsOf(named);
  const requestId = options.request === undefined ? undefined : normalRequestId(String(options.request));
  if (requestId !== undefined && !isRequestId(requestId)) throw new Error(NOT_A_REQUEST_ID);
  const pairs = Object.entries(equal)
    .filter(([name]) => !(byJti && name === 'issuer'))
    .map(([name, [key]]) => [key, options[name]]);
  return Object.fromEntries(
    [...pairs, ...Object.entries({ since, until, tokens, requestId })].filter(([, value]) => value !== undefined),
  );
}

async function* find(search: Search, filter: AuditFilter, count: number): AsyncGenerator<readonly AuditEvent[]> {
  let cursor: string | undefined;
  let left = count;
  do {
    const page = await search(filter, { cursor, limit: PAGE_ROWS });
    yield page.found.slice(0, left).map(({ event }) => event);
    left -= page.found.length;
    cursor = page.next;
  } while (cursor !== undefined && left > 0);
}

async function findAll(search: Search, filter: AuditFilter, count: number): Promise<AuditEvent[]> {
  const found: AuditEvent[] = [];
  for await (const some of find(search, filter, count)) found.push(...some);
  return found;
}

/** The names in force, of the kinds that a filter can compare. */
interface Names extends Readonly<Record<'client' | 'rule', readonly string[]>> {
  /** The files that are not read. */
  readonly leftOut: readonly string[];
}

async function listNames(call: Administer): Promise<Names> {
  const list = async (id: 'list-clients' | 'list-rules') => {
    const found: { readonly id?: unknown; readonly name?: unknown }[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await call(id, { query: { cursor, limit: PAGE_ROWS } });
      found.push(...body.items);
      cursor = body.next;
    } while (cursor !== undefined);
    return found;
  };
  const [clients, rules] = [await list('list-clients'), await list('list-rules')];
  return {
    client: clients.map(({ id }) => String(id)),
    rule: rules.map(({ name }, index) => String(name ?? `rule ${index + 1}`)),
    leftOut: [],
  };
}

/** Explains on standard error why a search found nothing, if it named an unknown client or rule. */
async function printUnknown(options: Options, names: () => Promise<Names>): Promise<void> {
  if (options.client === undefined && options.rule === undefined) return;
  const known = await names();
  for (const kind of ['client', 'rule'] as const) {
    const name = options[kind];
    if (typeof name !== 'string' || known[kind].includes(name)) continue;
    const near = known.leftOut.length === 0 ? didYouMean(name, known[kind]) : mayBeIn(known.leftOut);
    printError(`there is no ${kind} ${name}.${near}`);
  }
}

/** Searches all rows in the database of a configuration, or asks a server. */
async function withSearch(
  options: Options,
  work: (search: Search, names: () => Promise<Names>) => Promise<void>,
): Promise<number> {
  refuseUnusedToken(options);
  const notePartial = createPartialNote();
  if (options.config === undefined || options.server !== undefined)
    return runOperation({ ...options, token: undefined }, (call) =>
      work(
        async ({ since, until, requestId, tokens, ...filter }, page) => {
          const others = { since: isoOf(since), until: isoOf(until), request: requestId, token: tokens?.join(',') };
          const { body } = await call('search-audit', { query: { ...filter, ...others, ...page } });
          const { items, next, indexedUpTo, searchedUpTo } = body;
          notePartial({ indexedUpTo, searchedUpTo });
          return { found: items.map((event) => ({ event })), next };
        },
        () => listNames(call),
      ),
    );
  const { services, searchEvents, close } = await openReader(await loadForDatabase(options.config));
  try {
    await work(searchEvents, async () => ({
      client: [...services.clients.keys()],
      rule: allRules(services.policy).map(({ name }) => name),
      leftOut: services.admin.leftOut,
    }));
    return EXIT.done;
  } finally {
    await close();
  }
}

const isoOf = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString();

export const auditSearch: CliCommand = {
  examples: [
    ['cambio audit search --config cambio.yaml --since 2h --outcome refused', 'what was refused in the last two hours'],
    ['cambio audit search --config cambio.yaml --subject ada --since 7d', 'what happened in the name of a person'],
    [
      'cambio audit search --config cambio.yaml --token @token.txt --lineage',
      'the ancestors and the descendants of a token',
    ],
    [
      'cambio audit search --config cambio.yaml --actor agent --output csv --limit all > agent.csv',
      'for a spreadsheet',
    ],
  ],
  describe: (command) =>
    describeFilter(command.description('Print audit rows, newest first. Filters are combined with AND.'))
      .option('--lineage', 'with --token: also its ancestors and descendants')
      .option('--limit <n>', 'the maximum number of rows, or all', '100'),
  run: (options) => {
    const printer = createRowPrinter(rowForm(options));
    const filter = filterOf(options);
    const limit = readWholeNumber('--limit', options.limit, { least: 1, example: 100, all: true });
    if (options.lineage === true) checkLineage(filter);
    return withSearch(options, async (search, names) => {
      let count = 0;
      const show = (events: readonly AuditEvent[]): void => {
        printer.print(events);
        count += events.length;
      };
      if (options.lineage === true) show((await traceLineage(search, filter)).slice(0, limit));
      else for await (const some of find(search, filter, limit)) show(some);
      if (count === 0) await printUnknown(options, names);
      if (rowForm(options) !== 'text') return;
      if (count === 0) print('0 rows');
      else if (count === limit) printError(`${countOf(count, 'row')}, the maximum of --limit; there may be more`);
    });
  },
};

/** @throws UsageError */
function checkLineage({ tokens, since, until, ...others }: AuditFilter): void {
  if (tokens === undefined || Object.keys(others).length > 0)
    throw new UsageError('--lineage goes with --token, --since and --until alone. Example: --token ID --lineage');
}

const traceLineage = (search: Search, { tokens = [], ...period }: AuditFilter): Promise<readonly AuditEvent[]> =>
  findLineage(tokens, (ids) => findAll(search, { ...period, tokens: ids }, Number.POSITIVE_INFINITY));

export const auditTail: CliCommand = {
  examples: [
    ['cambio audit tail --config cambio.yaml --follow', 'new rows as they are written, until Ctrl-C'],
    ['cambio audit tail --server https://login.example.com --client reports', 'the last requests of a client'],
  ],
  describe: (command) =>
    describeFilter(command.description('Print the last audit rows, newest last. Filters are combined with AND.'))
      .option('-n, --lines <n>', 'the number of rows, or all', '20')
      .option('-f, --follow', 'continue with new rows as they are written'),
  run: (options) => {
    const form = rowForm(options);
    const printer = createRowPrinter(form);
    const filter = filterOf(options);
    const lines = readWholeNumber('--lines', options.lines, { least: 0, example: 20, all: true });
    return withSearch(options, async (search, names) => {
      const last = (await findAll(search, filter, lines)).toReversed();
      printer.print(last);
      if (last.length === 0) await printUnknown(options, names);
      if (form === 'text' && last.length === 0) print('0 rows');
      if (options.follow) await follow(search, filter, last, printer.print);
    });
  },
};

/** Prints new rows until the process is stopped. */
async function follow(
  search: Search,
  filter: AuditFilter,
  printed: readonly AuditEvent[],
  show: (events: readonly AuditEvent[]) => void,
): Promise<never> {
  let newest = Math.max(systemClock() - MAX_DURATION_MS, filter.since ?? 0, printed.at(-1)?.time ?? 0);
  let seen = new Map(printed.map((event) => [nameOf(event), event.time]));
  for (;;) {
    // A row has the start time of its request, so it may be written after a row with a later time.
    const since = Math.max(newest - MAX_DURATION_MS, filter.since ?? 0);
    const found = await findAll(search, { ...filter, since }, Number.POSITIVE_INFINITY);
    const fresh = found.filter((event) => !seen.has(nameOf(event))).toReversed();
    seen = new Map(
      [...seen, ...fresh.map((event) => [nameOf(event), event.time] as const)].filter(([, time]) => time >= since),
    );
    newest = Math.max(newest, ...fresh.map(({ time }) => time));
    if (fresh.length > 0) show(fresh);
    await wait(POLL_MS);
  }
}

/** Identifies a row: a request has one row of each kind. */
const nameOf = ({ requestId, action, reason }: AuditEvent): string => JSON.stringify([requestId, action, reason]);
