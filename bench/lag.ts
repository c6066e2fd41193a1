// npm run bench:lag: how long after its commit is a row in the index of searches, and in the tables of tokens and counts, while a server
// is at its peak? Asks the database 20 times a second for the oldest row that they lack. Prints.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { readYaml } from '../packages/server/src/config/yaml.ts';
import { type PositionName, readPosition } from '../packages/server/src/store/audit-positions.ts';
import { readPostgresUrl } from '../packages/server/src/store/postgres-url.ts';
import { openStore, type Store, type StoreLocation } from '../packages/server/src/store/store.ts';
import { runSql } from '../packages/server/test/support/many-audit-rows.ts';
import type { Contender } from './contender.ts';
import { contenders } from './contenders.ts';
import { openIssuers } from './issuers.ts';
import { latenciesOf, percentile, runClosedLoop } from './load.ts';
import { count, readOptions } from './options.ts';
import { serve } from './served.ts';
import { load, machine, table } from './table.ts';
import { cold } from './workloads.ts';

const options = readOptions(
  { script: 'bench:lag', purpose: 'Measures how far the index of the audit is behind at the peak, and prints.' },
  {
    seconds: count(20, 'seconds of load for each store'),
    connections: count(24, 'requests at once'),
  },
);
const SAMPLE_MS = 50;
/** Requests that are prepared for each second. */
const MAX_RATE = 3000;

const issuers = openIssuers();

/** As a configuration file of the bench has it. */
function locationOf(folder: string): StoreLocation {
  const { store } = readYaml(readFileSync(join(folder, 'cambio.yaml'), 'utf8'), {}).value as { readonly store: string };
  if (store.startsWith('sqlite:')) return { kind: 'sqlite', file: join(folder, store.slice('sqlite:'.length)) };
  const { connection } = readPostgresUrl(store, '/');
  if (connection === undefined) throw new Error(`${store} is not the URL of a database`);
  return { kind: 'postgres', connection };
}

/** Milliseconds since the oldest row that the tables lack; 0 if they have all. */
async function lagOf(store: Store, name: PositionName): Promise<number> {
  const position = await readPosition(store, name);
  const rows = await runSql<{ time: number | null }>(
    store,
    `select min(time) as time from (select time from audit where sequence > ${Number(position)} order by sequence limit 100) as missing`,
  );
  const time = rows[0]?.time ?? undefined;
  return time === undefined ? 0 : Math.max(Date.now() - time, 0);
}

async function measure(name: string): Promise<readonly (readonly string[])[]> {
  const contender = contenders.find((one) => one.name === name) as Contender;
  let folder = '';
  const noted: Contender = {
    ...contender,
    command: (place) => {
      folder = place.folder;
      return contender.command(place);
    },
  };
  const served = await serve(noted, issuers);
  const store = await openStore(locationOf(folder), 'read', Date.now());
  try {
    const requests = await served.prepare(cold, options.seconds * MAX_RATE);
    const lags = { 'audit index': [] as number[], 'audit tokens': [] as number[] };
    let isOver = false;
    const sampling = (async () => {
      while (!isOver) {
        for (const position of ['audit index', 'audit tokens'] as const)
          lags[position].push(await lagOf(store, position));
        await wait(SAMPLE_MS);
      }
    })();
    const { expect } = cold;
    const { connections, seconds } = options;
    const sample = await runClosedLoop({ port: served.port, requests, expect, connections, within: seconds });
    isOver = true;
    await sampling;
    const rate = latenciesOf(sample, expect).length / sample.seconds;
    return Object.entries(lags).map(([what, all]) => {
      const sorted = Float64Array.from(all).sort();
      return [
        `${what}, ${contender.name}`,
        rate.toFixed(0),
        String(all.length),
        ...[0.5, 0.99, 1].map((share) => percentile(sorted, share).toFixed(0)),
      ];
    });
  } finally {
    await store.destroy();
    await served.stop();
  }
}

const rows = [];
for (const name of ['cambio', 'cambio-postgres']) rows.push(...(await measure(name)));
const head = ['position', 'exchanges a second', 'samples', 'p50, ms', 'p99, ms', 'longest, ms'];
console.log(`# Lag of the index\n\n${machine()} ${load()}\n\n${table([head, ...rows])}`);
