// F10, F11: many present one refresh token at once, on two nodes; and while others revoke it.
import { exchangeForm, ownForm, refreshForm, tokenForm } from '../cast.ts';
import { type Member, openStore, startMembers } from '../cluster.ts';
import { inTurn } from '../examine.ts';
import type { Bench, Fault, Outcome } from '../fault.ts';
import { accessTokenIn, type Family, openFamily, refreshTokenIn } from '../ledger.ts';
import { ALWAYS, countOf, type Session, underLoad } from '../session.ts';

/** Rounds that run at once: each is a family of its own. */
const AT_ONCE = 4;

async function race(
  bench: Bench,
  rounds: number,
  round: (session: Session, nodes: readonly [Member, Member], family: Family) => Promise<void>,
): Promise<Outcome> {
  const store = await openStore('PostgreSQL', bench);
  const members = await startMembers(bench, store, 2);
  const [one, two] = members;
  if (one === undefined || two === undefined) throw new Error('two nodes are needed');
  const outcome = await underLoad({ store, members, lives: 0, failures: 'excused' }, async (session) => {
    const { caller, ledger } = session;
    await inTurn(
      Array.from({ length: rounds }),
      async () => {
        const subject = accessTokenIn(await caller.ask('own', one, ownForm())) ?? '';
        const family = openFamily(ledger, await caller.ask('exchange', two, exchangeForm(subject)));
        if (family === undefined) return;
        // What the round leaves of it the round itself has looked at.
        family.state = 'uncertain';
        await round(session, [one, two], family);
        family.held = false;
      },
      AT_ONCE,
    );
  });
  const [ledger] = outcome.ledgers;
  return {
    ...outcome,
    repetitions: rounds,
    checked: ALWAYS,
    note: `${countOf(ledger, 200)} answers were 200, ${countOf(ledger, 400)} were 400`,
  };
}

/** Requests of one round, half on each node. */
const RACERS = 16;

const racers = (session: Session, nodes: readonly [Member, Member], token: string) =>
  Promise.all(
    Array.from({ length: RACERS }, (_, index) =>
      session.caller.ask('refresh', index % 2 ? nodes[0] : nodes[1], refreshForm(token), 'race'),
    ),
  );

async function refreshRace(session: Session, nodes: readonly [Member, Member], family: Family): Promise<void> {
  const [first = ''] = family.tokens;
  const told = await racers(session, nodes, first);
  const winners = new Set(told.map(refreshTokenIn).filter((token) => token !== undefined));
  const [successor] = winners;
  if (winners.size !== 1 || successor === undefined) return session.blame('I4', `${winners.size} successors`);
  // Used once, the successor makes its predecessor a reused token: the family dies, on both nodes.
  const next = refreshTokenIn(await session.caller.ask('refresh', nodes[0], refreshForm(successor), 'redeem'));
  if (next === undefined) return;
  await session.caller.ask('refresh', nodes[1], refreshForm(first), 'dead');
  await session.caller.ask('refresh', nodes[0], refreshForm(next), 'dead');
}

async function refreshAgainstRevocation(
  session: Session,
  nodes: readonly [Member, Member],
  family: Family,
): Promise<void> {
  const { caller, ledger } = session;
  const [first = ''] = family.tokens;
  const racing = racers(session, nodes, first);
  const revoked = await caller.ask('revoke', nodes[1], tokenForm(first), 'good');
  if (revoked?.status !== 200) return void (await racing);
  await caller.ask('refresh', nodes[0], refreshForm(first), 'dead');
  await caller.ask('refresh', nodes[1], refreshForm(first), 'dead');
  for (const told of await racing) {
    const token = refreshTokenIn(told);
    if (token === undefined) continue;
    await caller.ask('refresh', nodes[0], refreshForm(token), 'dead');
    // Examined on both nodes once the race is over.
    ledger.revoked.push({ token: accessTokenIn(told) ?? '', url: nodes[1].url, at: performance.now() });
    break;
  }
  family.state = 'revoked';
}

export const refreshRaces: Fault = {
  id: 'F10',
  title: `${RACERS} present one refresh token at once, on two nodes`,
  run: (bench) => race(bench, bench.times(1000, 10), refreshRace),
};

export const revocationRaces: Fault = {
  id: 'F11',
  title: `${RACERS} refresh on two nodes while one revokes`,
  run: (bench) => race(bench, bench.times(250, 5), refreshAgainstRevocation),
};
