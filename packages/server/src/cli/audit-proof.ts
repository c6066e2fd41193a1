// cambio audit export and verify: exports the audit with its proof, and verifies a database or an export.
import { openReader } from '../app.ts';
import { type ExportLine, parseLine } from '../audit/export.ts';
import type { ChainFault, Verdict } from '../audit/verify.ts';
import { type KnownKeys, verifyLines } from '../audit-retention/proof.ts';
import { parseJsonObject } from '../primitives/strict-json.ts';
import { readTextFile } from '../primitives/utf8.ts';
import { loadForDatabase } from './administration.ts';
import { type CliCommand, EXIT } from './command.ts';
import { countOf } from './count.ts';
import { readLines } from './lines.ts';
import { describeOutput, printResult } from './output.ts';
import { printPart } from './print.ts';
import { UsageError } from './usage.ts';

export const auditExport: CliCommand = {
  examples: [
    ['cambio audit export --config cambio.yaml > audit.jsonl', 'to keep it, or to verify it on another machine'],
  ],
  describe: (command) =>
    command
      .description('Print the whole audit as lines of JSON, with the signatures and keys that prove it.')
      .requiredOption('--config <file>', 'the configuration file'),
  run: async ({ config }) => {
    const { exportAudit, close } = await openReader(await loadForDatabase(config));
    try {
      await exportAudit(async (line) => printPart(`${JSON.stringify(line)}\n`));
      return EXIT.done;
    } finally {
      await close();
    }
  },
};

export const auditVerify: CliCommand = {
  examples: [
    ['cambio audit verify --config cambio.yaml', 'the database, by the keys of the server'],
    ['cambio audit verify audit.jsonl --keys jwks.json', 'an export, on any machine'],
  ],
  describe: (command) =>
    describeOutput(
      command
        .description('Verify that no row was changed, moved, added or removed. Reports every faulty row.')
        .argument('[file]', 'an export (default: the database of --config)')
        .option('--config <file>', 'the configuration file')
        .option(
          '--keys <file>',
          'a JWK Set of the server, from a trusted source: only signatures by these keys count (default with --config: the keys of the server)',
        ),
    ),
  run: async (options, [file]) => {
    const { config, keys } = options;
    if ((config === undefined) === (file === undefined))
      throw new UsageError('give either an export or --config. Example: cambio audit verify audit.jsonl');
    const known = keys === undefined ? undefined : readKeys(String(keys));
    const verdict = await (file === undefined
      ? verifyDatabase(String(config), known)
      : verifyLines(() => readExport(file), known));
    printResult(options, { ...verdict }, describeVerdict(verdict, known !== undefined || file === undefined));
    return verdict.faults.length === 0 && !isEmptyExport(file, verdict) ? EXIT.done : EXIT.failed;
  },
};

async function verifyDatabase(config: string, known: KnownKeys): Promise<Verdict> {
  const { verifyAudit, close } = await openReader(await loadForDatabase(config));
  try {
    return await verifyAudit(known);
  } finally {
    await close();
  }
}

async function* readExport(file: string): AsyncGenerator<ExportLine> {
  for await (const { text, place } of readLines(file)) {
    const line = text === undefined ? undefined : parseLine(text);
    if (line === undefined) throw new Error(`${place}: not a line of an export. cambio audit export prints one`);
    yield line;
  }
}

function readKeys(file: string): KnownKeys {
  const { keys } = parseJsonObject(readTextFile(file)) ?? {};
  if (!Array.isArray(keys))
    throw new Error(`${file} is not a JWK Set. Example: {"keys": [...]}, as /.well-known/jwks.json has it`);
  return keys;
}

/** An export without a row, a statement or a key is not one: the command that should write it has failed. A new database is empty. */
const isEmptyExport = (file: string | undefined, { rows, unchained, statements }: Verdict): boolean =>
  file !== undefined && rows + unchained + statements === 0;

const NOTHING_PROVEN = 'nothing is proven: there is no row and no statement';

/** The exit code is 0: a record without a signature has no fault. */
const NOT_PROVEN =
  'not proven yet: the first statement is signed within checkpointEvery (audit), or when the server stops. No fault was found';

/** @param isKnown whether the keys come from another source than the record */
function describeVerdict(verdict: Verdict, isKnown: boolean): string {
  const { chains, rows, erased, unsigned, foundOnly, unchained, statements, keys, signedAt, faults } = verdict;
  const lines = faults.map(describeFault);
  lines.push(
    `${countOf(rows, 'row')} in ${countOf(chains, 'chain')}, ${erased} of them erased; ${countOf(statements, 'signed statement')}`,
    signedAt === undefined
      ? 'nothing is signed: a change to a row and to all rows after it would not be noticed'
      : `signed until ${new Date(signedAt * 1000).toISOString()}; ${countOf(unsigned, 'row')} after that: rows missing at the end would not be noticed`,
  );
  if (foundOnly > 0)
    lines.push(
      `${countOf(foundOnly, 'row')} signed by another process only, after their writer had stopped: a person with access to the database could have forged them before`,
    );
  if (unchained > 0)
    lines.push(`${countOf(unchained, 'row')} in no chain, from a version without chains: nothing proves them`);
  if (!isKnown && keys.length > 0) {
    lines.push(
      `the keys come from the record itself: compare their RFC 7638 thumbprints, ${keys.join(', ')}, with those of your server, or give --keys`,
    );
  }
  const unproven = foundOnly + unchained + unsigned;
  const good = `good: nothing was changed, moved, added or removed${unproven > 0 ? `, but for ${countOf(unproven, 'row')} that nothing proves` : ''}`;
  const isEmpty = rows + unchained + statements === 0;
  const found = isEmpty ? NOTHING_PROVEN : signedAt === undefined && rows > 0 ? NOT_PROVEN : good;
  lines.push(faults.length === 0 ? found : countOf(faults.length, 'fault'));
  return lines.join('\n');
}

function describeFault({ chain, position, requestId, problem }: ChainFault): string {
  const row =
    requestId === undefined ? '' : `${position === undefined ? '' : ` row ${position},`} request ${requestId}`;
  return `${chain === undefined ? 'the record' : `chain ${chain}`}${row}: ${problem}`;
}
