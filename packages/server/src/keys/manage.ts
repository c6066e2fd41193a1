// Implements the operator commands on signing keys: list, rotate early, and retire a stolen key.
import type { Clock } from '../primitives/clock.ts';
import type { Database } from '../store/schema.ts';
import { deleteSigningKey, insertSigningKey, listKeySets, listSigningKeys } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';
import type { SigningAlgorithm } from './algorithms.ts';
import { type KeyState, publishLeadMs, stateOf, statesOf } from './key-ring.ts';
import { type HeldKeys, type KeySchedule, MARGIN_MS, setsOfNew, succeededAt } from './key-sets.ts';
import type { Sealer } from './sealing.ts';
import { createSigningKey, openSigningKey, type SigningKey } from './signing-key.ts';

/** The write of a change. It is committed together with its audit row. */
export type Change = (database: Database) => Promise<void>;

/** Times are in milliseconds since 1970, and change with the configuration. */
export interface HeldKey extends KeyState {
  /** When another key signs instead. Absent if no token is signed with the algorithm any more. */
  readonly signsUntil?: number;
  /** When it leaves the key sets: the last token that it signed has expired. */
  readonly publishedUntil: number;
}

export interface KeyManagement {
  readonly list: () => Promise<readonly HeldKey[]>;
  /** When a key that is made now begins to sign. */
  readonly nextSignsAt: () => number;
  /** Creates a key that is published now and signs from `activatesAt`, when verifiers have had time to read it. */
  readonly rotate: (alg: SigningAlgorithm) => { readonly activatesAt: number; readonly write: Change };
  /**
   * Removes a key at once: tokens that it signed do not verify any more. If it was active, a new key signs at once. A key whose
   * algorithm is not used any more is never active.
   */
  readonly retire: (kid: string) => Promise<Change>;
}

export function manageKeys(store: Store, schedule: KeySchedule, sealer: Sealer, clock: Clock): KeyManagement {
  const read = async (): Promise<SigningKey[]> =>
    (await listSigningKeys(store)).map((row) => openSigningKey(row, sealer));
  /** Creates the key before the transaction begins, because generating an RSA key is slow. */
  const add = (alg: SigningAlgorithm, activatesAt: number): Change => {
    const row = createSigningKey(alg, sealer, { created_at: clock(), activates_at: activatesAt });
    return (database) => insertSigningKey(database, row, setsOfNew(row, schedule, clock()));
  };
  const nextSignsAt = (): number => clock() + publishLeadMs(schedule);
  return {
    list: async () => {
      const held = { keys: await read(), sets: await listKeySets(store) };
      return statesOf(held.keys, schedule, clock()).map((state) => ({ ...state, ...endsOf(state, held, schedule) }));
    },
    nextSignsAt,
    rotate: (alg) => {
      const activatesAt = nextSignsAt();
      return { activatesAt, write: add(alg, activatesAt) };
    },
    retire: async (kid) => {
      const keys = await read();
      const key = keys.find((one) => one.kid === kid);
      if (key === undefined) throw new Error(`unknown signing key: ${kid}`);
      // With the time of the retired key, so that the new one signs at once on every node, whatever its clock.
      const replace = stateOf(key, keys, schedule, clock()) === 'active' ? add(key.alg, key.activatesAt) : undefined;
      return async (database) => {
        await deleteSigningKey(database, kid);
        await replace?.(database);
      };
    },
  };
}

function endsOf(
  { kid, alg, activatesAt }: KeyState,
  { keys, sets }: HeldKeys,
  { algorithms, rotateEvery, keepAfter }: KeySchedule,
): Pick<HeldKey, 'signsUntil' | 'publishedUntil'> {
  const needed = sets.filter((one) => one.kid === kid).map((one) => Number(one.needed_until));
  if (!algorithms.includes(alg)) return { publishedUntil: Math.max(0, ...needed) };
  const key = keys.find((one) => one.kid === kid);
  const signsUntil = Math.min(
    key === undefined ? Number.POSITIVE_INFINITY : succeededAt(key, keys),
    activatesAt + rotateEvery,
  );
  return { signsUntil, publishedUntil: Math.max(signsUntil + keepAfter + MARGIN_MS, ...needed) };
}
