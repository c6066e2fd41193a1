// Checks the database: can it be reached, is its schema that of this version, does its clock agree?
import type { Configuration } from '../config/configuration.ts';
import { LEEWAY_SECONDS } from '../primitives/clock.ts';
import { inspectStore } from '../store/inspect.ts';
import type { PostgresConnection } from '../store/postgres-url.ts';
import type { StoreLocation } from '../store/store.ts';
import { countOf } from './count.ts';
import type { CheckOutcome, Probe } from './finding.ts';
import { compareClocks } from './online-clock.ts';

const PATH = ['store'];
const about = { check: 'database', path: PATH } as const;

export const databaseProbes = ({ store }: Configuration): readonly Probe[] => [
  primaryProbe(store),
  ...(store.kind === 'postgres' && store.replica !== undefined ? [replicaProbe(store.replica)] : []),
];

const primaryProbe = (store: StoreLocation): Probe => ({
  ...about,
  run: async () => {
    if (store.kind === 'sqlite' && store.file === ':memory:')
      return [{ ...about, severity: 'ok', message: 'in memory; nothing is stored' }];
    const asked = Date.now();
    const { last, missing, time, isStandby } = await inspectStore(store);
    return [
      describeSchema(last, missing),
      ...(isStandby ? [STANDBY] : []),
      ...compareClocks({ time, asked }, { path: PATH, whose: 'the clock of the database', leeway: LEEWAY_SECONDS }),
    ];
  },
});

function replicaProbe(connection: PostgresConnection): Probe {
  const about = { check: 'database', path: ['store', 'replica'] } as const;
  return {
    ...about,
    run: async () => {
      const { isStandby } = await inspectStore({ kind: 'postgres', connection });
      return [
        isStandby
          ? { ...about, severity: 'ok', message: 'the replica can be read' }
          : {
              ...about,
              severity: 'fault',
              message: 'it is not a standby. Name a standby of the database of store.url here.',
            },
      ];
    },
  };
}

const STANDBY: CheckOutcome = {
  ...about,
  severity: 'fault',
  message: 'it can only be read, as a standby. Name the primary in store.',
};

function describeSchema(last: string | undefined, missing: readonly string[]): CheckOutcome {
  const first = 'The first start of a server creates them, or cambio store migrate.';
  if (last === undefined)
    return { ...about, severity: 'warning', message: `the database has no tables of cambio yet. ${first}` };
  if (missing.length === 0)
    return { ...about, severity: 'ok', message: `its schema is that of this version (${last})` };
  const behind = `its schema is ${countOf(missing.length, 'step')} behind this version: ${missing.join(', ')}`;
  return {
    ...about,
    severity: 'warning',
    message: `${behind}. The start of a server applies them, or cambio store migrate.`,
  };
}
