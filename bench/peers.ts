// npm run bench:peers: measures this server beside released servers that exchange tokens, each in one process, and writes peers.md.
// With options it measures a part, and prints. The servers come from Maven and npm; one that cannot be had is skipped.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openConnection } from './connection.ts';
import type { Contender } from './contender.ts';
import { contenders } from './contenders.ts';
import { openIssuers } from './issuers.ts';
import { flag, names, namesOf, pick, readOptions } from './options.ts';
import { keycloaks } from './peers/keycloak.ts';
import { springs } from './peers/spring.ts';
import { formatRounds, section } from './report.ts';
import { CONNECTIONS, measure, type Round, ratioOf } from './rounds.ts';
import { knows } from './run.ts';
import { type Served, serve } from './served.ts';
import { load, machine, mebibytes, table } from './table.ts';
import { type Workload, workloads } from './workloads.ts';

const PAGE = join(import.meta.dirname, 'peers.md');
const ROOT = join(import.meta.dirname, '..');
const OURS = 'cambio';
const peers: readonly Contender[] = [
  ...pick<Contender>(contenders, [OURS, 'bare', 'oidc-provider']),
  ...springs,
  ...keycloaks,
];
const compared = pick<Workload>(workloads, ['cold', 'own']);

/** Servers that exchange tokens and that no registry has in a form that can run here. */
const ABSENT = [
  [
    'dex',
    'the newest version that the Go module proxy gives for `latest` is v2.13.0 of 2018, which has no exchange; a commit of its main branch is not served',
  ],
  ['ToolHive', 'v0.63.0 of its Go module needs Go 1.27'],
  ['ThunderID', 'the Go module proxy does not serve its module'],
] as const;

const { short, only, against } = readOptions(
  { script: 'bench:peers', purpose: 'Measures this server beside released servers, and writes bench/peers.md.' },
  {
    short: flag('prints a part: fewer and shorter rounds'),
    only: names(namesOf(compared), 'prints a part: some workloads'),
    against: names(namesOf(peers), 'prints a part: this server against some others'),
  },
);
const isWhole = !short && only === undefined && against === undefined;
/** A JVM compiles for long. */
const effort = short ? { warmUp: 1, rounds: 3, requests: 400 } : { warmUp: 6, rounds: 5, requests: 2000 };
const TRYING_MS = 30_000;
const TRY_AGAIN_MS = 1000;
const progress = (line: string): void => console.error(line);

const issuers = openIssuers();
const skipped: (readonly [string, string])[] = [];
const served: Served[] = [];
const stopAll = (): Promise<unknown> => Promise.all(served.map(({ stop }) => stop()));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopAll().finally(() => process.exit(1)));
try {
  for (const one of pick(peers, against && [OURS, ...against])) await startOne(one);
  const page = formatPage(await measureAll());
  if (isWhole) writeFileSync(PAGE, `${page}\n`);
  console.log(page);
} finally {
  await stopAll();
}

async function startOne(contender: Contender): Promise<void> {
  progress(`start: ${contender.name}`);
  let one: Served | undefined;
  try {
    one = await serve(contender, issuers);
    await tryWorkloads(one);
    served.push(one);
  } catch (error) {
    await one?.stop();
    if (contender.name === OURS) throw error;
    const why = reasonOf(error);
    progress(`skipped: ${contender.name}: ${why}`);
    skipped.push([contender.name, why]);
  }
}

/** The first answer of a server may be a refusal, while it fetches keys. @throws Error with its last answer */
async function tryWorkloads({ contender, port, prepare }: Served): Promise<void> {
  const until = performance.now() + TRYING_MS;
  for (const workload of compared.filter((one) => knows(contender, one)))
    for (;;) {
      const connection = await openConnection(port);
      const [request = Buffer.alloc(0)] = await prepare(workload, 1);
      const { status, body } = await connection.send(request);
      connection.close();
      if (status === workload.expect) break;
      if (performance.now() > until) throw new Error(`${workload.name}: it answered ${status}: ${body}`);
      await pause(TRY_AGAIN_MS);
    }
}

/** The output of a program is long. */
function reasonOf(error: unknown): string {
  const lines = String(error instanceof Error ? error.message : error)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const wrong = lines.find((line) => line.includes('ERROR')) ?? lines.slice(1).at(-1);
  return [lines[0], wrong].filter((line) => line !== undefined).join(' ');
}

type Measured = ReadonlyMap<string, readonly Round[]>;

async function measureAll(): Promise<ReadonlyMap<string, Measured>> {
  const all = new Map<string, Measured>();
  for (const workload of pick(compared, only)) {
    const knowing = served.filter(({ contender }) => knows(contender, workload));
    progress(`${workload.name}: ${knowing.map(({ contender }) => contender.name).join(', ')}`);
    const rounds = await measure(workload, knowing, issuers, effort);
    all.set(workload.name, new Map(knowing.map(({ contender }, index) => [contender.name, rounds[index] ?? []])));
  }
  return all;
}

function formatPage(all: ReadonlyMap<string, Measured>): string {
  return [
    '# Beside other servers',
    `Written by \`npm run bench:peers\` on ${new Date().toISOString().slice(0, 10)}. ${machine()} ${load()} How it is measured: [performance.md](../docs/explanation/performance.md#beside-other-servers).`,
    `Figures are the median of ${effort.rounds} rounds of up to ${effort.requests} requests over ${CONNECTIONS} connections (least..most), after ${effort.warmUp} that do not count. CPU is that of all processes of a server, for each answer. Ours ÷ its divides our CPU by that of the server in the same round: below 1, ours is less.`,
    section('Servers', formatServers()),
    ...compared.flatMap(({ name, title }) => {
      const measured = all.get(name);
      return measured === undefined ? [] : [section(`${name}: ${title}`, formatWorkload(measured))];
    }),
    section('Not measured', table([['server', 'because'], ...skipped, ...ABSENT])),
  ].join('\n\n');
}

function formatWorkload(measured: Measured): string {
  const ours = measured.get(OURS) ?? [];
  const cpus = [...measured].map(([name, rounds]) => [name, ...rounds.map(({ cpu }) => cpu.toFixed(0))]);
  const numbers = Array.from({ length: effort.rounds }, (_, index) => String(index + 1));
  return [
    formatRounds(measured, 'ours ÷ its', (rounds) => ratioOf(ours, rounds)),
    'CPU µs of each round:',
    table([['contender', ...numbers], ...cpus]),
  ].join('\n\n');
}

function formatServers(): string {
  return table([
    ['server', 'version', 'ready after, ms', 'CPU until then, ms', 'MiB then', 'what is measured'],
    ...served.map(({ contender: { name, title }, version, start }) => [
      name,
      version ?? versionOf(name),
      start.ready.toFixed(0),
      (start.cpu / 1000).toFixed(0),
      mebibytes(start.memory),
      title,
    ]),
  ]);
}

/** @param name of a contender that is a program of this repository */
function versionOf(name: string): string {
  if (name === OURS)
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
  if (name === 'bare') return `Node ${process.version}`;
  return JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;
}
