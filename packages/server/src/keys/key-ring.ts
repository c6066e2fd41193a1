// Which key signs now, and which keys are published? For each algorithm, the newest active key signs. The next key is published
// before it signs, and a former key until the last token that it signed has expired.
import type { Clock } from '../primitives/clock.ts';
import type { Freshness } from '../store/freshness.ts';
import type { Poll } from '../store/poll.ts';
import { deleteSigningKey, insertSigningKey, listSigningKeys, resealSigningKey } from '../store/signing-keys.ts';
import type { Access, Store } from '../store/store.ts';
import type { SigningAlgorithm } from './algorithms.ts';
import type { Key } from './jws.ts';
import type { Sealer } from './sealing.ts';
import { createSigningKey, openSigningKey, type PublishedKey, resealed, type SigningKey } from './signing-key.ts';

export interface KeyRing {
  /** The private key that signs with this algorithm now. @throws Refusal store_unavailable if it may have been retired elsewhere */
  readonly signing: (alg: SigningAlgorithm) => Pick<SigningKey, keyof Key | 'publicKey'>;
  /** The published public key with this id. @throws like `signing` */
  readonly verifying: (kid: string) => Key | undefined;
  readonly published: () => readonly PublishedKey[];
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

export interface KeySchedule {
  readonly algorithms: readonly SigningAlgorithm[];
  /** Milliseconds that a key signs. */
  readonly rotateEvery: number;
  /** Milliseconds that a key is published before it signs. */
  readonly publishAhead: number;
  /** Milliseconds that a key is published after it signed: the longest token lifetime. */
  readonly keepAfter: number;
}

/** Tolerance for clock differences between nodes and verifiers, and for nodes that have not polled yet. */
const MARGIN_MS = 60_000;

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
  const held = new Map<string, PublishedKey>();
  const read = async (): Promise<void> => {
    const rows = await listSigningKeys(store);
    // A known key is not opened again. A key deleted from the table is dropped.
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
      await insertSigningKey(store, createSigningKey(alg, sealer, { created_at: clock(), activates_at: activatesAt }));
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

/** The newest active key of the algorithm. */
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

/** When the next key of the algorithm begins to sign. */
const succeededAt = ({ alg, activatesAt }: SigningKey, keys: readonly SigningKey[]): number =>
  Math.min(...keys.filter((key) => key.alg === alg && key.activatesAt > activatesAt).map((key) => key.activatesAt));

const isPublished = (key: SigningKey, keys: readonly SigningKey[], { keepAfter }: KeySchedule, now: number): boolean =>
  now < succeededAt(key, keys) + keepAfter + MARGIN_MS;

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
