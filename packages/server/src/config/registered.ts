// Reads the clients that were registered at run time like entries of the file in force.
import type { RegisteredClient, StoredClient } from '../client-auth/registered-clients.ts';
import type { Client } from '../model/client.ts';
import type { Resource } from '../model/resource.ts';
import { asSentence, type Fault, formatPath, type Path } from './fault.ts';
import type { Taken } from './principal-names.ts';
import { asksForCertificate, certificateKeyOf } from './resolve-authentication.ts';
import { resolveClients } from './resolve-clients.ts';
import { type ClientSource, type ConfigurationFile, clientEntry } from './schema.ts';
import type { Surroundings } from './source.ts';

/** A server decides at its start whether it requests certificates. */
const UNASKED = 'the server asks no client for a certificate. Set server.clientCertificates.authorities.';

export interface Registering {
  /**
   * Returns the clients of the file, and the registered ones that can be read and that no other principal can be taken for. A
   * registered client with the id of a client of the file is left out.
   */
  readonly withRegistered: (registered: Iterable<RegisteredClient>) => ReadonlyMap<string, Client>;
  /** Returns the faults that the file would have with this client, beside the other registered clients. */
  readonly faultsOf: (
    id: string,
    stored: StoredClient,
    registered: Iterable<RegisteredClient>,
  ) => Promise<readonly Pick<Fault, 'path' | 'message'>[]>;
  /** @throws ConfigurationError if a registered client has an id or another identifier of a principal of the file */
  readonly checkBeside: (registered: Iterable<RegisteredClient>) => void;
}

interface ReadClient {
  readonly id: string;
  /** Undefined if the entry can no longer be read. */
  readonly client: Client | undefined;
  readonly taken: Taken | undefined;
}

export function registerBeside(
  file: ConfigurationFile,
  clients: ReadonlyMap<string, Client>,
  resources: readonly Resource[],
  {
    around,
    takenBy,
    check,
  }: {
    around: Surroundings;
    takenBy: (id: string) => Taken | undefined;
    check: (file: ConfigurationFile, around: Surroundings) => Promise<unknown>;
  },
): Registering {
  const readAll = createReader(file, clients, resources, { around, takenBy });
  return {
    withRegistered: (registered) => {
      const readable = readAll(registered).flatMap(({ client, taken }) => (taken === undefined ? (client ?? []) : []));
      return new Map([...readable.map((client) => [client.id, client] as const), ...clients]);
    },
    checkBeside: (registered) => {
      for (const { id, taken } of readAll(registered)) {
        if (taken === undefined) continue;
        const message = `the client “${id}” is registered: ${asSentence(taken.message)} To delete the client, run cambio clients delete ${id}.`;
        around.complain(taken.path, message);
      }
    },
    faultsOf: async (id, stored, registered) => {
      const others = [...registered].filter((one) => one.id !== id && !clients.has(one.id));
      const entries = [
        ...file.clients.filter((one) => one.id !== id),
        ...others.flatMap((one) => sourceOf(one.id, one)),
      ];
      const faults: { path: string; message: string }[] = [];
      const complain: Surroundings['complain'] = (path, message, severity) => {
        const [section, index, ...rest] = path as [string, number, ...Path];
        if (section === 'clients' && index === entries.length && severity !== 'warning')
          faults.push({ path: formatPath(rest), message: asSentence(message) });
      };
      const source = sourceOf(id, stored);
      await check({ ...file, clients: [...entries, ...source] }, { ...around, complain });
      const account = takenBy(id);
      if (account !== undefined && !faults.some(({ message }) => message === account.message))
        faults.push({ path: 'id', message: account.message });
      const { tls, clientCertificates } = file.server;
      const key = source.map(certificateKeyOf).find((one) => one !== undefined);
      if (
        key !== undefined &&
        tls !== undefined &&
        clientCertificates.header === undefined &&
        !asksForCertificate(file)
      )
        faults.push({ path: key, message: UNASKED });
      return faults;
    },
  };
}

/**
 * Creates a reader of registered clients, oldest first.
 * @returns a function; if two clients claim one identifier, the file wins, and then the older client
 */
function createReader(
  file: ConfigurationFile,
  clients: ReadonlyMap<string, Client>,
  resources: readonly Resource[],
  { around, takenBy }: { around: Surroundings; takenBy: (id: string) => Taken | undefined },
): (registered: Iterable<RegisteredClient>) => readonly ReadClient[] {
  const silent: Surroundings = { ...around, complain: () => undefined };
  /** A changed client is a new object, so the cache is never stale. */
  const known = new WeakMap<RegisteredClient, Client | undefined>();
  return (registered) => {
    const all = [...registered];
    const fresh = all.filter((one) => !clients.has(one.id) && !known.has(one));
    const sources = fresh.flatMap(({ id, ...stored }) => sourceOf(id, stored));
    const read = sources.length === 0 ? clients : resolveClients({ ...file, clients: sources }, resources, silent);
    for (const one of fresh) known.set(one, read.get(one.id));
    const claimed = new Set([...clients.values()].flatMap(identifiersOf));
    const places = new Map(file.clients.map(({ id }, index) => [id, index]));
    const declaredAs = (id: string): Taken | undefined => {
      const index = places.get(id);
      return index === undefined
        ? undefined
        : { path: ['clients', index, 'id'], message: 'the file has a client of this id' };
    };
    return all
      .toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
      .map((one) => {
        const client = known.get(one);
        const identifiers = client === undefined ? [] : identifiersOf(client);
        const twice = identifiers.some((identifier) => claimed.has(identifier));
        const taken = declaredAs(one.id) ?? takenBy(one.id) ?? (twice ? TWICE : undefined);
        if (taken === undefined) for (const identifier of identifiers) claimed.add(identifier);
        return { id: one.id, client, taken };
      });
  };
}

const TWICE: Taken = { path: ['clients'], message: 'another client has its spiffeId or its workload.' };

/** Returns the identifiers of a client other than its id. */
const identifiersOf = ({ spiffeId, workload }: Client): readonly string[] => [
  ...(spiffeId === undefined ? [] : [JSON.stringify(['spiffeId', spiffeId])]),
  ...(workload === undefined ? [] : [JSON.stringify(['workload', workload])]),
];

function sourceOf(id: string, { entry, secrets }: StoredClient): readonly ClientSource[] {
  const { data } = clientEntry.safeParse(entry);
  if (data === undefined) return [];
  return [{ ...data, id, ...(secrets.length > 0 && { secret: secrets.map(({ sha256 }) => ({ sha256 })) }) }];
}
