// Verifies usernames and passwords. Neither the result nor its timing shows whether an account exists.
import { createHmac, randomBytes } from 'node:crypto';
import type { Principal } from '../primitives/principal.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { isPassword, type PasswordHash } from './password-hash.ts';
import type { PasswordRateLimit } from './password-rate-limit.ts';
import type { People, Person } from './person.ts';

/** A person with a password, from the configuration. */
export interface Account extends Person {
  readonly claims: JsonObject;
  readonly password: PasswordHash;
}

export interface Accounts {
  /** Does the configuration have accounts? */
  readonly local: 'some' | 'none';
  readonly find: (sub: string) => Promise<Person | undefined>;
  /** The person's identity at the upstream provider; undefined for an account of the configuration. */
  readonly originOf: (sub: string) => Principal | undefined;
  /** Finds an account without verifying a password, for the audit row. */
  readonly findByUsername: (username: string) => Account | undefined;
  /** @returns undefined if the username or the password is wrong @throws Refusal sign_in_rate, sign_in_busy */
  readonly verify: (username: string, password: string, address: string) => Promise<Account | undefined>;
  /** Stores a person whom the upstream provider has signed in. */
  readonly remember: (person: Person) => Promise<void>;
}

/** In UTF-16 units. A longer text cannot be a username: normalizing it could take seconds. */
const MAX_USERNAME_LENGTH = 1024;

/** Each takes 19 MiB and a core. */
const MAX_CONCURRENT_HASHES = 2;
/** Maximum length of the queue: about a second of work. */
const MAX_WAITING = 40;

const NO_UPSTREAM: People = { originOf: () => undefined, find: async () => undefined, remember: async () => undefined };

/** Ignores case and surrounding white space: phones add a capital and a blank. */
export const normalUsername = (username: string): string =>
  username.length > MAX_USERNAME_LENGTH ? '' : username.normalize('NFKC').trim().toLowerCase();

/** @param upstream people of the upstream provider, if one is configured */
export function createAccounts(
  accounts: readonly Account[],
  passwordRateLimit: PasswordRateLimit,
  upstream: People = NO_UPSTREAM,
): Accounts {
  const bySub = new Map(accounts.map((account) => [account.sub, account]));
  const byName = new Map(accounts.map((account) => [normalUsername(account.username), account]));
  const enqueue = createQueue(MAX_CONCURRENT_HASHES, MAX_WAITING);
  const secret = randomBytes(32);
  /** For an unknown name: an account whose hash is computed instead, always the same for one name. */
  const decoy = (name: string): Account | undefined =>
    accounts[createHmac('sha256', secret).update(name).digest().readUInt32BE() % Math.max(1, accounts.length)];

  return {
    local: accounts.length > 0 ? 'some' : 'none',
    find: async (sub) => bySub.get(sub) ?? upstream.find(sub),
    originOf: (sub) => (bySub.has(sub) ? undefined : upstream.originOf(sub)),
    findByUsername: (username) => byName.get(normalUsername(username)),
    remember: upstream.remember,
    verify: async (username, password, address) => {
      const name = normalUsername(username);
      const succeeded = passwordRateLimit.begin(name, address);
      const account = byName.get(name);
      const compared = account ?? decoy(name);
      if (compared === undefined) return undefined;
      const good = await enqueue(() => isPassword(password, compared.password));
      if (account === undefined || !good) return undefined;
      succeeded();
      return account;
    },
  };
}

/** Limits how many run at the same time. @throws Refusal sign_in_busy if too many wait */
function createQueue(maxRunning: number, maxWaiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (waiting.length >= maxWaiting) throw new Refusal('sign_in_busy');
    if (running >= maxRunning) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      // The next in the queue takes the place.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
