// Fetches the documents of clients whose id is a URL, and keeps them for a while. A failure is not kept, and never replaced by an older
// document: a client that withdraws its document is refused.
import { isDeepStrictEqual } from 'node:util';
import type { Client } from '../model/client.ts';
import { type ClientDocumentSettings, isDocumentId } from '../model/client-document.ts';
import { createDocumentReader, createOutbound, OutboundFailure } from '../outbound/outbound.ts';
import type { Clock } from '../primitives/clock.ts';
import { Refusal } from '../primitives/refusal.ts';
import { fetchedKeySource, fixedKeySource, type KeySource } from '../trust/key-cache.ts';
import { readClientDocument } from './client-document.ts';

/** Bounds of the time for which a document is kept, whatever its server says. */
const MIN_FRESH_MS = 300_000;
const MAX_FRESH_MS = 3_600_000;
/** A younger document is not read again, whatever another process has seen. */
const MIN_AGE_MS = 1000;
/** Beyond, the one that was fetched first is dropped. */
const MAX_DOCUMENTS = 1000;

/** Where clients are described that have no entry. */
export interface SelfDescribedClients {
  /** Is it the id of such a client? It does not say whether the client exists. */
  readonly allows: (id: string) => boolean;
  /**
   * @param seen the digest of a description that another process has seen: if the one held is another one, it is read again
   * @returns undefined if there is no such client
   * @throws Refusal client_document_invalid, client_document_unavailable, store_unavailable
   */
  readonly find: (id: string, seen?: string) => Promise<Client | undefined>;
  /** The client as this process read it last. */
  readonly held: (id: string) => Client | undefined;
  readonly keysOf: (id: string) => KeySource | undefined;
}

export interface ClientDocuments extends SelfDescribedClients {
  readonly settings: ClientDocumentSettings;
}

interface Held {
  readonly client: Client;
  readonly keys: KeySource | undefined;
  readonly since: number;
  readonly freshFor: number;
}

/** @param before of the previous configuration: its documents are kept if the settings are the same */
export function openClientDocuments(
  settings: ClientDocumentSettings | undefined,
  clock: Clock,
  before?: ClientDocuments,
): ClientDocuments | undefined {
  if (settings === undefined || isDeepStrictEqual(before?.settings, settings)) return settings && before;
  const { domains, network } = settings;
  // Each host has its own limit of requests, so that a slow one does not keep us from the documents of the others.
  const readerOf = oneForEachHost(() => createDocumentReader(network));
  const fetcherOf = oneForEachHost(() => createOutbound(network));
  const held = new Map<string, Held>();
  const underWay = new Map<string, Promise<Client>>();

  const openKeys = ({ id, keys }: Client): KeySource | undefined => {
    if (keys === undefined) return undefined;
    const earlier = held.get(id);
    if (isDeepStrictEqual(earlier?.client.keys, keys)) return earlier?.keys;
    if ('jwks' in keys) return fixedKeySource(keys.jwks);
    return fetchedKeySource(fetcherOf(keys.jwksUri), async () => keys.jwksUri, clock);
  };

  const read = async (id: string): Promise<Client> => {
    try {
      const { json, maxAge = 0 } = await readerOf(id)({ url: id, method: 'GET', causedBy: id });
      const client = readClientDocument(id, json, settings);
      if (typeof client === 'string') throw new Refusal('client_document_invalid', { detail: `${id}: ${client}` });
      const freshFor = Math.min(Math.max(maxAge * 1000, MIN_FRESH_MS), MAX_FRESH_MS);
      const entry = { client, keys: openKeys(client), since: clock(), freshFor };
      held.delete(id);
      held.set(id, entry);
      const [oldest] = held.keys();
      if (held.size > MAX_DOCUMENTS && oldest !== undefined) held.delete(oldest);
      return client;
    } catch (error) {
      held.delete(id);
      throw error instanceof OutboundFailure ? refusalOf(error) : error;
    }
  };

  return {
    settings,
    allows: (id) => isDocumentId(id, domains),
    find: async (id, seen) => {
      if (!isDocumentId(id, domains)) return undefined;
      const known = held.get(id);
      const age = clock() - (known?.since ?? 0);
      const isOther = seen !== undefined && known?.client.document?.digest !== seen;
      if (known !== undefined && age >= 0 && age < (isOther ? MIN_AGE_MS : known.freshFor)) return known.client;
      const reading = underWay.get(id) ?? read(id).finally(() => underWay.delete(id));
      underWay.set(id, reading);
      return reading;
    },
    held: (id) => held.get(id)?.client,
    keysOf: (id) => held.get(id)?.keys,
  };
}

/** Makes one for the host of a URL when it is first needed. The hosts are few: those of the configuration. */
function oneForEachHost<T>(make: () => T): (url: string) => T {
  const made = new Map<string, T>();
  return (url) => {
    const { host } = new URL(url);
    const one = made.get(host) ?? make();
    made.set(host, one);
    return one;
  };
}

/** HTTP statuses by which a server says that it cannot answer now. */
const BUSY: ReadonlySet<number> = new Set([408, 425, 429]);

function refusalOf(error: OutboundFailure): Refusal {
  const { status = 0, isUnusable, message } = error;
  const isThere = isUnusable || (status > 0 && status < 500 && !BUSY.has(status));
  const reason = isThere ? 'client_document_invalid' : 'client_document_unavailable';
  return new Refusal(reason, { detail: message, cause: error });
}
