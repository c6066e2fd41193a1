// cambio policy history and diff: lists the configurations that were in force, and compares two of them, or files.
import { existsSync } from 'node:fs';
import { type ConfigurationContent, shortDigest } from '../audit/configuration.ts';
import { type ConfigurationChange, describeChange, findChanges } from '../audit/configuration-changes.ts';
import { userAtHost } from '../audit/operator.ts';
import { readKept } from '../config/kept-files.ts';
import { isRequestId, NOT_A_REQUEST_ID, normalRequestId } from '../explain/missing.ts';
import { systemClock } from '../primitives/clock.ts';
import { isDigestPrefix } from '../primitives/hex.ts';
import { type Administer, describePlace, runOperation } from './administration.ts';
import type { AppliedItem } from './answers.ts';
import { type CliCommand, EXIT } from './command.ts';
import { countOf } from './count.ts';
import { describeOutput, outputForm, printList, printResult } from './output.ts';
import { printError } from './print.ts';
import type { Columns } from './table.ts';
import { readTime, readWholeNumber, UsageError } from './usage.ts';

/** Maximum page size of the admin API. */
const PAGE_ROWS = 200;

const historyColumns: Columns<AppliedItem> = {
  time: ({ time }) => new Date(time).toISOString(),
  outcome: ({ outcome }) => outcome,
  cause: ({ cause }) => cause,
  node: ({ by }) => by && `${by.host} ${by.pid}`,
  who: (item) => whoOf(item),
  digest: ({ digest }) => digest && shortDigest(digest),
  what: (item) => whatOf(item).join('; '),
};

/** The operators who changed registered clients, or else the user of the process that read the file. */
const whoOf = ({ by, operators = [] }: AppliedItem): string | undefined =>
  operators.length === 0
    ? by?.user
    : operators.map((one) => `${one.by ? userAtHost(one.by) : one.client} (${one.request})`).join(', ');

function whatOf({ outcome, cause, changes, faults = [], more, digest, before }: AppliedItem): readonly string[] {
  const others = more === undefined ? [] : [`${more} more`];
  if (outcome === 'rejected') return [...faults, ...others];
  if (before === undefined) return ['the first configuration of this database'];
  if (digest === before && (changes ?? []).length === 0)
    return [cause === 'start' ? 'the same as before' : 'no change'];
  return [...(changes ?? []), ...others];
}

export const policyHistory: CliCommand = {
  examples: [
    ['cambio policy history --config cambio.yaml --since 30d', 'what came into force, when, by whom, and what changed'],
    ['cambio policy history --server https://login.example.com --output json', 'the same from a running server'],
  ],
  describe: (command) =>
    describeOutput(
      describePlace(
        command.description(
          'List the configurations that came into force and the files that were rejected, newest first.',
        ),
      ),
    )
      .option('--since <time>', 'from this time on: 2026-01-31T08:00:00Z, 2026-01-31, or an age: 15m, 2h, 7d')
      .option('--until <time>', 'before this time')
      .option('--limit <n>', 'the maximum number of rows, or all', '100'),
  run: (options) => {
    const now = systemClock();
    const iso = (name: 'since' | 'until') =>
      options[name] === undefined ? undefined : new Date(readTime(`--${name}`, options[name], now)).toISOString();
    const period = { since: iso('since'), until: iso('until') };
    const limit = readWholeNumber('--limit', options.limit, { least: 1, example: 100, all: true });
    return runOperation(
      options,
      async (call) => {
        const found: AppliedItem[] = [];
        let cursor: string | undefined;
        do {
          const { body } = await call('list-configurations', { query: { ...period, cursor, limit: PAGE_ROWS } });
          found.push(...body.items.slice(0, limit - found.length));
          cursor = body.next;
        } while (cursor !== undefined && found.length < limit);
        printList(options, historyColumns, found, '0 configurations');
        if (cursor !== undefined && outputForm(options) === 'text')
          printError(`${countOf(found.length, 'row')}, the maximum of --limit; there may be more`);
      },
      'read',
    );
  },
};

/** A side of a comparison, as typed. */
interface Side {
  readonly kind: 'file' | 'digest' | 'request';
  readonly name: string;
}

interface Found {
  readonly name: string;
  readonly content: ConfigurationContent;
}

export const policyDiff: CliCommand = {
  examples: [
    ['cambio policy diff now cambio.yaml --config cambio.yaml', 'what the file would change'],
    ['cambio policy diff 3f9c2a now --config cambio.yaml', 'what changed since a configuration of policy history'],
    [
      'cambio policy diff --request ID --server https://login.example.com',
      'what changed since a past request was decided',
    ],
    ['cambio policy diff old.yaml new.yaml', 'two files'],
  ],
  describe: (command) =>
    describeOutput(
      describePlace(
        command
          .description('Print what changed between two configurations, by entry. Exits with 1 if anything did.')
          .argument('[a]', 'a digest or its first 6 characters or more, now, or a file')
          .argument('[b]', 'the same (default: now)'),
      ),
    ).option('--request <id>', 'the configuration that decided this request; twice to compare two', collect),
  run: async (options, args) => {
    const sides = sidesOf(options, args);
    const areFiles = sides.every(({ kind }) => kind === 'file');
    let changes: readonly ConfigurationChange[] = [];
    const compare = async (call: Administer | undefined): Promise<void> => {
      const [from, to] = [await find(sides[0], call), await find(sides[1], call)];
      // A file knows no registered clients.
      const hasFile = sides.some(({ kind }) => kind === 'file');
      const compared = ({ content }: Found) => (hasFile ? { ...content, registered: {} } : content);
      changes = findChanges(compared(from), compared(to));
      printChanges(options, { from: from.name, to: to.name }, changes);
    };
    if (areFiles) await compare(undefined);
    else await runOperation(options, compare, 'read');
    return changes.length === 0 ? EXIT.done : EXIT.failed;
  },
};

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

const SHORT_DIGEST = /^[0-9a-f]{1,5}$/;

/** @throws UsageError */
function sidesOf({ request }: Record<string, unknown>, args: readonly (string | undefined)[]): readonly [Side, Side] {
  const requests = ((request ?? []) as readonly string[]).map((name): Side => ({ kind: 'request', name }));
  const typed = args.flatMap((name): Side[] => {
    if (name === undefined) return [];
    if (SHORT_DIGEST.test(name) && !existsSync(name))
      throw new UsageError(
        `${name} is too short for a digest, which needs 6 characters or more, and there is no such file. cambio policy history lists the digests`,
      );
    return [{ kind: name === 'now' || isDigestPrefix(name) ? 'digest' : 'file', name }];
  });
  const [a, b = { kind: 'digest', name: 'now' } as const, ...others] = [...requests, ...typed];
  if (a === undefined || others.length > 0)
    throw new UsageError('give one or two configurations. Example: cambio policy diff now cambio.yaml');
  return [a, b];
}

async function find({ kind, name }: Side, call: Administer | undefined): Promise<Found> {
  if (kind === 'file') return { name, content: { files: readKept(name, process.env), registered: {} } };
  if (call === undefined) throw new UsageError('give --config or --server');
  const digest = kind === 'digest' ? name : await digestOf(name, call);
  const { body } = await call('get-configuration', { path: { digest } });
  return { name: body.digest, content: body };
}

/** @throws Error if the row of the request names no configuration */
async function digestOf(typed: string, call: Administer): Promise<string> {
  const requestId = normalRequestId(typed);
  if (!isRequestId(requestId)) throw new Error(NOT_A_REQUEST_ID);
  const { body } = await call('find-audit-event', { path: { requestId } });
  if (body.configuration === undefined)
    throw new Error(`the row of request ${requestId} names no configuration: an older version wrote it`);
  return body.configuration;
}

const changeColumns: Columns<ConfigurationChange> = {
  entry: ({ entry }) => entry,
  change: ({ change }) => change,
  key: ({ key }) => key,
  before: ({ before }) => textOf(before),
  after: ({ after }) => textOf(after),
};

const textOf = (value: unknown): string | undefined =>
  value === undefined || typeof value === 'string' ? value : JSON.stringify(value);

function printChanges(
  options: Record<string, unknown>,
  names: { readonly from: string; readonly to: string },
  changes: readonly ConfigurationChange[],
): void {
  if (outputForm(options) === 'csv') {
    printList(options, changeColumns, changes, '');
    return;
  }
  const described = changes.map((one) => ({ ...one, text: describeChange(one) }));
  const text = described.length === 0 ? 'no change' : described.map((one) => one.text).join('\n');
  printResult(options, { ...names, changes: described }, text);
}
