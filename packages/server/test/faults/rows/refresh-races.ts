// F10, F11: many present one refresh token at once, on two nodes, also while others revoke it.
import { exchangeForm, ownForm, refreshForm, tokenForm } from '../cast.ts';
import type { Bench, Fault, Outcome } from '../fault.ts';
import { accessTokenIn, type Family, openFamily, refreshTokenIn } from '../ledger.ts';
import { isUnsure, RACERS, type Race, race } from './race.ts';

const raceOfFamilies = (
  bench: Bench,
  rounds: number,
  round: (race: Race, family: Family) => Promise<boolean>,
): Promise<Outcome> =>
  race(bench, rounds, async (racing) => {
    const { caller, ledger, nodes } = racing;
    const subject = accessTokenIn(await caller.ask('own', nodes[0], ownForm()));
    if (subject === undefined) return false;
    const family = openFamily(ledger, await caller.ask('exchange', nodes[1], exchangeForm(subject)));
    if (family === undefined) return false;
    // The round itself has examined the family.
    family.state = 'uncertain';
    const raced = await round(racing, family);
    family.held = false;
    return raced;
  });

async function refreshRace({ caller, nodes, run, blame, isDead }: Race, family: Family): Promise<boolean> {
  const [first = ''] = family.tokens;
  const told = await run('refresh', refreshForm(first));
  const winners = new Set(told.map(refreshTokenIn).filter((token) => token !== undefined));
  const [successor] = winners;
  if (winners.size > 1) blame('I4', `${winners.size} successors`);
  if (winners.size === 0 && !isUnsure(told)) blame('I4', 'no successor');
  if (successor === undefined) return false;
  // Using the successor makes its predecessor a reused token: the family is revoked on both nodes.
  const renewed = await caller.ask('refresh', nodes[0], refreshForm(successor), 'redeem');
  const next = refreshTokenIn(renewed);
  if (next === undefined) return false;
  const reused = await caller.ask('refresh', nodes[1], refreshForm(first), 'dead');
  if (isUnsure([reused])) return false;
  await caller.ask('refresh', nodes[0], refreshForm(next), 'dead');
  await isDead(accessTokenIn(renewed) ?? '', nodes[1]);
  return true;
}

async function refreshAgainstRevocation({ caller, nodes, run, isDead }: Race, family: Family): Promise<boolean> {
  const [first = ''] = family.tokens;
  const racing = run('refresh', refreshForm(first));
  const revoked = await caller.ask('revoke', nodes[1], tokenForm(first));
  if (revoked?.status !== 200) {
    await racing;
    return false;
  }
  await caller.ask('refresh', nodes[0], refreshForm(first), 'dead');
  await caller.ask('refresh', nodes[1], refreshForm(first), 'dead');
  const winner = (await racing).find((told) => told?.status === 200);
  if (winner !== undefined) {
    await caller.ask('refresh', nodes[0], refreshForm(refreshTokenIn(winner) ?? ''), 'dead');
    await isDead(accessTokenIn(winner) ?? '', nodes[1]);
  }
  family.state = 'revoked';
  return true;
}

export const refreshRaces: Fault = {
  id: 'F10',
  title: `${RACERS} present one refresh token at once, on two nodes`,
  run: (bench) => raceOfFamilies(bench, bench.times(1000, 10), refreshRace),
};

export const revocationRaces: Fault = {
  id: 'F11',
  title: `${RACERS} refresh on two nodes while one revokes`,
  run: (bench) => raceOfFamilies(bench, bench.times(1000, 5), refreshAgainstRevocation),
};
