// F18: both nodes restart one after the other, repeatedly, behind a load balancer under full load.
import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '../../support/node.ts';
import { startBalancer } from '../balancer.ts';
import { openStore, startMembers } from '../cluster.ts';
import type { Bench, Fault, Outcome } from '../fault.ts';
import { ALWAYS, percentile, underLoad } from '../session.ts';

async function restart(bench: Bench): Promise<Outcome> {
  const rounds = bench.times(20, 1);
  const store = await openStore('PostgreSQL', bench);
  const members = await startMembers(bench, store, 2);
  const balancer = await startBalancer(bench, members);
  const drained: number[] = [];
  const plan = { store, members: [balancer], lives: 12, failures: 'excused' } as const;
  const outcome = await underLoad(plan, async ({ blame }) => {
    for (let round = 0; round < rounds; round++) {
      for (const member of members) {
        await wait(200);
        const began = performance.now();
        const code = await member.stop();
        drained.push(performance.now() - began);
        if (code !== 0) blame('Z', `the node ended with ${code}: ${await member.node().output}`);
        await member.start();
        await eventually(async () => balancer.isReady(member), Boolean);
      }
    }
  });
  return {
    ...outcome,
    repetitions: rounds,
    checked: [...ALWAYS, 'Z'],
    note: `${drained.length} nodes stopped, each within ${Math.round(percentile(drained, 99))} ms (p99); ${balancer.moved()} requests met a closed port and went to the other node`,
  };
}

export const rollingRestart: Fault = {
  id: 'F18',
  title: 'rolling restart of two nodes behind a load balancer, PostgreSQL',
  run: restart,
};
