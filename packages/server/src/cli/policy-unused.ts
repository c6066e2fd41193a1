// cambio policy unused: lists the rules, clients, audiences and scopes that no request used, and writes the patch that removes them.
import { relative } from 'node:path';
import { openReader } from '../app.ts';
import { createUseTally } from '../audit/use.ts';
import type { Configuration } from '../config/configuration.ts';
import { hasUnprintable } from '../config/include.ts';
import { collectRefused, type RefusedRequests } from '../explain/same-decisions.ts';
import { findUnused, type UnusedReport, type UnusedRight } from '../explain/unused.ts';
import { operatorRights } from '../http/admin/operators.ts';
import { unusedContext } from '../http/explain-services.ts';
import { indexResources } from '../narrowing/targets.ts';
import { systemClock } from '../primitives/clock.ts';
import { describePlace, loadForDatabase, loadWhole, refuseUnusedToken, runOperation } from './administration.ts';
import { type CliCommand, EXIT } from './command.ts';
import { countOf } from './count.ts';
import { describeOutput, outputForm, printList, printResult } from './output.ts';
import { print, printError, printExact } from './print.ts';
import { readEvents } from './read-events.ts';
import { patchOf } from './removal-patch.ts';
import type { Columns } from './table.ts';
import { readTime, UsageError } from './usage.ts';

const DAY_MS = 86_400_000;

export const policyUnused: CliCommand = {
  examples: [
    ['cambio policy unused --since 30d --config cambio.yaml', 'the rights that no request used, each with its line'],
    ['cambio policy unused --since 30d --config cambio.yaml --patch > unused.patch', 'for patch -p0 or git apply -p0'],
    [
      'cambio policy unused --since 30d --config cambio.yaml --against audit.jsonl --output json',
      'from an export of the audit log, without the database',
    ],
  ],
  describe: (command) =>
    describeOutput(
      describePlace(
        command.description(
          'List the rules, clients, audiences and scopes that no request used, from the audit log. Changes nothing.',
        ),
      )
        .requiredOption('--since <time>', 'uses from this time on: 30d for 30 days ago, 2026-01-31')
        .option(
          '--against <file>',
          'with --config: output of audit export, or of audit search --output json, instead of the database; - for standard input',
        )
        .option('--patch', 'with --config: print a unified diff that removes them from the file'),
    ),
  run: async (options) => {
    const { server, against, patch } = options;
    const now = systemClock();
    const since = readTime('--since', options.since, now);
    if (since >= now)
      throw new UsageError(
        `--since ${options.since} leaves no time in which a right could be used. Example: --since 30d`,
      );
    if (server !== undefined && (against !== undefined || patch === true))
      throw new UsageError(
        `${patch === true ? '--patch' : '--against'} goes with --config, which names the file. Example: --config cambio.yaml`,
      );
    if (patch === true && outputForm(options) !== 'text')
      throw new UsageError('--patch prints a diff, which has no other form. Remove --output');
    if (options.config === undefined || server !== undefined)
      return runOperation(options, async (call) => {
        const { body } = await call('unused-rights', { query: { since: new Date(since).toISOString() } });
        printReport(options, body, since);
      });
    refuseUnusedToken(options);
    const configuration = await (patch === true ? loadWhole : loadForDatabase)(options.config);
    const refused = collectRefused(configuration.policy);
    const read = await (typeof against === 'string'
      ? reportOfExport(configuration, against, since, refused)
      : reportOfDatabase(configuration, since, patch === true ? refused : undefined));
    if (patch === true) await printPatch(String(options.config), configuration, read, since, refused);
    else printReport(options, read.report, since);
    return EXIT.done;
  },
};

interface ReadReport {
  readonly report: UnusedReport;
  /** Was any request granted in the window? */
  readonly isUsed: boolean;
}

/** @param refused collects the refusals, for a patch */
async function reportOfDatabase(
  configuration: Configuration,
  since: number,
  refused: RefusedRequests | undefined,
): Promise<ReadReport> {
  const { services, useSince, searchEvents, close } = await openReader(configuration);
  try {
    const report = await findUnused(since, useSince(since), unusedContext(services));
    let cursor: string | undefined;
    if (refused !== undefined)
      do {
        const { found, next } = await searchEvents({ outcome: 'refused', since }, { cursor, limit: 1000 });
        for (const { event } of found) refused.add(event);
        cursor = next;
      } while (cursor !== undefined);
    const { found: used } = await searchEvents({ outcome: 'issued', since }, { cursor: undefined, limit: 1 });
    return { report, isUsed: used.length > 0 };
  } finally {
    await close();
  }
}

async function reportOfExport(
  { issuer, policy, clients, resources, entries, placeOf, accounts, upstream }: Configuration,
  file: string,
  since: number,
  refused: RefusedRequests,
): Promise<ReadReport> {
  const targeting = indexResources(resources);
  let isUsed = false;
  const tally = createUseTally(since, targeting.scopes);
  for await (const event of readEvents(file)) {
    tally.add(event);
    if (event.time < since) continue;
    refused.add(event);
    isUsed ||= event.outcome === 'issued';
  }
  const report = await findUnused(since, tally, {
    policy,
    clients,
    targeting,
    entries,
    fileClients: new Map(entries.clients.map((entry) => [String(entry.id), entry])),
    placeOf,
    registeredAt: () => undefined,
    operators: operatorRights(clients, {
      issuer,
      resources,
      rules: policy.rules,
      people: accounts.length > 0 || upstream !== undefined ? 'some' : 'none',
    }),
  });
  return { report, isUsed };
}

const columns: Columns<UnusedRight> = {
  kind: ({ kind }) => kind,
  name: ({ name }) => name,
  of: ({ of }) => of,
  'last used': ({ lastUsed }) => lastUsed?.slice(0, 10),
  at: ({ at }) => at,
};
const columnsWithNote: Columns<UnusedRight> = { ...columns, why: ({ note }) => note };

function printReport(options: Record<string, unknown>, report: UnusedReport, since: number): void {
  const { unused, kept } = report;
  const form = outputForm(options);
  if (form === 'json') printResult(options, report, '');
  else if (form === 'csv') printList(options, columnsWithNote, [...unused, ...kept], '');
  else printText(report, since);
}

function printText({ unused, kept, untested, unread, more, ...report }: UnusedReport, since: number): void {
  for (const line of describeWindow(report, since)) print(line);
  print('');
  printList({ output: 'text' }, columns, unused, 'Every right was used.');
  if (kept.length > 0) {
    print('\nNot used either, but not to be removed without thought:');
    printList({ output: 'text' }, columnsWithNote, kept, '');
  }
  if (untested.length > 0) print(`\n${countOf(untested.length, 'rule')} without a test: ${untested.join(', ')}`);
  if (unread.length > 0)
    print(
      `\nNot known, because reading the rows takes too long here: ${unread.join(', ')}. Use --config, or a later --since.`,
    );
  if (more > 0) print(`\n${more} more are not listed.`);
}

/** A log that is younger than the window says nothing about the time before. */
function describeWindow({ begins }: Pick<UnusedReport, 'begins'>, since: number): readonly string[] {
  const first = begins === undefined ? undefined : Date.parse(begins);
  if (begins === undefined || first === undefined) return ['The log has no rows: nothing is known.'];
  if (first <= since) return [`Not used since ${new Date(since).toISOString()}:`];
  const days = Math.floor((systemClock() - first) / DAY_MS);
  return [
    `Not used since ${begins}, where the log begins: ${days === 0 ? 'less than a day' : countOf(days, 'day')}. What was used before is not known.`,
  ];
}

async function printPatch(
  file: string,
  configuration: Configuration,
  { report, isUsed }: ReadReport,
  since: number,
  refused: RefusedRequests,
): Promise<void> {
  if (!isUsed) {
    printError(
      `There is no patch: no request was granted since ${new Date(since).toISOString()}, so nothing shows which rights are used. Use an earlier --since.`,
    );
    return;
  }
  const { diff, left } = await patchOf(report.unused, refused, { file, nameIn, before: configuration });
  printExact(diff);
  for (const line of describeWindow(report, since)) printError(line);
  if (diff === '') printError('Nothing can be removed.');
  if (SECRET.test(diff)) printError('The patch shows secrets of the file. Keep it as you keep the file.');
  if (left.length > 0)
    printError(
      `${countOf(left.length, 'right')} stay, because a recorded decision or another part of the file depends on them: ${left
        .map(({ kind, name, of }) => `${kind} ${name}${of === undefined ? '' : ` of ${of}`}`)
        .join(', ')}`,
    );
}

/** A secret or a password that stands in the file itself. */
const SECRET = /\bplain"?:|:\/\/[^/\s:]*:[^/\s@]+@/;

/** The path from the current folder: `patch` refuses others. A line break in it would begin another patch. */
function nameIn(file: string): string {
  const path = relative(process.cwd(), file);
  if (hasUnprintable(path))
    throw new UsageError(
      `${JSON.stringify(path)} has a character that cannot be printed, and would change the patch. Rename the file`,
    );
  return path.startsWith('..') ? path.replace(/^.*\//, '') : path;
}
