// Limits password guessing. Failures are counted for each account, each address, and each pair of them. After several failures an
// address must wait, longer each time. Failures from other addresses never take the first attempt from a person's own address, so
// that nobody can be locked out (docs/guides/sign-in.md has the figures).
import type { Clock } from '../primitives/clock.ts';
import { networkOf } from '../primitives/network.ts';
import { Refusal } from '../primitives/refusal.ts';
import { createTallies, type Tally, tallyKey } from '../primitives/tallies.ts';

/** Counts are deleted this long after the last failure. */
const FORGET_MS = 3_600_000;

/** The wait after a failure. It doubles with each further failure. */
interface Backoff {
  /** Failures without a wait. */
  readonly free: number;
  readonly firstWaitMs: number;
  readonly maxWaitMs: number;
}

const ACCOUNT_FROM_ADDRESS: Backoff = { free: 5, firstWaitMs: 1000, maxWaitMs: 900_000 };
/** Higher, since many people may share an address. */
const ADDRESS: Backoff = { free: 30, firstWaitMs: 1000, maxWaitMs: 60_000 };
/** After this many failures from all addresses, an account counts as attacked, and each address gets fewer attempts. */
const ATTACK_FAILURES = 50;
const ATTACKED_ACCOUNT_FROM_ADDRESS: Backoff = { free: 1, firstWaitMs: 60_000, maxWaitMs: 900_000 };

export interface PasswordRateLimit {
  /**
   * Call it before verifying the password. The attempt counts as failed until it succeeds, so that parallel attempts gain nothing.
   * @returns a function to call if the attempt succeeded @throws Refusal sign_in_rate
   */
  readonly begin: (username: string, address: string) => () => void;
}

export function createPasswordRateLimit(clock: Clock): PasswordRateLimit {
  const tallies = createTallies(clock, FORGET_MS, 'last');
  const remainingMs = (tally: Tally | undefined, { free, firstWaitMs, maxWaitMs }: Backoff): number =>
    tally === undefined || tally.count < free
      ? 0
      : tally.last + Math.min(maxWaitMs, firstWaitMs * 2 ** (tally.count - free)) - clock();

  return {
    begin: (username, address) => {
      const place = networkOf(address);
      const network = tallyKey('network', place);
      const account = tallyKey('account', username);
      const pair = tallyKey('pair', place, username);
      const attacked = (tallies.get(account)?.count ?? 0) >= ATTACK_FAILURES;
      const wait = Math.max(
        remainingMs(tallies.get(pair), attacked ? ATTACKED_ACCOUNT_FROM_ADDRESS : ACCOUNT_FROM_ADDRESS),
        remainingMs(tallies.get(network), ADDRESS),
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
