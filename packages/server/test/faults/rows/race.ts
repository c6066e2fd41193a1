// A race: many identical requests at once, on two nodes that share a PostgreSQL, a thousand times.
import { setTimeout as wait } from 'node:timers/promises';
import type { Form } from '../../support/harness.ts';
import { type Beside, exchangeForm, tokenForm } from '../cast.ts';
import { type Member, openStore, startMembers } from '../cluster.ts';
import { EVERYWHERE, inTurn } from '../examine.ts';
import type { Bench, Outcome } from '../fault.ts';
import type { Kind, Told } from '../ledger.ts';
import { ALWAYS, countOf, type Session, underLoad } from '../session.ts';

/** Requests of one round, half on each node. */
export const RACERS = 16;
/** Concurrent rounds, each for another token. */
const AT_ONCE = 4;
/** Maximum attempts of a round. */
const TRIES = 50;

export interface Race extends Session {
  readonly nodes: readonly [Member, Member];
  /** Sends all of them. Each may be refused. */
  readonly run: (kind: Kind, form: Form) => Promise<readonly (Told | undefined)[]>;
  /** The access token is refused: at once on the node that revoked it, and a second later on both. */
  readonly isDead: (accessToken: string, on?: Member) => Promise<void>;
}

/** A request that was told to retry may have been the first. */
export const isUnsure = (told: readonly (Told | undefined)[]): boolean =>
  told.some((one) => one === undefined || one.status === 503);

/** @param round is given its number from 0; returns false if it could not be prepared and must be repeated */
export async function race(
  bench: Bench,
  rounds: number,
  round: (race: Race, number: number) => Promise<boolean>,
  beside: Beside = {},
): Promise<Outcome> {
  const store = await openStore('PostgreSQL', bench);
  const members = await startMembers(bench, store, 2, beside);
  const [one, two] = members;
  if (one === undefined || two === undefined) throw new Error('two nodes are needed');
  // Only the winner is judged, not how fast a 503 comes: the racers use the whole machine.
  const plan = { store, members, lives: 0, failures: 'expected', inTime: Number.POSITIVE_INFINITY } as const;
  const outcome = await underLoad(plan, async (session) => {
    const { caller } = session;
    const later: Promise<void>[] = [];
    const refused = async (accessToken: string, node: Member): Promise<void> => {
      await caller.ask('introspect', node, tokenForm(accessToken), 'dead');
      await caller.ask('exchange', node, exchangeForm(accessToken), 'dead');
    };
    const refusedLater = async (accessToken: string): Promise<void> => {
      await wait(EVERYWHERE);
      for (const node of members) await refused(accessToken, node);
    };
    const isDead: Race['isDead'] = async (accessToken, on) => {
      if (on !== undefined) await refused(accessToken, on);
      later.push(refusedLater(accessToken));
    };
    const run: Race['run'] = (kind, form) =>
      Promise.all(Array.from({ length: RACERS }, (_, index) => caller.ask(kind, index % 2 ? one : two, form, 'race')));
    const racing = { ...session, nodes: [one, two] as const, run, isDead };
    const numbers = Array.from({ length: rounds }, (_, number) => number);
    const runRound = async (number: number): Promise<void> => {
      for (let time = 0; !(await round(racing, number)); time++) {
        if (time === TRIES) throw new Error(`round ${number} could not begin`);
        await wait(200);
      }
    };
    await inTurn(numbers, runRound, AT_ONCE);
    await Promise.all(later);
  });
  const [ledger] = outcome.ledgers;
  const refusals = countOf(ledger, 400) + countOf(ledger, 401);
  return {
    ...outcome,
    repetitions: rounds,
    checked: ALWAYS,
    note: `${countOf(ledger, 200)} answers were 200, ${refusals} were 400 or 401`,
  };
}
