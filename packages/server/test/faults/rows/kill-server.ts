// F01, F02: the server is killed (kill -9) at random moments under load; one of two nodes, or the only one, or a worker.
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '../../support/node.ts';
import { configuration } from '../cast.ts';
import { type Kind, openStore, startMember, startMembers } from '../cluster.ts';
import { examine } from '../examine.ts';
import type { Bench, Fault, Outcome } from '../fault.ts';
import { otherPaths, walkOtherPaths } from '../other-paths.ts';
import { ALWAYS, percentile, type Session, underLoad } from '../session.ts';

async function killServers(bench: Bench, kind: Kind, nodes: 1 | 2): Promise<Outcome> {
  const kills = bench.times(100, 3);
  const store = await openStore(kind, bench);
  const members = await startMembers(bench, store, nodes, otherPaths);
  let walked: readonly string[] = [];
  const recovery: number[] = [];
  const plan = { store, members, lives: 6, pause: nodes === 1 ? 0 : 60, failures: 'excused' } as const;
  const outcome = await underLoad(plan, async (session) => {
    const walkers = members.map((member) => walkOtherPaths(session, member));
    for (let kill = 0; kill < kills; kill++) {
      const victim = members[kill % nodes];
      if (victim === undefined) return;
      await untilBusy(session);
      await wait(Math.random() * 300);
      await victim.kill();
      const began = performance.now();
      await victim.start();
      recovery.push(performance.now() - began);
      await examine(session.caller, [victim]);
      victim.up = true;
    }
    walked = await Promise.all(walkers.map(({ judge }) => judge()));
  });
  const cut = outcome.ledgers[0].attempts.filter(({ told }) => told === undefined).length;
  return {
    ...outcome,
    repetitions: kills,
    checked: [...ALWAYS, 'I9', 'Z'],
    note: `${cut} answers cut off; ${walked.join('; ')}; back after ${Math.round(percentile(recovery, 99))} ms (p99)`,
  };
}

/** Waits until the server is under load. */
export async function untilBusy({ ledger }: Session): Promise<void> {
  const before = ledger.attempts.length;
  while (ledger.attempts.length < before + 20) await wait(10);
}

async function killWorkers(bench: Bench): Promise<Outcome> {
  const kills = bench.times(20, 1);
  const store = await openStore('SQLite', bench);
  const member = await startMember(bench, configuration(store.location), ['--workers', '3']);
  const workers = (): number[] => {
    const { pid } = member.node();
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  };
  const plan = { store, members: [member], lives: 6, pause: 15, failures: 'excused' } as const;
  const outcome = await underLoad(plan, async (session) => {
    for (let kill = 0; kill < kills; kill++) {
      await untilBusy(session);
      const before = workers();
      const victim = before[kill % before.length] ?? 0;
      member.ended++;
      process.kill(victim, 'SIGKILL');
      member.workerKilledAt = performance.now();
      await eventually(
        async () => workers(),
        (now) => now.length === 3 && !now.includes(victim),
      );
      await examine(session.caller, [member]);
    }
  });
  return {
    ...outcome,
    repetitions: kills,
    checked: [...ALWAYS, 'Z'],
    note: 'the port stays open meanwhile; a connection of a dead worker is cut within 100 ms',
  };
}

export const killSqlite: Fault = {
  id: 'F01',
  title: 'kill -9 of the server, SQLite',
  run: (bench) => killServers(bench, 'SQLite', 1),
};

export const killWorker: Fault = { id: 'F01w', title: 'kill -9 of one of three workers, SQLite', run: killWorkers };

export const killPostgresNode: Fault = {
  id: 'F02',
  title: 'kill -9 of one of two nodes, PostgreSQL',
  run: (bench) => killServers(bench, 'PostgreSQL', 2),
};
