// Which key signs now, and which are published? Of each algorithm the keys follow one another in time: the latest that is
// active signs, the next is published ahead of its time, and the one before until the last token of it has expired.
import type { Clock } from '../primitives/clock.ts';
import type { Freshness } from '../store/freshness.ts';
import type { Poll } from '../store/poll.ts';
import { deleteSigningKey, insertSigningKey, listSigningKeys, resealSigningKey } from '../store/signing-keys.ts';
import type { Access, Store } from '../store/store.ts';
import type { SigningAlgorithm } from './algorithms.ts';
import type { Key } from './jws.ts';
import type { Sealer } from './sealing.ts';
import { makeSigningKey, openSigningKey, type PublishedKey, resealed, type SigningKey } from './signing-key.ts';

export interface KeyRing {
  /** The private key that signs with this algorithm now. @throws Refusal store_unavailable where it may have been retired */
  readonly signing: (alg: SigningAlgorithm) => Pick<SigningKey, keyof Key | 'publicKey'>;
  /** The public key of this id, where it is published. @throws as `signing` */
  readonly verifying: (kid: string) => Key | undefined;
  readonly published: () => readonly PublishedKey[];
  /** Every public key that this process has read from its table, also those that are gone since. */
  readonly held: () => readonly PublishedKey[];
  readonly states: () => readonly KeyState[];
  /** Learns what other processes did to the keys, and makes the next key where its time has come. */
  readonly poll: Poll;
}

export interface KeyState {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly state: 'next' | 'active' | 'retired';
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** From when on it signs, or signed. */
  readonly activatesAt: number;
}

export interface KeySchedule {
  readonly algorithms: readonly SigningAlgorithm[];
  /** Milliseconds for which a key signs. */
  readonly rotateEvery: number;
  /** Milliseconds for which it is published before. */
  readonly publishAhead: number;
  /** Milliseconds for which it is published after: the longest life of a token. */
  readonly keepAfter: number;
}

/** Clocks of nodes and verifiers may differ, and a node learns of a key a moment after it was made; in milliseconds. */
const MARGIN = 60_000;

/** Milliseconds between publishing a key and signing with it, so that every verifier has refreshed its cached key set. */
export const leadOf = ({ publishAhead }: KeySchedule): number => publishAhead + MARGIN;

/** A reader makes no key, and seals none again. */
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
  const held = new Map<string, PublishedKey>();
  const read = async (): Promise<void> => {
    const rows = await listSigningKeys(store);
    // A key that is here is not opened again; one that is gone from the table is gone.
    keys = new Map(rows.map((row) => [row.kid, keys.get(row.kid) ?? openSigningKey(row, sealer)]));
    for (const [kid, { published }] of keys) held.set(kid, published);
  };
  const poll: Poll = async (changed) => {
    if ((await changed) !== false) await read();
    if (access === 'read') return;
    const all = [...keys.values()];
    const missing = missingKeys(all, schedule, clock());
    const finished = all.filter((key) => !isPublished(key, all, schedule, clock()));
    for (const { alg, activatesAt } of missing) {
      await insertSigningKey(store, makeSigningKey(alg, sealer, { created_at: clock(), activates_at: activatesAt }));
    }
    for (const { kid } of finished) await deleteSigningKey(store, kid);
    if (missing.length + finished.length > 0) await read();
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
      return key !== undefined && isPublished(key, [...keys.values()], schedule, clock()) ? key.publicKey : undefined;
    },
    published: () => {
      const all = [...keys.values()];
      return all.filter((key) => isPublished(key, all, schedule, clock())).map(({ published }) => published);
    },
    held: () => [...held.values()],
    states: () => statesOf([...keys.values()], clock()),
    poll,
  };
}

/** The latest of the algorithm that is active. */
function current(keys: readonly SigningKey[], alg: SigningAlgorithm, now: number): SigningKey | undefined {
  return keys.reduce<SigningKey | undefined>(
    (best, key) =>
      key.alg === alg && key.activatesAt <= now && key.activatesAt >= (best?.activatesAt ?? 0) ? key : best,
    undefined,
  );
}

export const statesOf = (keys: readonly SigningKey[], now: number): readonly KeyState[] =>
  keys.map((key) => ({
    kid: key.kid,
    alg: key.alg,
    createdAt: key.createdAt,
    activatesAt: Math.max(key.activatesAt, key.createdAt),
    state: stateOf(key, keys, now),
  }));

export function stateOf(key: SigningKey, keys: readonly SigningKey[], now: number): KeyState['state'] {
  if (key.activatesAt > now) return 'next';
  return current(keys, key.alg, now) === key ? 'active' : 'retired';
}

/** When the one after it begins to sign. */
const succeededAt = ({ alg, activatesAt }: SigningKey, keys: readonly SigningKey[]): number =>
  Math.min(...keys.filter((key) => key.alg === alg && key.activatesAt > activatesAt).map((key) => key.activatesAt));

export const isPublished = (
  key: SigningKey,
  keys: readonly SigningKey[],
  { keepAfter }: KeySchedule,
  now: number,
): boolean => now < succeededAt(key, keys) + keepAfter + MARGIN;

/**
 * The keys that should be there by now and are not. Their times follow from the keys before them, so that two nodes that
 * make the same key at once make it for the same time, and the table keeps one.
 */
function missingKeys(
  keys: readonly SigningKey[],
  schedule: KeySchedule,
  now: number,
): readonly { readonly alg: SigningAlgorithm; readonly activatesAt: number }[] {
  const { algorithms, rotateEvery } = schedule;
  const lead = leadOf(schedule);
  return [...new Set(algorithms)].flatMap((alg) => {
    const last = Math.max(...keys.filter((key) => key.alg === alg).map(({ activatesAt }) => activatesAt));
    if (last === Number.NEGATIVE_INFINITY) return [{ alg, activatesAt: 0 }];
    const key = keys.find((one) => one.alg === alg && one.activatesAt === last);
    const began = last === 0 ? (key?.createdAt ?? 0) : last;
    if (now < began + rotateEvery - lead) return [];
    // After a long stop: not before verifiers have had time to see it.
    const earliest = Math.ceil((now + lead) / MARGIN) * MARGIN;
    return [{ alg, activatesAt: Math.max(began + rotateEvery, earliest) }];
  });
}
