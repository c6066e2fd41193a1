// F11x: many exchange a token on two nodes while it, or the token that it derives from, is revoked.
import { exchangeForm, ownForm, tokenForm } from '../cast.ts';
import type { Fault } from '../fault.ts';
import { accessTokenIn } from '../ledger.ts';
import { RACERS, type Race, race } from './race.ts';

/** In every other round the parent of the subject token is revoked. */
async function exchangeAgainstRevocation(racing: Race, number: number): Promise<boolean> {
  const { caller, nodes, run, isDead } = racing;
  const [one, two] = nodes;
  const ancestor = accessTokenIn(await caller.ask('own', one, ownForm()));
  if (ancestor === undefined) return false;
  const subject = number % 2 ? accessTokenIn(await caller.ask('exchange', two, exchangeForm(ancestor))) : ancestor;
  if (subject === undefined) return false;
  const exchanging = run('exchange', exchangeForm(subject));
  const revoked = await caller.ask('revoke', one, tokenForm(ancestor));
  if (revoked?.status !== 200) {
    await exchanging;
    return false;
  }
  await caller.ask('exchange', one, exchangeForm(subject), 'dead');
  const winners = (await exchanging).map(accessTokenIn).filter((token) => token !== undefined);
  // The first and last token that were issued. All of them descend from the same token.
  for (const token of new Set([winners.at(0), winners.at(-1), subject])) {
    if (token !== undefined) await isDead(token, one);
  }
  return true;
}

export const exchangeRaces: Fault = {
  id: 'F11x',
  title: `${RACERS} exchange on two nodes while an ancestor of their subject token is revoked`,
  run: (bench) => race(bench, bench.times(1000, 6), exchangeAgainstRevocation),
};
