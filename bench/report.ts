// Formats the results as a page.
import { BEFORE, contenders } from './contenders.ts';
import type { Overload } from './overload.ts';
import type { Results } from './results.ts';
import { CONNECTIONS, type Effort, type Round, ratioOf, type Spread, spreadOf } from './rounds.ts';
import { machine, mebibytes, range, table } from './table.ts';
import { judgeTargets } from './targets.ts';
import { workloads } from './workloads.ts';

/** The baseline of comparisons: the first of these that was measured. */
const YARDSTICKS = [BEFORE, 'bare'];

/** Omits parts that were not measured. */
export const formatResults = (results: Results, effort: Effort): string =>
  [
    '# What an exchange costs',
    `${machine()} How it is measured: [performance.md](../docs/explanation/performance.md).`,
    `Figures are the median of ${effort.rounds} rounds of up to ${effort.requests} requests over ${CONNECTIONS} connections (least..most). CPU is that of the contender's own processes, for each answer; × bare, or × ${BEFORE}, compares it round by round.`,
    section('Targets', table([['target', 'limit', 'measured', ''], ...judgeTargets(results)])),
    section('Contenders', table([['', ''], ...contenders.map(({ name, title }) => [name, title])])),
    ...workloads.flatMap(({ name, title }) => {
      const measured = results.workloads.get(name);
      return measured === undefined ? [] : [section(`${name}: ${title}`, formatAgainstYardstick(measured))];
    }),
    ...(results.halfOfPeak.size > 0 ? [section('Cold at half of the peak', formatHalf(results))] : []),
    ...(results.overload.size > 0 ? [section('Cold at four times the peak', formatOverload(results))] : []),
    ...(results.workers.size > 0 ? [section('Cold with two workers against one', formatWorkers(results))] : []),
    ...(results.saml.length > 0 ? [section('SAML 2.0 without HTTP', formatSaml(results))] : []),
  ].join('\n\n');

export const section = (title: string, text: string): string => `## ${title}\n\n${text}`;

type Measured = ReadonlyMap<string, readonly Round[]>;

function formatAgainstYardstick(measured: Measured): string {
  const yardstick = YARDSTICKS.find((name) => measured.has(name));
  const compared = yardstick === undefined ? undefined : measured.get(yardstick);
  return formatRounds(measured, `× ${yardstick ?? 'bare'}`, (rounds) => compared && ratioOf(rounds, compared));
}

/** @param ratio of the CPU of a contender and another, in a column with the title */
export function formatRounds(
  measured: Measured,
  title: string,
  ratio: (rounds: readonly Round[]) => Spread | undefined,
): string {
  const rows = [...measured].map(([contender, rounds]) => [
    contender,
    range(spreadOf(rounds.map(({ cpu }) => cpu)), 0),
    optional(ratio(rounds)),
    range(spreadOf(rounds.map(({ rate }) => rate)), 0),
    range(spreadOf(rounds.map(({ p50 }) => p50)), 1),
    range(spreadOf(rounds.map(({ p99 }) => p99)), 1),
    mebibytes(spreadOf(rounds.map(({ memory }) => memory)).median),
  ]);
  const head = ['contender', 'CPU µs', title, 'a second', 'p50 ms', 'p99 ms', 'memory MiB'];
  return table([head, ...rows]);
}

const optional = (spread: Spread | undefined): string => (spread === undefined ? '' : range(spread, 2));

const formatHalf = ({ halfOfPeak }: Results): string =>
  table([
    ['contender', 'a second', 'p50 ms', 'p99 ms'],
    ...[...halfOfPeak].map(([name, { rate, p50, p99 }]) => [name, rate.toFixed(0), p50.toFixed(1), p99.toFixed(1)]),
  ]);

const overloadRows: readonly (readonly [string, (of: Overload) => string])[] = [
  ['peak, a second', ({ peak }) => peak.toFixed(0)],
  ['asked for, a second', ({ offered }) => offered.toFixed(0)],
  ['granted, a second', ({ granted }) => granted.toFixed(0)],
  ['503, a second', ({ refused }) => refused.toFixed(0)],
  ['found every connection busy or at rest, a second', ({ lost }) => lost.toFixed(0)],
  ['ms to what was granted, p99', ({ grantedP99 }) => grantedP99.toFixed(0)],
  ['ms to a 503, p50 and p99', ({ refusedP50, refusedP99 }) => `${refusedP50.toFixed(0)}, ${refusedP99.toFixed(0)}`],
  [
    'ms for which the event loop is held, p99 and most',
    ({ heldP99, heldMost }) => `${heldP99.toFixed(0)}, ${heldMost.toFixed(0)}`,
  ],
  ['memory MiB, before and after', ({ memory }) => memory.map(mebibytes).join(', ')],
];

const formatOverload = ({ overload }: Results): string =>
  table([['', ...overload.keys()], ...overloadRows.map(([what, read]) => [what, ...[...overload.values()].map(read)])]);

const formatWorkers = ({ workers }: Results): string =>
  table([
    ['contender', 'one, a second', 'two', 'two in one', 'one, CPU µs', 'two', 'one, memory MiB', 'two'],
    ...[...workers].map(([name, both]) => {
      const [one, two] = both;
      const ratio = spreadOf(two.map(({ rate }, index) => rate / (one[index]?.rate ?? Number.NaN)));
      const of = (measure: keyof Round) => both.map((rounds) => spreadOf(rounds.map((round) => round[measure])));
      return [
        name,
        ...of('rate').map((rate) => range(rate, 0)),
        range(ratio, 2),
        ...of('cpu').map((cpu) => range(cpu, 0)),
        ...of('memory').map(({ median }) => mebibytes(median)),
      ];
    }),
  ]);

const formatSaml = ({ saml }: Results): string =>
  table([['in a second of one core', ''], ...saml.map(({ name, rate }) => [name, rate.toFixed(0)])]);
