// What may an operator do with the keys? See them, bring the next one forward, and take one away that was stolen.
import type { Clock } from '../primitives/clock.ts';
import type { Database } from '../store/schema.ts';
import { deleteSigningKey, insertSigningKey, listSigningKeys } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';
import type { SigningAlgorithm } from './algorithms.ts';
import { type KeySchedule, type KeyState, leadOf, stateOf, statesOf } from './key-ring.ts';
import type { Sealer } from './sealing.ts';
import { makeSigningKey, openSigningKey, type SigningKey } from './signing-key.ts';

/** What is to be written, with the audit row that tells of it. */
export type Change = (database: Database) => Promise<void>;

export interface KeyManagement {
  readonly list: () => Promise<readonly KeyState[]>;
  /** A new key, published now and signing from `activatesAt` on, once verifiers have had time to see it. */
  readonly rotate: (alg: SigningAlgorithm) => { readonly activatesAt: number; readonly write: Change };
  /** Gone at once: nothing that it signed verifies any more. An active one is replaced by a key that signs at once. */
  readonly retire: (kid: string) => Promise<Change>;
}

export function manageKeys(store: Store, schedule: KeySchedule, sealer: Sealer, clock: Clock): KeyManagement {
  const read = async (): Promise<SigningKey[]> =>
    (await listSigningKeys(store)).map((row) => openSigningKey(row, sealer));
  /** Made before the transaction begins: an RSA key takes its time. */
  const add = (alg: SigningAlgorithm, activatesAt: number): Change => {
    const row = makeSigningKey(alg, sealer, { created_at: clock(), activates_at: activatesAt });
    return (database) => insertSigningKey(database, row);
  };
  return {
    list: async () => statesOf(await read(), clock()),
    rotate: (alg) => {
      const activatesAt = clock() + leadOf(schedule);
      return { activatesAt, write: add(alg, activatesAt) };
    },
    retire: async (kid) => {
      const keys = await read();
      const key = keys.find((one) => one.kid === kid);
      if (key === undefined) throw new Error(`there is no key ${kid}`);
      // In its place in time too: the new one signs at once on every node, whatever their clocks say.
      const replace = stateOf(key, keys, clock()) === 'active' ? add(key.alg, key.activatesAt) : undefined;
      return async (database) => {
        await deleteSigningKey(database, kid);
        await replace?.(database);
      };
    },
  };
}
