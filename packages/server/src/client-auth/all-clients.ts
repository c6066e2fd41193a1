// The clients of the configuration, and behind them those that describe themselves.
import type { Client, ClientDirectory, Clients } from '../model/client.ts';
import type { KeySource } from '../trust/key-cache.ts';
import type { SelfDescribedClients } from './client-documents.ts';

/**
 * `has` is true of every id that a source allows, so that a token is valid on a node that has not read the description of its client.
 * The entries are those of the configuration.
 */
export class AllClients extends Map<string, Client> implements ClientDirectory {
  readonly #sources: readonly SelfDescribedClients[];

  constructor(configured: Clients, sources: readonly (SelfDescribedClients | undefined)[]) {
    super(configured);
    this.#sources = sources.filter((source) => source !== undefined);
  }

  get describeThemselves(): boolean {
    return this.#sources.length > 0;
  }

  override get(id: string): Client | undefined {
    return super.get(id) ?? this.#sourceOf(id)?.held(id);
  }

  override has(id: string): boolean {
    return super.has(id) || this.isDescribed(id);
  }

  isDescribed(id: string): boolean {
    return !super.has(id) && this.#sourceOf(id) !== undefined;
  }

  whyNotDescribed(id: string): string | undefined {
    if (!this.describeThemselves || !/^https?:/i.test(id) || this.has(id)) return undefined;
    return 'it is a URL, and not one of a document in clientDocuments.domains: https with a path, in its shortest form, and a host of the list';
  }

  async find(id: string, seen?: string): Promise<Client | undefined> {
    return super.get(id) ?? this.#sourceOf(id)?.find(id, seen);
  }

  keysOf(id: string): KeySource | undefined {
    return this.#sourceOf(id)?.keysOf(id);
  }

  #sourceOf(id: string): SelfDescribedClients | undefined {
    return this.#sources.find((source) => source.allows(id));
  }
}
