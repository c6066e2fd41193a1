// Fetches the documents of clients whose id is a URL, and keeps them for a while. A failure is not kept, and never replaced by an older
// document: a client that withdraws its document is refused.
import { isDeepStrictEqual } from 'node:util';
import type { Client, ClientDirectory, Clients } from '../model/client.ts';
import { type ClientDocumentSettings, isDocumentId } from '../model/client-document.ts';
import { createDocumentReader, createOutbound, OutboundFailure } from '../outbound/outbound.ts';
import type { Clock } from '../primitives/clock.ts';
import { Refusal } from '../primitives/refusal.ts';
import { fetchedKeySource, fixedKeySource, type KeySource } from '../trust/key-cache.ts';
import { readClientDocument } from './client-document.ts';

/** Bounds of the time for which a document is kept, whatever its server says. */
const MIN_FRESH_MS = 300_000;
const MAX_FRESH_MS = 3_600_000;
/** Beyond, the one that was fetched first is dropped. */
const MAX_DOCUMENTS = 1000;

export interface ClientDocuments {
  readonly settings: ClientDocumentSettings;
  /** Is the id a URL in an allowed domain? It does not say whether there is a document. */
  readonly allows: (id: string) => boolean;
  /**
   * @returns the client, of a document that is fresh; undefined if the id is not allowed
   * @throws Refusal client_document_invalid, client_document_unavailable
   */
  readonly find: (id: string) => Promise<Client | undefined>;
  /** The client as this process read it last. */
  readonly held: (id: string) => Client | undefined;
  readonly keysOf: (id: string) => KeySource | undefined;
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
    find: async (id) => {
      if (!isDocumentId(id, domains)) return undefined;
      const known = held.get(id);
      const age = clock() - (known?.since ?? 0);
      if (known !== undefined && age >= 0 && age < known.freshFor) return known.client;
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

/**
 * The clients of the configuration, and behind them those of documents. `has` is true of every id in an allowed domain, so that a token
 * is valid on a node that has not read the document of its client. The entries are those of the configuration.
 */
export class AllClients extends Map<string, Client> implements ClientDirectory {
  readonly #documents: ClientDocuments | undefined;

  constructor(configured: Clients, documents: ClientDocuments | undefined) {
    super(configured);
    this.#documents = documents;
  }

  get haveDocuments(): boolean {
    return this.#documents !== undefined;
  }

  override get(id: string): Client | undefined {
    return super.get(id) ?? this.#documents?.held(id);
  }

  override has(id: string): boolean {
    return super.has(id) || this.isDescribed(id);
  }

  whyNotDescribed(id: string): string | undefined {
    if (this.#documents === undefined || !/^https?:/i.test(id) || this.has(id)) return undefined;
    return 'it is a URL, and not one of a document in clientDocuments.domains: https with a path, in its shortest form, and a host of the list';
  }

  isDescribed(id: string): boolean {
    return !super.has(id) && this.#documents?.allows(id) === true;
  }

  /** Fetches the document of the client if necessary. @throws Refusal client_document_… */
  async find(id: string): Promise<Client | undefined> {
    return super.get(id) ?? this.#documents?.find(id);
  }
}
