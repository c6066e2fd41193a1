// F03, F05 to F08, F28, F29: PostgreSQL is killed, goes away and comes back, answers late, not at all, takes no writes, waits for
// locks, or is cut off in the middle of commits.
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { query } from '../../support/postgres.ts';
import { startProxy, type Proxy as Wire } from '../../support/proxy.ts';
import { get } from '../caller.ts';
import { type Member, postgresAt, startMembers, untilReady } from '../cluster.ts';
import { examine } from '../examine.ts';
import type { Bench, Fault, Outcome } from '../fault.ts';
import { ALWAYS, countOf, percentile, type Session, slowest, underLoad } from '../session.ts';

interface Broken {
  readonly bench: Bench;
  readonly session: Session;
  readonly proxy: Wire;
  readonly url: string;
}

/** Two nodes that reach their database through a proxy, which is broken and repaired repeatedly. */
async function breaking(
  bench: Bench,
  repetitions: number,
  fail: (broken: Broken) => Promise<void>,
  mend: (broken: Broken) => Promise<void>,
  downFor: number,
): Promise<Outcome> {
  const postgres = await bench.postgres();
  const proxy = await startProxy(bench, postgres.port);
  const url = await postgres.database();
  const store = postgresAt(url);
  const behind = { ...store, location: url.replace(String(postgres.port), String(proxy.port)) };
  const members = await startMembers(bench, behind, 2);
  const recovery: number[] = [];
  const plan = { store, members, lives: 8, pause: 10, failures: 'expected' } as const;
  const outcome = await underLoad(plan, async (session) => {
    const broken = { bench, session, proxy, url };
    for (let time = 0; time < repetitions; time++) {
      await wait(300);
      await fail(broken);
      const until = performance.now() + downFor;
      await judgeWithout(session, members);
      await wait(Math.max(0, until - performance.now()));
      await mend(broken);
      recovery.push(Math.max(...(await Promise.all(members.map((member) => untilReady(member))))));
      await examine(session.caller, members, 5);
    }
  });
  return { ...outcome, repetitions, checked: ALWAYS, note: noteOf(outcome, recovery) };
}

const noteOf = (
  { ledgers: [ledger] }: Pick<Outcome, 'ledgers'> & { ledgers: readonly [Session['ledger']] },
  recovery: readonly number[],
): string =>
  `${countOf(ledger, 503)} answers were 503, the slowest after ${slowest(ledger, 503)} ms; ready again after ${Math.round(percentile(recovery, 99))} ms (p99)`;

/** Endpoints without the database still answer, and the node is not ready (I8). */
async function judgeWithout({ blame }: Session, members: readonly Member[]): Promise<void> {
  for (const { url } of members) {
    const [live, keys, ready] = await Promise.all(
      ['/livez', '/.well-known/jwks.json', '/readyz'].map((path) => get(url + path)),
    );
    if (live?.status !== 200) blame('I8', `livez ${live?.status}`);
    if (keys?.status !== 200) blame('I8', `jwks ${keys?.status}`);
    if (ready?.status !== 503) blame('I8', `readyz ${ready?.status}`);
  }
}

async function killDatabase(bench: Bench): Promise<Outcome> {
  const repetitions = bench.times(20, 1);
  const postgres = await bench.ownPostgres();
  const store = postgresAt(await postgres.database());
  const members = await startMembers(bench, store, 2);
  const recovery: number[] = [];
  const plan = { store, members, lives: 6, pause: 5, failures: 'expected' } as const;
  const outcome = await underLoad(plan, async (session) => {
    for (let time = 0; time < repetitions; time++) {
      await wait(300 + Math.random() * 300);
      await postgres.kill();
      await judgeWithout(session, members);
      await postgres.start();
      recovery.push(Math.max(...(await Promise.all(members.map((member) => untilReady(member))))));
      await examine(session.caller, members, 5);
    }
  });
  return { ...outcome, repetitions, checked: ALWAYS, note: noteOf(outcome, recovery) };
}

export const databaseKilled: Fault = {
  id: 'F03',
  title: 'kill -9 of PostgreSQL and all its processes',
  run: killDatabase,
};

export const databaseAway: Fault = {
  id: 'F05',
  title: 'PostgreSQL away for 1 s, again and again',
  run: (bench) =>
    breaking(
      bench,
      bench.times(20, 1),
      async ({ proxy }) => proxy.cut(),
      async ({ proxy }) => proxy.mend(),
      1000,
    ),
};

export const databaseSlow: Fault = {
  id: 'F06',
  title: 'PostgreSQL slow: each answer 2 s late',
  run: (bench) =>
    breaking(
      bench,
      bench.times(4, 1),
      async ({ proxy }) => proxy.delay(2000),
      async ({ proxy }) => proxy.mend(),
      3000,
    ),
};

export const databaseSilent: Fault = {
  id: 'F07',
  title: 'PostgreSQL half-open: nothing arrives, nothing is refused',
  run: (bench) =>
    breaking(
      bench,
      bench.times(6, 1),
      async ({ proxy }) => proxy.silence(),
      async ({ proxy }) => proxy.mend(),
      3000,
    ),
};

/** Read-only, like a standby after a failover. The setting applies to new sessions, so the sessions are ended. */
async function setReadOnly({ url }: Broken, value: 'on' | 'off'): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  const elsewhere = url.replace(name, 'postgres');
  await query(elsewhere, `alter database ${name} set default_transaction_read_only = ${value}`);
  await query(elsewhere, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
}

export const databaseReadOnly: Fault = {
  id: 'F08',
  title: 'PostgreSQL read-only, as a standby is',
  run: (bench) =>
    breaking(
      bench,
      bench.times(6, 1),
      (broken) => setReadOnly(broken, 'on'),
      (broken) => setReadOnly(broken, 'off'),
      1500,
    ),
};

/** Holds the locks of the tables until the work is undone. */
async function holdTables({ url }: Broken, held: pg.Client[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  held.push(client);
  await client.query('begin');
  await client.query('lock table audit, used_ids in exclusive mode');
}

function holdLocks(bench: Bench): Promise<Outcome> {
  const held: pg.Client[] = [];
  const release = async (): Promise<void> => {
    for (const client of held.splice(0)) await client.end();
  };
  bench.after(release);
  return breaking(bench, bench.times(5, 1), (broken) => holdTables(broken, held), release, 3000);
}

export const databaseLocked: Fault = {
  id: 'F28',
  title: 'another session holds the locks of tables for 3 s, PostgreSQL',
  run: holdLocks,
};

/** A commit takes so long for each audit row. */
const COMMIT_SECONDS = 0.03;

/** The database still commits what it was asked to, and nobody gets its answer. */
async function cutCommits({ proxy, url }: Broken): Promise<void> {
  await query(
    url,
    `create or replace function delay() returns trigger language plpgsql as $$ begin perform pg_sleep(${COMMIT_SECONDS}); return null; end $$`,
  );
  await query(
    url,
    'create constraint trigger delay after insert on audit deferrable initially deferred for each row execute function delay()',
  );
  await wait(300 + Math.random() * 100);
  proxy.cut();
}

export const commitCut: Fault = {
  id: 'F29',
  title: 'the connection is cut in the middle of a commit, PostgreSQL',
  run: (bench) =>
    breaking(
      bench,
      bench.times(20, 3),
      cutCommits,
      async ({ proxy, url }) => {
        await query(url, 'drop trigger delay on audit');
        proxy.mend();
      },
      500,
    ),
};
