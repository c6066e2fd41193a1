// The regions of one issuer. Each has a database, signs with its own keys and decides about its own tokens. Regions read each
// other's revocations and keys, and refuse the tokens of a region that they have not read for too long.
import type { Key } from '../keys/jws.ts';
import type { PublishedKey } from '../keys/signing-key.ts';
import { createOutbound } from '../outbound/outbound.ts';
import type { Clock } from '../primitives/clock.ts';
import { Refusal } from '../primitives/refusal.ts';
import { findSettled } from '../store/audit-settled.ts';
import {
  claimRegion,
  findOwnPosition,
  findOwnRegion,
  findPeer,
  listOwnRevocations,
  positionMark,
} from '../store/regions.ts';
import { type Access, orUnavailable, type Store } from '../store/store.ts';
import { useId } from '../store/used-ids.ts';
import type { Elsewhere } from './elsewhere.ts';
import { createMessages, MAX_MESSAGE_AGE_SECONDS, type Messages } from './messages.ts';
import { openPeer, type Peer, type PeerReading } from './peer.ts';
import type { RegionSettings } from './settings.ts';
import { createOwnSuspended, pageOfSuspended } from './suspended.ts';
import { codeTagOf, readCodeTag, readTag, tagOf } from './tag.ts';

/** The path at which regions answer each other, below the issuer. */
export const REGIONS_PATH = '/regions';

/** Revocations in one answer. With names as long as the store has them, it is smaller than what a region reads of one answer. */
const PAGE_ROWS = 250;
/** How often an answer looks whether earlier transactions have ended, before it says that there may be more. */
const MAX_CHECKS = 4;

export interface PeerState {
  readonly name: string;
  readonly isFresh: boolean;
  /** Milliseconds since the last read began; undefined if there was none. */
  readonly age: number | undefined;
  /** False if the parties that it suspended could not be read for too long. */
  readonly knowsSuspended: boolean;
  readonly failure: string | undefined;
}

export interface Regions extends Elsewhere {
  readonly name: string;
  /** @throws Refusal region_unavailable if another region may have revoked one of the tokens, and was not read for too long */
  readonly refuseStale: (ids: readonly string[]) => void;
  /** The key of another region. @throws Refusal region_unavailable if that was not read for too long */
  readonly verifying: (kid: string) => Key | undefined;
  readonly published: (set: string) => readonly PublishedKey[];
  /**
   * Asks the region that remembers single-use ids. In that region, the caller's own write decides.
   * @returns false if the id was used @throws Refusal region_unavailable
   */
  readonly claim: (id: string, expiresAt: number) => Promise<boolean>;
  /**
   * Waits until the region that made the id has read the revocation of it: it alone decides about its tokens while it is cut off.
   * @throws Refusal region_unavailable if that takes too long
   */
  readonly untilRead: (id: string) => Promise<void>;
  /** @param keys of this region, by key set @returns a poll response (RFC 8936) @throws Refusal region_request */
  readonly answer: (
    request: string,
    keys: ReadonlyMap<string, readonly PublishedKey[]>,
  ) => Promise<{ readonly sets: Readonly<Record<string, string>>; readonly moreAvailable: boolean }>;
  readonly states: () => readonly PeerState[];
  /** Reads the other regions until the returned function is called. */
  readonly start: (reading: PeerReading) => () => void;
}

interface RegionContext {
  readonly issuer: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly access: Access;
  /** Was the id made with the secret of this database? */
  readonly isOwnId: (id: string) => boolean;
}

/** @throws Error if the database belongs to another region */
export async function openRegions(settings: RegionSettings, context: RegionContext): Promise<Regions> {
  const { name, staleAfter, network } = settings;
  const { issuer, store, clock, isOwnId } = context;
  await requireOwn(name, context);
  const messages = createMessages(issuer, settings, clock);
  const answering = { store, messages, suspended: createOwnSuspended(store) };
  const ownTag = tagOf(name).readUInt16BE();
  const path = new URL(issuer).pathname.replace(/\/$/, '') + REGIONS_PATH;
  const peers = await Promise.all(
    settings.peers.map(({ name: peer, url }) =>
      openPeer({
        name: peer,
        url: new URL(url).origin + path,
        staleAfter,
        store,
        messages,
        outbound: createOutbound(network),
        isOwnId: (id) => isOwnId(id) || readTag(id) === ownTag,
      }),
    ),
  );
  const byTag = new Map(peers.map((peer) => [tagOf(peer.name).readUInt16BE(), peer]));
  const madeBy = (id: string): Peer | 'unknown' | undefined => {
    const tag = readTag(id);
    if (tag === undefined || tag === ownTag || isOwnId(id)) return undefined;
    return byTag.get(tag) ?? 'unknown';
  };
  return {
    name,
    refuseStale: (ids) => {
      for (const id of ids) {
        const region = madeBy(id);
        // It is from before there were regions, or of a region that the file does not have any more.
        if (region === 'unknown') for (const peer of peers) peer.check();
        else region?.check();
      }
    },
    regionOf: (id) => {
      const region = madeBy(id);
      return region === 'unknown' ? undefined : region?.name;
    },
    isMadeElsewhere: (id) => madeBy(id) !== undefined,
    regionOfCode: (code) => peers.find((peer) => codeTagOf(peer.name) === readCodeTag(code))?.name,
    verifying: (kid) => {
      for (const peer of peers) {
        const key = peer.keys().find(kid);
        if (key === undefined) continue;
        peer.check();
        return key;
      }
      return undefined;
    },
    published: (set) => peers.flatMap((peer) => peer.keys().published(set)),
    claim: (id, expiresAt) => claimUse(settings, peers, id, expiresAt),
    untilRead: async (id) => {
      const region = madeBy(id);
      const asked = region === 'unknown' ? peers : region === undefined ? [] : [region];
      if (asked.length === 0) return;
      const position = await orUnavailable(findOwnPosition(store, id));
      await Promise.all(asked.map((peer) => peer.untilRead(position)));
    },
    answer: (request, keys) => answerPeer(request, keys, settings, answering),
    states: () => peers.map(stateOf),
    start: (reading) => {
      const stops = peers.map((peer) => peer.start(reading));
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

const stateOf = ({ name, isFresh, age, knowsSuspended, failure }: Peer): PeerState => ({
  name,
  isFresh: isFresh(),
  age: age(),
  knowsSuspended: knowsSuspended(),
  failure: failure(),
});

async function requireOwn(name: string, { store, access }: RegionContext): Promise<void> {
  const owner = access === 'write' ? await claimRegion(store, name) : await findOwnRegion(store);
  if (owner !== undefined && owner !== name)
    throw new Error(
      `the database belongs to the region ${owner}, and regions.name is ${name}. Each region has a database of its own.`,
    );
}

/** Another answer than that of its neighbours would let an id be used in both regions. */
async function claimUse(
  { name, singleUse }: RegionSettings,
  peers: readonly Peer[],
  id: string,
  expiresAt: number,
): Promise<boolean> {
  for (const peer of peers) {
    const said = peer.singleUse();
    if (said !== undefined && said !== singleUse)
      throw new Refusal('region_unavailable', {
        detail: `regions.singleUse is ${singleUse} here, and ${said} in the region ${peer.name}`,
      });
  }
  if (singleUse === name) return true;
  const owner = peers.find((peer) => peer.name === singleUse);
  if (owner === undefined) throw new Error('the region of single-use ids is not a peer');
  return owner.use(id, expiresAt);
}

interface Answering {
  readonly store: Store;
  readonly messages: Messages;
  readonly suspended: ReturnType<typeof createOwnSuspended>;
}

async function answerPeer(
  request: string,
  keys: ReadonlyMap<string, readonly PublishedKey[]>,
  { name, singleUse }: RegionSettings,
  { store, messages, suspended }: Answering,
): ReturnType<Regions['answer']> {
  const { from, id, content } = messages.readRequest(request);
  if ('use' in content) {
    if (singleUse !== name)
      throw new Refusal('region_unavailable', {
        detail: `${from} asks for single-use ids, and they belong to ${singleUse}`,
      });
    // The clock here may be ahead of the one that accepts the id until then.
    const forgetAt = (content.use.expiresAt + MAX_MESSAGE_AGE_SECONDS) * 1000;
    const first = await orUnavailable(useId(store, content.use.id, forgetAt));
    return { sets: { [id]: messages.answer(from, id, { first }) }, moreAvailable: false };
  }
  if ('suspended' in content) {
    const page = pageOfSuspended(await orUnavailable(suspended()), content.suspended.after);
    return { sets: { [id]: messages.answer(from, id, page) }, moreAvailable: page.more };
  }
  const page = await orUnavailable(readPage(store, content.read));
  const { position: read, mark: readMark } = (await orUnavailable(findPeer(store, from))) ?? { position: 0, mark: '' };
  const published = Object.fromEntries([...keys].map(([set, list]) => [set, [...list]]));
  const { digest } = await orUnavailable(suspended());
  const state = { ...page, read, readMark, keys: published, singleUse, suspended: digest };
  return { sets: { [id]: messages.answer(from, id, state) }, moreAvailable: page.more };
}

/** A transaction may commit a row with a smaller number later: the next read begins where none can appear any more. */
async function readPage(
  store: Store,
  { after: asked, mark }: { readonly after: number; readonly mark?: string | undefined },
) {
  const settled = (await findSettled(store, MAX_CHECKS, 'revocations')) ?? asked;
  // The database was restored from a backup: the numbers that the other region has read are of other revocations, or of none.
  const isRestored = asked > settled || (mark !== undefined && mark !== (await positionMark(store, asked)));
  const after = isRestored ? 0 : asked;
  const rows = await listOwnRevocations(store, after, PAGE_ROWS);
  return {
    revocations: rows.map(({ kind, name, time }) => ({ kind, name, time })),
    more: rows.length === PAGE_ROWS,
    next: rows.at(-1)?.sequence ?? after,
    settled,
    mark: await positionMark(store, settled),
  };
}
