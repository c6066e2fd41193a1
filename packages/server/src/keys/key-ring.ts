// Which key signs now, and which keys are published? For each algorithm, the newest active key signs. The next key is published
// before it signs, and a former key until the last token that it signed has expired.
import type { Clock } from '../primitives/clock.ts';
import type { Freshness } from '../store/freshness.ts';
import type { Poll } from '../store/poll.ts';
import type { KeySetRow } from '../store/schema.ts';
import {
  deleteSigningKey,
  insertSigningKey,
  keepInSet,
  listKeySets,
  listSigningKeys,
  resealSigningKey,
} from '../store/signing-keys.ts';
import type { Access, Store } from '../store/store.ts';
import type { SigningAlgorithm } from './algorithms.ts';
import type { Key } from './jws.ts';
import { dueSets, isPublished, type KeySchedule, MAIN_SET, MARGIN_MS, setsOfNew } from './key-sets.ts';
import type { Sealer } from './sealing.ts';
import { createSigningKey, openSigningKey, type PublishedKey, resealed, type SigningKey } from './signing-key.ts';

export interface KeyRing {
  /** The private key that signs with this algorithm now. @throws Refusal store_unavailable if it may have been retired elsewhere */
  readonly signing: (alg: SigningAlgorithm) => Pick<SigningKey, keyof Key | 'publicKey'>;
  /** The published public key with this id. @throws like `signing` */
  readonly verifying: (kid: string) => Key | undefined;
  /** @param set the path of a key set; absent: the main set */
  readonly published: (set?: string) => readonly PublishedKey[];
  /** Every public key that this process has read, including keys deleted since. */
  readonly held: () => readonly PublishedKey[];
  readonly states: () => readonly KeyState[];
  /** Reads the keys that other processes changed, and creates the next key when it is due. */
  readonly poll: Poll;
}

export interface KeyState {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly state: 'next' | 'active' | 'retired';
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** When it begins or began to sign. */
  readonly activatesAt: number;
}

/** Milliseconds between publishing a key and signing with it, so that every verifier has refreshed its cached key set. */
export const publishLeadMs = ({ publishAhead }: KeySchedule): number => publishAhead + MARGIN_MS;

/** With access `read`, no key is created or sealed again. */
export async function openKeyRing(
  schedule: KeySchedule,
  by: {
    readonly store: Store;
    readonly sealer: Sealer;
    readonly clock: Clock;
    readonly access: Access;
    readonly freshness: Freshness;
  },
): Promise<KeyRing> {
  const { store, sealer, clock, access, freshness } = by;
  let keys: ReadonlyMap<string, SigningKey> = new Map();
  let sets: readonly KeySetRow[] = [];
  const held = new Map<string, PublishedKey>();
  const isPublishedNow = (key: SigningKey, set?: string): boolean =>
    isPublished(key, { keys: [...keys.values()], sets }, schedule, clock(), set);
  const read = async (): Promise<void> => {
    const rows = await listSigningKeys(store);
    // A known key is not opened again. A key deleted from the table is dropped.
    keys = new Map(rows.map((row) => [row.kid, keys.get(row.kid) ?? openSigningKey(row, sealer)]));
    sets = await listKeySets(store);
    for (const [kid, { published }] of keys) held.set(kid, published);
  };
  const poll: Poll = async (written) => {
    if (written !== 'nothing') await read();
    if (access === 'read') return;
    const now = clock();
    const missing = missingKeys([...keys.values()], schedule, now);
    for (const { alg, activatesAt } of missing) {
      const row = createSigningKey(alg, sealer, { created_at: now, activates_at: activatesAt });
      await store.transaction().execute((database) => insertSigningKey(database, row, setsOfNew(row, schedule, now)));
    }
    const due = dueSets({ keys: [...keys.values()], sets }, schedule, now);
    for (const row of due) await keepInSet(store, row);
    if (missing.length + due.length > 0) await read();
    const finished = [...keys.values()].filter((key) => !isPublishedNow(key));
    for (const { kid } of finished) await deleteSigningKey(store, kid);
    if (finished.length > 0) await read();
  };
  if (access === 'write') {
    for (const row of await listSigningKeys(store)) {
      const again = resealed(row, sealer);
      if (again !== undefined) await resealSigningKey(store, again);
    }
  }
  await poll();
  return {
    signing: (alg) => {
      freshness.check();
      const key = current([...keys.values()], alg, clock());
      if (key === undefined) throw new Error(`no signing key for ${alg}`);
      return key;
    },
    verifying: (kid) => {
      freshness.check();
      const key = keys.get(kid);
      return key !== undefined && isPublishedNow(key) ? key.publicKey : undefined;
    },
    published: (set = MAIN_SET) =>
      [...keys.values()].filter((key) => isPublishedNow(key, set)).map(({ published }) => published),
    held: () => [...held.values()],
    states: () => statesOf([...keys.values()], schedule, clock()),
    poll,
  };
}

/** The newest active key of the algorithm. */
function current(keys: readonly SigningKey[], alg: SigningAlgorithm, now: number): SigningKey | undefined {
  return keys.reduce<SigningKey | undefined>(
    (best, key) =>
      key.alg === alg && key.activatesAt <= now && key.activatesAt >= (best?.activatesAt ?? 0) ? key : best,
    undefined,
  );
}

export const statesOf = (keys: readonly SigningKey[], schedule: KeySchedule, now: number): readonly KeyState[] =>
  keys.map((key) => ({
    kid: key.kid,
    alg: key.alg,
    createdAt: key.createdAt,
    activatesAt: Math.max(key.activatesAt, key.createdAt),
    state: stateOf(key, keys, schedule, now),
  }));

export function stateOf(
  key: SigningKey,
  keys: readonly SigningKey[],
  { algorithms }: KeySchedule,
  now: number,
): KeyState['state'] {
  if (!algorithms.includes(key.alg)) return 'retired';
  if (key.activatesAt > now) return 'next';
  return current(keys, key.alg, now) === key ? 'active' : 'retired';
}

/**
 * The keys that are due and do not exist. Their times follow from the previous keys, so that two nodes that create the same
 * key at once give it the same time, and the table keeps one.
 */
function missingKeys(
  keys: readonly SigningKey[],
  schedule: KeySchedule,
  now: number,
): readonly { readonly alg: SigningAlgorithm; readonly activatesAt: number }[] {
  const { algorithms, rotateEvery } = schedule;
  const lead = publishLeadMs(schedule);
  return [...new Set(algorithms)].flatMap((alg) => {
    const last = Math.max(...keys.filter((key) => key.alg === alg).map(({ activatesAt }) => activatesAt));
    if (last === Number.NEGATIVE_INFINITY) return [{ alg, activatesAt: 0 }];
    const key = keys.find((one) => one.alg === alg && one.activatesAt === last);
    const began = last === 0 ? (key?.createdAt ?? 0) : last;
    if (now < began + rotateEvery - lead) return [];
    // After a long stop: verifiers must have time to read the new key first.
    const earliest = Math.ceil((now + lead) / MARGIN_MS) * MARGIN_MS;
    return [{ alg, activatesAt: Math.max(began + rotateEvery, earliest) }];
  });
}
