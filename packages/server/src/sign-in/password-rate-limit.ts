// How fast may somebody guess a password? Each failure is counted for the account and address together, for the address,
// and for the account. Whoever fails waits, longer each time; what strangers do elsewhere never takes from a person's own
// address its first try, so that nobody is locked out (docs/guides/sign-in.md tells the figures).
import type { Clock } from '../primitives/clock.ts';
import { networkOf } from '../primitives/network.ts';
import { Refusal } from '../primitives/refusal.ts';
import { createTallies, type Tally, tallyKey } from '../primitives/tallies.ts';

/** Milliseconds after which the last failure is forgotten. */
const FORGET = 3_600_000;

/** Failures that cost no wait, and in milliseconds the wait after the next, which doubles with each, and its bound. */
interface Patience {
  readonly free: number;
  readonly wait: number;
  readonly longest: number;
}

const ACCOUNT_FROM_ADDRESS: Patience = { free: 5, wait: 1000, longest: 900_000 };
/** Many people may share an address. */
const ADDRESS: Patience = { free: 30, wait: 1000, longest: 60_000 };
/** Failures from anywhere after which an account is under attack, and each address has less to try. */
const ATTACK = 50;
const ATTACKED_ACCOUNT_FROM_ADDRESS: Patience = { free: 1, wait: 60_000, longest: 900_000 };

export interface Guessing {
  /**
   * To be called before the password is looked at: a try counts as failed until it is known to be good, so that many at
   * once gain nothing. @returns what to call when it was good @throws Refusal sign_in_rate
   */
  readonly begin: (username: string, address: string) => () => void;
}

export function createGuessing(clock: Clock): Guessing {
  const tallies = createTallies(clock, FORGET, 'last');
  const left = (tally: Tally | undefined, { free, wait, longest }: Patience): number =>
    tally === undefined || tally.count < free
      ? 0
      : tally.last + Math.min(longest, wait * 2 ** (tally.count - free)) - clock();

  return {
    begin: (username, address) => {
      const place = networkOf(address);
      const network = tallyKey('network', place);
      const account = tallyKey('account', username);
      const pair = tallyKey('pair', place, username);
      const attacked = (tallies.get(account)?.count ?? 0) >= ATTACK;
      const wait = Math.max(
        left(tallies.get(pair), attacked ? ATTACKED_ACCOUNT_FROM_ADDRESS : ACCOUNT_FROM_ADDRESS),
        left(tallies.get(network), ADDRESS),
      );
      if (wait > 0) {
        throw new Refusal('sign_in_rate', { headers: { 'Retry-After': String(Math.ceil(wait / 1000)) } });
      }
      for (const key of [pair, network, account]) tallies.add(key);
      return () => {
        tallies.forget(pair);
        for (const key of [network, account]) tallies.subtract(key);
      };
    },
  };
}
