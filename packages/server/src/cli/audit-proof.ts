// cambio audit export, verify, erase: is the record what was written, elsewhere too, and how is a person forgotten in it?
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { openOperator, openReader } from '../app.ts';
import { type ExportLine, parseLine } from '../audit/export.ts';
import type { ChainFault, Verdict } from '../audit/verify.ts';
import { type KnownKeys, verifyLines } from '../audit-retention/proof.ts';
import { loadConfiguration } from '../config/load.ts';
import { parseJsonObject } from '../primitives/strict-json.ts';
import { decodeUtf8, readTextFile } from '../primitives/utf8.ts';
import { type CliCommand, EXIT } from './command.ts';
import { print, printError, printPart } from './print.ts';

export const auditExport: CliCommand = {
  describe: (command) =>
    command
      .description('print the whole audit as lines of JSON, with all that proves it')
      .requiredOption('--config <file>', 'the configuration file'),
  run: async ({ config }) => {
    const { exportAudit, close } = await openReader(await loadConfiguration(String(config), process.env));
    try {
      await exportAudit(async (line) => printPart(`${JSON.stringify(line)}\n`));
      return EXIT.done;
    } finally {
      await close();
    }
  },
};

export const auditVerify: CliCommand = {
  describe: (command) =>
    command
      .description('prove that no row was changed, moved, added or taken away; names every row that does not fit')
      .argument('[file]', 'an export, which may be anywhere; without it the database of --config')
      .option('--config <file>', 'the configuration file')
      .option(
        '--keys <file>',
        'a JWK Set that is known to be ours: only what these keys vouch for is believed; without it, with --config, the keys of the server',
      )
      .option('--json', 'as JSON'),
  run: async ({ config, keys, json }, [file]) => {
    if ((config === undefined) === (file === undefined)) {
      printError('cambio: say either an export, or --config');
      return EXIT.usage;
    }
    const known = keys === undefined ? undefined : readKeys(String(keys));
    const verdict = await (file === undefined
      ? verifyDatabase(String(config), known)
      : verifyLines(() => readExport(file), known));
    print(json ? JSON.stringify(verdict, null, 2) : tell(verdict, known !== undefined || file === undefined));
    return verdict.faults.length === 0 ? EXIT.done : EXIT.failed;
  },
};

async function verifyDatabase(config: string, known: KnownKeys): Promise<Verdict> {
  const { verifyAudit, close } = await openReader(await loadConfiguration(config, process.env));
  try {
    return await verifyAudit(known);
  } finally {
    await close();
  }
}

async function* readExport(file: string): AsyncGenerator<ExportLine> {
  let number = 0;
  // A character for each byte, until a line is whole.
  const input = createReadStream(file, 'latin1');
  for await (const bytes of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (bytes.trim() === '') continue;
    const text = decodeUtf8(Buffer.from(bytes, 'latin1'));
    const line = text === undefined ? undefined : parseLine(text);
    if (line === undefined) throw new Error(`${file}:${number}: this is no line of an export`);
    yield line;
  }
}

function readKeys(file: string): KnownKeys {
  const { keys } = parseJsonObject(readTextFile(file)) ?? {};
  if (!Array.isArray(keys)) throw new Error(`${file} is no JWK Set`);
  return keys;
}

/** @param isKnown whether the keys are known from elsewhere */
function tell(verdict: Verdict, isKnown: boolean): string {
  const { chains, rows, erased, unsigned, foundOnly, unchained, statements, keys, signedAt, faults } = verdict;
  const lines = faults.map(tellFault);
  lines.push(
    `${count(rows, 'row')} in ${count(chains, 'chain')}, ${erased} of them erased; ${count(statements, 'signed statement')}`,
    signedAt === undefined
      ? 'nothing is signed: a row changed with all that follow it would not be noticed'
      : `signed until ${new Date(signedAt * 1000).toISOString()}; ${count(unsigned, 'row')} after that, of which the end could be missing`,
  );
  if (foundOnly > 0)
    lines.push(
      `${count(foundOnly, 'row')} signed by another process only, which signs what it finds once a writer is gone: who could write to the database can have made them up before that`,
    );
  if (unchained > 0)
    lines.push(`${count(unchained, 'row')} in no chain, from before there were chains: nothing proves them`);
  if (!isKnown && keys.length > 0) {
    lines.push(
      `the keys are those of the record itself: compare their RFC 7638 thumbprints, ${keys.join(', ')}, with those of your own, or give --keys`,
    );
  }
  const unproven = foundOnly + unchained + unsigned;
  const good = `good: nothing was changed, moved, added or taken away${unproven > 0 ? `, but for ${count(unproven, 'row')} that nothing proves` : ''}`;
  lines.push(faults.length === 0 ? good : count(faults.length, 'fault'));
  return lines.join('\n');
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

function tellFault({ chain, position, requestId, problem }: ChainFault): string {
  const row =
    requestId === undefined ? '' : `${position === undefined ? '' : ` row ${position},`} request ${requestId}`;
  return `${chain === undefined ? 'the record' : `chain ${chain}`}${row}: ${problem}`;
}

export const auditErase: CliCommand = {
  describe: (command) =>
    command
      .description('forget a person: takes away what rows tell of whoever it was, and leaves the chains whole')
      .requiredOption('--config <file>', 'the configuration file')
      .requiredOption('--subject <sub>', 'whose rows: those where it is the subject, or acts')
      .option('--issuer <iss>', 'of that issuer alone: another may have a person of the same name'),
  run: async ({ config, subject, issuer }) => {
    const { erase, close } = await openOperator(await loadConfiguration(String(config), process.env));
    try {
      const count = await erase({ subject: String(subject), ...(issuer !== undefined && { issuer: String(issuer) }) });
      print(`${count} ${count === 1 ? 'row' : 'rows'} erased; copies, exports and what was streamed are elsewhere`);
      return EXIT.done;
    } finally {
      await close();
    }
  },
};
