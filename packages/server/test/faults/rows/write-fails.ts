// F20: one write fails in the middle of a transaction, while everything else works.
import { setTimeout as wait } from 'node:timers/promises';
import { type Kind, openStore, type Store, startMembers } from '../cluster.ts';
import { examine } from '../examine.ts';
import type { Bench, Fault, Outcome } from '../fault.ts';
import { ALWAYS, countOf, underLoad } from '../session.ts';

const writes = [
  ['audit', 'insert'],
  ['refresh_families', 'insert'],
  ['refresh_families', 'update'],
  ['used_ids', 'insert'],
  ['revocations', 'insert'],
] as const;

async function sabotage({ kind, sql }: Store, table: string, event: string): Promise<() => Promise<unknown>> {
  if (kind === 'SQLite') {
    await sql(`create trigger sabotage before ${event} on ${table} begin select raise(abort, 'sabotaged'); end`);
    return () => sql('drop trigger sabotage');
  }
  await sql(
    `create or replace function sabotage() returns trigger language plpgsql as $$ begin raise exception 'sabotaged'; end $$`,
  );
  await sql(`create trigger sabotage before ${event} on ${table} for each row execute function sabotage()`);
  return () => sql(`drop trigger sabotage on ${table}`);
}

async function failWrites(bench: Bench, kind: Kind): Promise<Outcome> {
  const rounds = bench.times(4, 1);
  const store = await openStore(kind, bench);
  const members = await startMembers(bench, store, kind === 'SQLite' ? 1 : 2);
  const outcome = await underLoad({ store, members, lives: 6, pause: 5, failures: 'expected' }, async (session) => {
    for (let round = 0; round < rounds; round++) {
      for (const [table, event] of writes) {
        await wait(100);
        const mend = await sabotage(store, table, event);
        await wait(400);
        await mend();
        await examine(session.caller, members, 5);
      }
    }
  });
  return {
    ...outcome,
    repetitions: rounds * writes.length,
    checked: ALWAYS,
    note: `${writes.map((write) => write.join(' ')).join(', ')} in turn; ${countOf(outcome.ledgers[0], 503)} answers were 503`,
  };
}

export const writeFailsSqlite: Fault = {
  id: 'F20',
  title: 'one chosen write fails, SQLite',
  run: (bench) => failWrites(bench, 'SQLite'),
};

export const writeFailsPostgres: Fault = {
  id: 'F20p',
  title: 'one chosen write fails, PostgreSQL',
  run: (bench) => failWrites(bench, 'PostgreSQL'),
};
