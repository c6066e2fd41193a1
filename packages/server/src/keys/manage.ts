// What may an operator do with the keys? See them, bring the next one forward, and take one away that was stolen.
import type { Clock } from '../primitives/clock.ts';
import type { Database } from '../store/schema.ts';
import { deleteSigningKey, insertSigningKey, listSigningKeys } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';
import type { SigningAlgorithm } from './algorithms.ts';
import { current, type KeySchedule } from './key-ring.ts';
import type { Sealer } from './sealing.ts';
import { makeSigningKey, openSigningKey, type SigningKey } from './signing-key.ts';

export interface KeyState {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly state: 'next' | 'active' | 'retired';
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** From when on it signs, or signed. */
  readonly activatesAt: number;
}

export interface KeyManagement {
  readonly list: () => Promise<readonly KeyState[]>;
  /** A new key, published now and signing once verifiers have had time to see it. @returns when */
  readonly rotate: (database: Database, alg: SigningAlgorithm) => Promise<number>;
  /** Gone at once: nothing that it signed verifies any more. An active one is replaced by a key that signs at once. */
  readonly retire: (database: Database, kid: string) => Promise<void>;
}

export function manageKeys(store: Store, schedule: KeySchedule, sealer: Sealer, clock: Clock): KeyManagement {
  const read = async (): Promise<SigningKey[]> =>
    (await listSigningKeys(store)).map((row) => openSigningKey(row, sealer));
  const add = (database: Database, alg: SigningAlgorithm, activatesAt: number): Promise<void> =>
    insertSigningKey(database, makeSigningKey(alg, sealer, { created_at: clock(), activates_at: activatesAt }));
  return {
    list: async () => {
      const keys = await read();
      return keys.map((key) => ({ ...timesOf(key), state: stateOf(key, keys, clock()) }));
    },
    rotate: async (database, alg) => {
      const activatesAt = clock() + schedule.publishAhead;
      await add(database, alg, activatesAt);
      return activatesAt;
    },
    retire: async (database, kid) => {
      const keys = await read();
      const key = keys.find((one) => one.kid === kid);
      if (key === undefined) throw new Error(`there is no key ${kid}`);
      if (stateOf(key, keys, clock()) === 'active') await add(database, key.alg, clock());
      await deleteSigningKey(database, kid);
    },
  };
}

const timesOf = ({ kid, alg, createdAt, activatesAt }: SigningKey): Omit<KeyState, 'state'> => ({
  kid,
  alg,
  createdAt,
  activatesAt: activatesAt === 0 ? createdAt : activatesAt,
});

function stateOf(key: SigningKey, keys: readonly SigningKey[], now: number): KeyState['state'] {
  if (key.activatesAt > now) return 'next';
  return current(keys, key.alg, now) === key ? 'active' : 'retired';
}
