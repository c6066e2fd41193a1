// F23: the answer is lost after the commit. The request arrives, the answer is cut off, and the caller repeats the request.

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import type { Target } from '../caller.ts';
import { exchangeForm, ownForm, refreshForm, singleUseForm } from '../cast.ts';
import { openStore, startMembers } from '../cluster.ts';
import { inTurn } from '../examine.ts';
import type { Bench, Fault, Outcome } from '../fault.ts';
import { accessTokenIn, openFamily, refreshTokenIn } from '../ledger.ts';
import { ALWAYS, underLoad } from '../session.ts';

/** A proxy that closes at the first byte of an answer. */
async function startCutter(bench: Bench, to: number): Promise<Target> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    }
    client.pipe(upstream);
    upstream.once('data', () => {
      target.ended++;
      client.destroy();
      upstream.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const target: Target = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, up: true, ended: 0 };
  bench.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return target;
}

async function loseAnswers(bench: Bench): Promise<Outcome> {
  const rounds = bench.times(200, 5);
  const store = await openStore('PostgreSQL', bench);
  const members = await startMembers(bench, store, 2);
  const [one, two] = members;
  if (one === undefined || two === undefined) throw new Error('two nodes are needed');
  const cutter = await startCutter(bench, one.node().port);
  const outcome = await underLoad(
    { store, members, lives: 0, failures: 'excused' },
    async ({ caller, ledger, blame }) => {
      await inTurn(
        Array.from({ length: rounds }),
        async () => {
          const subject = accessTokenIn(await caller.ask('own', one, ownForm())) ?? '';
          const family = openFamily(ledger, await caller.ask('exchange', two, exchangeForm(subject)));
          const [first = ''] = family?.tokens ?? [];
          for (let time = 0; time < 2; time++) await caller.ask('refresh', cutter, refreshForm(first));
          const successor = refreshTokenIn(await caller.ask('refresh', two, refreshForm(first), 'redeem'));
          await caller.ask('refresh', one, refreshForm(first), 'redeem');
          const next = refreshTokenIn(await caller.ask('refresh', one, refreshForm(successor ?? ''), 'redeem'));
          if (next !== undefined) family?.tokens.push(next);
          const once = singleUseForm();
          await caller.ask('single-use', cutter, once);
          const again = await caller.ask('single-use', two, once, 'race');
          if (again?.status !== 400) blame('I5', `used up in a lost answer, and then ${again?.status}`);
          if (family !== undefined) family.held = false;
        },
        4,
      );
    },
  );
  return {
    ...outcome,
    repetitions: rounds,
    checked: ALWAYS,
    note: `${cutter.ended} answers lost; each refresh asked again on both nodes`,
  };
}

export const lostAnswers: Fault = { id: 'F23', title: 'the answer is lost after the commit', run: loseAnswers };
