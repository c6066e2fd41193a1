// F15: the clock jumps: an hour ahead, back, ten years ahead and back, and two nodes that are five minutes apart.

import { setTimeout as wait } from 'node:timers/promises';
import { configuration } from '../cast.ts';
import { type Clocked, startClocked } from '../clocked.ts';
import { type Setting, timeOf } from '../clocked-server.ts';
import { type Kind, openStore } from '../cluster.ts';
import { examine } from '../examine.ts';
import type { Bench, Fault, Outcome } from '../fault.ts';
import { startLoad } from '../lives.ts';
import { ALWAYS, underLoad } from '../session.ts';

const MINUTE = 60_000;
const YEARS = 10 * 365 * 24 * 60 * MINUTE;

/** The error of the nodes' clocks in milliseconds, one step after the other. */
const steps: readonly { readonly title: string; readonly wrong: readonly [number, number] }[] = [
  { title: 'an hour on', wrong: [60 * MINUTE, 60 * MINUTE] },
  { title: 'back', wrong: [0, 0] },
  { title: 'an hour back', wrong: [-60 * MINUTE, -60 * MINUTE] },
  { title: 'right again', wrong: [0, 0] },
  { title: 'ten years on', wrong: [YEARS, YEARS] },
  { title: 'right again', wrong: [0, 0] },
  { title: 'five minutes apart', wrong: [0, 5 * MINUTE] },
  { title: 'together', wrong: [0, 0] },
];

async function jump(bench: Bench, kind: Kind): Promise<Outcome> {
  const rounds = bench.times(2, 1);
  const store = await openStore(kind, bench);
  const right: Setting = { since: Date.now(), told: Date.now(), speed: 1 };
  let setting = right;
  const yaml = configuration(store.location);
  const members: Clocked[] = [await startClocked(bench, yaml, right), await startClocked(bench, yaml, right)];
  const clock = (): number => timeOf(setting);
  const plan = { store, members, lives: 0, failures: 'excused', clock } as const;
  const outcome = await underLoad(plan, async ({ caller, ledger }) => {
    for (const { wrong } of Array.from({ length: rounds }, () => steps).flat()) {
      // A valid token may expire while the clock jumps. A revoked or used one must stay so.
      const settings = wrong.map((by) => ({ ...right, told: right.told + by }));
      for (const family of ledger.families) if (family.state === 'active') family.state = 'uncertain';
      await Promise.all(members.map((member, index) => member.set(settings[index] ?? right)));
      setting = settings[0] ?? right;
      // Nodes with different clocks refuse each other's tokens while these are too new, so each load uses one node.
      const apart = wrong[0] !== wrong[1];
      const loads = apart
        ? members.slice(0, 1).map((one) => startLoad(caller, [one], 4))
        : [startLoad(caller, members, 4)];
      await wait(bench.times(1200, 400));
      for (const load of loads) await load.stop();
      await wait(1100);
      await examine(caller, members.slice(0, apart ? 1 : 2), 40);
    }
  });
  return {
    ...outcome,
    repetitions: rounds * steps.length,
    checked: ALWAYS,
    note: `${steps.map(({ title }) => title).join(', ')}; whatever was revoked or used up before is presented after each step`,
  };
}

export const clockJumps: Fault = {
  id: 'F15',
  title: 'the clock jumps, PostgreSQL',
  run: (bench) => jump(bench, 'PostgreSQL'),
};
export const clockJumpsSqlite: Fault = {
  id: 'F15s',
  title: 'the clock jumps, SQLite',
  run: (bench) => jump(bench, 'SQLite'),
};
