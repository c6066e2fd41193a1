// Compares the results with our targets.
import type { Results } from './results.ts';
import { type Round, ratioOf, spreadOf } from './rounds.ts';

interface Target {
  readonly name: string;
  readonly limit: number;
  readonly least?: true;
  readonly digits: number;
  /** NaN if it was not measured. */
  readonly value: (results: Results) => number;
}

const rounds = (results: Results, workload: string, contender: string): readonly Round[] =>
  results.workloads.get(workload)?.get(contender) ?? [];

const SQLITE = 'cambio';
const BOTH = [SQLITE, 'cambio-postgres'] as const;

const against =
  (workload: string, peer: string) =>
  (results: Results): number =>
    ratioOf(rounds(results, workload, SQLITE), rounds(results, workload, peer)).median;

const medianOf = (of: readonly Round[], figure: keyof Round): number => spreadOf(of.map((one) => one[figure])).median;

const overload =
  (read: (of: NonNullable<ReturnType<Results['overload']['get']>>) => number) =>
  ({ overload: all }: Results): number => {
    const of = all.get(SQLITE);
    return of === undefined ? Number.NaN : read(of);
  };

const targets: readonly Target[] = [
  { name: 'cold: CPU of an exchange, in that of bare', limit: 1.5, digits: 2, value: against('cold', 'bare') },
  { name: 'hot: the same', limit: 1.15, digits: 2, value: against('hot', 'bare') },
  { name: 'delegation: the same', limit: 1.5, digits: 2, value: against('delegation', 'bare') },
  {
    name: 'refresh: CPU, in that of an exchange of bare',
    limit: 2.2,
    digits: 2,
    value: (results) =>
      medianOf(rounds(results, 'refresh', SQLITE), 'cpu') / medianOf(rounds(results, 'cold', 'bare'), 'cpu'),
  },
  { name: 'cold: CPU, in that of oidc-provider', limit: 0.74, digits: 2, value: against('cold', 'oidc-provider') },
  { name: 'hot: the same', limit: 0.56, digits: 2, value: against('hot', 'oidc-provider') },
  ...BOTH.flatMap((name): readonly Target[] => [
    {
      name: `${name}: the peak, in that of bare`,
      limit: 0.62,
      least: true,
      digits: 2,
      value: (results) =>
        medianOf(rounds(results, 'cold', name), 'rate') / medianOf(rounds(results, 'cold', 'bare'), 'rate'),
    },
    {
      name: `${name}: p99 at half of the peak, in that of bare`,
      limit: 2.5,
      digits: 2,
      value: ({ halfOfPeak }) =>
        (halfOfPeak.get(name)?.p99 ?? Number.NaN) / (halfOfPeak.get('bare')?.p99 ?? Number.NaN),
    },
    {
      name: `${name}: MiB of resident memory under load`,
      limit: 180,
      digits: 0,
      value: (results) => medianOf(rounds(results, 'cold', name), 'memory') / 2 ** 20,
    },
  ]),
  {
    name: 'refused: CPU, in that of the same request granted',
    limit: 1,
    digits: 2,
    value: (results) =>
      medianOf(rounds(results, 'refused', SQLITE), 'cpu') / medianOf(rounds(results, 'cold', SQLITE), 'cpu'),
  },
  {
    name: 'audit: its part of the CPU of an exchange',
    limit: 0.1,
    digits: 2,
    value: (results) =>
      1 - ratioOf(rounds(results, 'cold', 'cambio-unaudited'), rounds(results, 'cold', SQLITE)).median,
  },
  {
    name: 'SAML 2.0: verifications in a second of one core',
    limit: 2000,
    least: true,
    digits: 0,
    value: ({ saml }) => saml[0]?.rate ?? Number.NaN,
  },
  {
    name: 'overload: granted, in what is granted at the peak',
    limit: 0.9,
    least: true,
    digits: 2,
    value: overload(({ granted, peak }) => granted / peak),
  },
  {
    name: 'overload: ms for which the event loop is held, 99th percentile',
    limit: 100,
    digits: 0,
    value: overload(({ heldP99 }) => heldP99),
  },
  {
    name: 'overload: ms until a request is refused, half of them',
    limit: 100,
    digits: 0,
    value: overload(({ refusedP50 }) => refusedP50),
  },
];

/** @returns rows of target, limit, value, verdict */
export const judgeTargets = (results: Results): readonly (readonly string[])[] =>
  targets.map(({ name, limit, least, digits, value }) => {
    const found = value(results);
    const met = least ? found >= limit : found <= limit;
    const verdict = Number.isNaN(found) ? 'not measured' : met ? 'met' : '**missed**';
    return [name, `${least ? '≥' : '≤'} ${limit}`, Number.isNaN(found) ? '' : found.toFixed(digits), verdict];
  });
