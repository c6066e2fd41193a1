// Another region: reads its revocations and its keys again and again, and says how old they are.
import { setTimeout as wait } from 'node:timers/promises';
import type { Outbound } from '../outbound/outbound.ts';
import { describeError } from '../primitives/failure.ts';
import { Refusal } from '../primitives/refusal.ts';
import { createRepeatable } from '../primitives/serial.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { readTimeNow, since } from '../store/freshness.ts';
import { findPeer, insertTold, positionMark, type StoredPeer, savePeer } from '../store/regions.ts';
import { orUnavailable, type Store } from '../store/store.ts';
import type { AnswerKind, Messages, RegionState } from './messages.ts';
import { type PeerKeys, readPeerKeys } from './peer-keys.ts';
import { readSuspended } from './suspended.ts';

/** Time between two reads of a region. */
const INTERVAL_MS = 500;

/** Time for another region to read a revocation of one of its tokens: a few of its reads. */
const MAX_READING_MS = 3000;
const RETRY_MS = 100;

/** What a node does with what it reads. */
export interface PeerReading {
  /** Reads revocations and suspensions that were added to the database. */
  readonly added: () => Promise<void>;
  /** The digest of the suspended parties that the region told us of, as this node knows them. */
  readonly suspendedBy: (region: string) => string;
  /** The region is out of reach, or in reach again. */
  readonly changed: (region: string, state: 'current' | 'stale') => void;
  readonly now: () => number;
}

export interface Peer {
  readonly name: string;
  /** @throws Refusal region_unavailable if the last read began more than `staleAfter` ago */
  readonly check: () => void;
  readonly isFresh: () => boolean;
  /** Milliseconds since the last read began; undefined if there was none. */
  readonly age: () => number | undefined;
  /** False if the parties that it suspended could not be read for `staleAfter`. */
  readonly knowsSuspended: () => boolean;
  /** Why the last read failed. */
  readonly failure: () => string | undefined;
  /** As it was told last, also by a region that is out of reach now: its tokens live on. */
  readonly keys: () => PeerKeys;
  /** The region that remembers single-use ids, as this one says; undefined before the first read. */
  readonly singleUse: () => string | undefined;
  /** Asks the region to remember a single-use id. @returns is this the first use? @throws Refusal region_unavailable */
  readonly use: (id: string, expiresAt: number) => Promise<boolean>;
  /** Waits until the region has read our revocations up to this number. @throws Refusal region_unavailable */
  readonly untilRead: (position: number) => Promise<void>;
  readonly start: (reading: PeerReading) => () => void;
}

interface PeerContext {
  readonly name: string;
  readonly url: string;
  readonly staleAfter: number;
  readonly store: Store;
  readonly messages: Messages;
  readonly outbound: Outbound;
  /** Did this region make the token? */
  readonly isOwnId: (id: string) => boolean;
}

export async function openPeer(context: PeerContext): Promise<Peer> {
  const { name, staleAfter, store } = context;
  const reader = createReader(context, await findPeer(store, name));
  let wake = async (): Promise<void> => undefined;
  /** A command does not read the region, so it asks how far the region has read. */
  const askOnce = (): Promise<RegionState | undefined> =>
    ask(context, { read: { after: 0 } }, 'state').catch(() => undefined);
  let failure: string | undefined;
  const unavailable = (detail: string, cause?: unknown): Refusal =>
    new Refusal('region_unavailable', { detail: `the region ${name} ${detail}`, cause });
  return {
    name,
    check: () => {
      if (reader.isFresh()) return;
      throw unavailable(`was not read for ${staleAfter / 1000} s${failure === undefined ? '' : `: ${failure}`}`);
    },
    isFresh: reader.isFresh,
    age: reader.age,
    knowsSuspended: reader.knowsSuspended,
    failure: () => failure,
    keys: reader.keys,
    singleUse: () => reader.latest()?.singleUse,
    use: async (id, expiresAt) => {
      try {
        return (await ask(context, { use: { id, expiresAt } }, 'use')).first;
      } catch (error) {
        throw unavailable(`cannot be asked: ${describeError(error)}`, error);
      }
    },
    untilRead: async (upTo) => {
      for (
        const end = performance.now() + MAX_READING_MS;
        !(await hasRead(store, reader.latest() ?? (await askOnce()), upTo));
      ) {
        if (performance.now() > end)
          throw unavailable('has not read the revocation, which is in force here: send the request again');
        await wait(RETRY_MS);
        await wake();
      }
    },
    start: (reading) => {
      reader.begin();
      let state: 'current' | 'stale' | undefined;
      wake = createRepeatable(async () => {
        failure = await reader.read(reading).then(() => undefined, describeError);
        const is = reader.isFresh() ? 'current' : 'stale';
        if (is !== state) reading.changed(name, is);
        state = is;
      });
      void wake();
      const timer = setInterval(wake, INTERVAL_MS).unref();
      return () => clearInterval(timer);
    },
  };
}

/** Has the region read our revocations up to the number, from the database that we have? */
const hasRead = async (store: Store, latest: RegionState | undefined, upTo: number): Promise<boolean> =>
  latest !== undefined &&
  latest.read >= upTo &&
  latest.readMark === (await orUnavailable(positionMark(store, latest.read)));

/** Keeps what a region says, and when it was read last. */
function createReader(context: PeerContext, known: StoredPeer | undefined) {
  const { name, staleAfter, store, isOwnId } = context;
  let { position, mark } = known ?? { position: 0, mark: '' };
  let keys = readPeerKeys(known?.keys ?? '{}');
  let latest: RegionState | undefined;
  /** A command reads nothing and ends soon, so everything is fresh to it. */
  let last: ReturnType<typeof readTimeNow> | 'never' | 'not reading' = 'not reading';
  /** Its digest of the parties that it suspended, and ours: a region of another version may compute another one of the same list. */
  let suspendedRead = { theirs: '', ours: '' };
  /** Since when the list is another one than it says. */
  let missedSince: ReturnType<typeof readTimeNow> | undefined;
  const readSuspendedIfChanged = async (
    digest: string,
    { added, suspendedBy }: Pick<PeerReading, 'added' | 'suspendedBy'>,
  ): Promise<void> => {
    const ours = suspendedBy(name);
    if (digest === ours || (digest === suspendedRead.theirs && ours === suspendedRead.ours)) return;
    missedSince ??= readTimeNow();
    try {
      const page = (after: string) => ask(context, { suspended: { after } }, 'suspended');
      await readSuspended(store, name, { digest, page });
      await added();
    } catch (error) {
      throw new Error(`its suspended parties cannot be read: ${describeError(error)}`);
    }
    suspendedRead = { theirs: digest, ours: suspendedBy(name) };
  };
  const age = (): number | undefined => (typeof last === 'string' ? undefined : since(last));
  return {
    keys: () => keys,
    latest: () => latest,
    age,
    isFresh: () => last === 'not reading' || (age() ?? Number.POSITIVE_INFINITY) <= staleAfter,
    begin: () => {
      last = 'never';
    },
    knowsSuspended: () => missedSince === undefined || since(missedSince) <= staleAfter,
    read: async ({ added, now, suspendedBy }: PeerReading): Promise<void> => {
      const began = readTimeNow();
      let state = await ask(context, { read: { after: position, mark } }, 'state');
      const { settled, mark: settledMark, suspended } = state;
      let after = -1;
      for (;;) {
        const { revocations, more, next } = state;
        if (revocations.length > 0) {
          await store
            .transaction()
            .execute((transaction) => insertTold(transaction, name, revocations, { isOwnId, now: now() }));
          await added();
        }
        if (!more) break;
        if (next <= after) throw new Error('it tells the same revocations again and again');
        after = next;
        state = await ask(context, { read: { after: next } }, 'state');
      }
      const text = JSON.stringify(state.keys);
      const told = text === keys.text ? keys : readPeerKeys(text);
      if (told !== keys || settled !== position || settledMark !== mark)
        await savePeer(store, name, { position: settled, mark: settledMark, keys: text });
      position = settled;
      mark = settledMark;
      keys = told;
      latest = state;
      last = began;
      // Last, so that a list that cannot be read refuses none of the tokens of the region.
      if (suspended !== undefined) await readSuspendedIfChanged(suspended, { added, suspendedBy });
      missedSince = undefined;
    },
  };
}

/** The answer has the form of a poll response of RFC 8936: one security event token, by its id. */
async function ask<K extends AnswerKind>(
  { name, url, messages, outbound }: PeerContext,
  content: Parameters<Messages['request']>[1],
  kind: K,
) {
  const { text, id } = messages.request(name, content);
  const body = JSON.stringify({ request: text });
  const answer = await outbound({ url, method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  const [token] = Object.values((answer.sets ?? {}) as JsonObject);
  return messages.readAnswer(String(token), { from: name, id, kind });
}
