// Which key sets publish a signing key, and until when? A set publishes the keys of the algorithms that its resources use. A key
// that a set no longer needs stays until the last token that it signed for that set has expired.
import type { KeySetRow } from '../store/schema.ts';
import type { SigningAlgorithm } from './algorithms.ts';
import type { SigningKey } from './signing-key.ts';

/** The set at `jwks_uri` of the metadata. The name of any other set is its path. */
export const MAIN_SET = '';

export interface KeySchedule {
  /** Of all sets. The first is the default. */
  readonly algorithms: readonly SigningAlgorithm[];
  /** The algorithms that each key set publishes. */
  readonly sets: ReadonlyMap<string, ReadonlySet<SigningAlgorithm>>;
  /** Milliseconds that a key signs. */
  readonly rotateEvery: number;
  /** Milliseconds that a key is published before it signs. */
  readonly publishAhead: number;
  /** Milliseconds that a key is published after it signed: the longest token lifetime. */
  readonly keepAfter: number;
}

/** Seconds for which verifiers may cache a key set: its Cache-Control. */
export const KEY_SET_MAX_AGE_SECONDS = 300;

/** Tolerance for clock differences between nodes and verifiers, and for nodes that have not polled yet. */
export const MARGIN_MS = 60_000;
/** The stored time is renewed when this much of it has passed, so that not every poll writes. */
const RENEWAL_MS = 300_000;

/** The keys that exist, and the sets that the database says they are needed in. */
export interface HeldKeys {
  readonly keys: readonly SigningKey[];
  readonly sets: readonly KeySetRow[];
}

/** When the next key of the algorithm begins to sign. */
export const succeededAt = ({ alg, activatesAt }: SigningKey, keys: readonly SigningKey[]): number =>
  Math.min(...keys.filter((key) => key.alg === alg && key.activatesAt > activatesAt).map((key) => key.activatesAt));

/** @param set every set if absent: the key verifies tokens here as long as any set publishes it */
export function isPublished(
  key: SigningKey,
  { keys, sets }: HeldKeys,
  { algorithms, sets: used, keepAfter }: KeySchedule,
  now: number,
  set?: string,
): boolean {
  const isUsed = set === undefined ? algorithms.includes(key.alg) : used.get(set)?.has(key.alg) === true;
  return (
    (isUsed && now < succeededAt(key, keys) + keepAfter + MARGIN_MS) ||
    sets.some((one) => one.kid === key.kid && (set ?? one.key_set) === one.key_set && now < Number(one.needed_until))
  );
}

/** The sets of a new key. */
export const setsOfNew = (
  { kid, alg }: { readonly kid: string; readonly alg: string },
  { sets, keepAfter }: KeySchedule,
  now: number,
): readonly KeySetRow[] =>
  [...sets]
    .filter(([, algorithms]) => (algorithms as ReadonlySet<string>).has(alg))
    .map(([key_set]) => ({ kid, key_set, needed_until: now + keepAfter + MARGIN_MS + RENEWAL_MS }));

/**
 * The times to store: for keys that sign or will sign, by this configuration. A node whose configuration lacks the algorithm then
 * knows until when tokens of another node may be valid. A key without a row was made by a version that had the main set only.
 */
export function dueSets({ keys, sets }: HeldKeys, schedule: KeySchedule, now: number): readonly KeySetRow[] {
  const needed = now + schedule.keepAfter + MARGIN_MS;
  return keys.flatMap((key) => {
    const own = sets.filter(({ kid }) => kid === key.kid);
    const isKept = (set: string): boolean =>
      own.some(({ key_set, needed_until: until }) => key_set === set && Number(until) >= needed);
    const used = now < succeededAt(key, keys) ? setsOfNew(key, schedule, now) : [];
    const due = used.filter(({ key_set: set }) => !isKept(set));
    const isOld = own.length === 0 && !due.some(({ key_set: set }) => set === MAIN_SET);
    return isOld ? [...due, { kid: key.kid, key_set: MAIN_SET, needed_until: needed }] : due;
  });
}
