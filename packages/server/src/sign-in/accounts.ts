// Who may sign in with a password, and is it theirs? Whether an account exists shows neither in the answer nor in its time.
import { createHmac, randomBytes } from 'node:crypto';
import type { Principal } from '../primitives/principal.ts';
import { Refusal } from '../primitives/refusal.ts';
import { isPassword, type PasswordHash } from './password-hash.ts';
import type { Guessing } from './password-rate-limit.ts';
import type { People, Person } from './person.ts';

/** A local person, as the configuration names them. */
export interface Account extends Person {
  readonly password: PasswordHash;
}

export interface Accounts {
  /** Are there any here, beside those of another provider? */
  readonly local: 'some' | 'none';
  readonly find: (sub: string) => Promise<Person | undefined>;
  /** Who they are at the other provider; undefined for a person of ours. */
  readonly originOf: (sub: string) => Principal | undefined;
  /** Whose name was typed, for the audit row: whoever it is. */
  readonly named: (username: string) => Account | undefined;
  /** @returns undefined for whoever it is not @throws Refusal sign_in_rate, sign_in_busy */
  readonly verify: (username: string, password: string, address: string) => Promise<Account | undefined>;
  /** Somebody whom another provider has signed in. */
  readonly remember: (person: Person) => Promise<void>;
}

/** In UTF-16 units. A longer text is nobody's name: normalizing it could take seconds. */
const MAX_USERNAME_LENGTH = 1024;

/** Each takes its 19 MiB and a core. */
const HASHES_AT_ONCE = 2;
/** Tries that may wait for their turn: about a second. */
const MAX_WAITING = 40;

const NOBODY: People = { originOf: () => undefined, find: async () => undefined, remember: async () => undefined };

/** However it is typed: phones begin with a capital, and add a blank. */
export const normalUsername = (username: string): string =>
  username.length > MAX_USERNAME_LENGTH ? '' : username.normalize('NFKC').trim().toLowerCase();

/** @param upstream people of another provider, where there is one */
export function createAccounts(accounts: readonly Account[], guessing: Guessing, upstream: People = NOBODY): Accounts {
  const bySub = new Map(accounts.map((account) => [account.sub, account]));
  const byName = new Map(accounts.map((account) => [normalUsername(account.username), account]));
  const takeTurn = createTurns(HASHES_AT_ONCE, MAX_WAITING);
  const secret = randomBytes(32);
  /** For an unknown name: the work of some account, always the same one. */
  const decoy = (name: string): Account | undefined =>
    accounts[createHmac('sha256', secret).update(name).digest().readUInt32BE() % Math.max(1, accounts.length)];

  return {
    local: accounts.length > 0 ? 'some' : 'none',
    find: async (sub) => bySub.get(sub) ?? upstream.find(sub),
    originOf: (sub) => (bySub.has(sub) ? undefined : upstream.originOf(sub)),
    named: (username) => byName.get(normalUsername(username)),
    remember: upstream.remember,
    verify: async (username, password, address) => {
      const name = normalUsername(username);
      const worked = guessing.begin(name, address);
      const account = byName.get(name);
      const compared = account ?? decoy(name);
      if (compared === undefined) return undefined;
      const good = await takeTurn(() => isPassword(password, compared.password));
      if (account === undefined || !good) return undefined;
      worked();
      return account;
    },
  };
}

/** Runs a few at once, the others in turn. @throws Refusal sign_in_busy where too many wait */
function createTurns(atOnce: number, maxWaiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (waiting.length >= maxWaiting) throw new Refusal('sign_in_busy');
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      // Whoever waits takes the place over.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
