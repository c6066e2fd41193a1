// What does a client that was registered at run time mean, beside the file in force? It is read as the file's own are.

import type { RegisteredClient, StoredClient } from '../client-auth/registered-clients.ts';
import type { Client } from '../model/client.ts';
import type { Resource } from '../model/resource.ts';
import { type Fault, formatPath, type Path } from './fault.ts';
import { asksForCertificate, certificateKeyOf } from './resolve-authentication.ts';
import { resolveClients } from './resolve-clients.ts';
import { type ClientSource, type ConfigurationFile, clientEntry } from './schema.ts';
import type { Surroundings } from './source.ts';

/** A server asks from its start on, or never. */
const UNASKED = 'the server asks nobody for a certificate: it needs server.clientCertificates.authorities';

export interface Registering {
  /** Those of the file first; what cannot be read any more is left out. */
  readonly withRegistered: (registered: Iterable<RegisteredClient>) => ReadonlyMap<string, Client>;
  /** What the whole file would be refused for with this client in it. */
  readonly faultsOf: (id: string, stored: StoredClient) => Promise<readonly Pick<Fault, 'path' | 'message'>[]>;
}

export function registerBeside(
  file: ConfigurationFile,
  clients: ReadonlyMap<string, Client>,
  resources: readonly Resource[],
  {
    around,
    check,
  }: { around: Surroundings; check: (file: ConfigurationFile, around: Surroundings) => Promise<unknown> },
): Registering {
  const unheard: Surroundings = { ...around, complain: () => undefined };
  /** What each was read as; undefined for what cannot be read. One that changes is another object. */
  const known = new WeakMap<RegisteredClient, Client | undefined>();
  return {
    withRegistered: (registered) => {
      const own = [...registered].filter(({ id }) => !clients.has(id));
      const fresh = own.filter((one) => !known.has(one));
      const sources = fresh.flatMap(({ id, ...stored }) => sourceOf(id, stored));
      const read = sources.length === 0 ? clients : resolveClients({ ...file, clients: sources }, resources, unheard);
      for (const one of fresh) known.set(one, read.get(one.id));
      const readable = own.flatMap((one) => known.get(one) ?? []);
      return new Map([...readable.map((client) => [client.id, client] as const), ...clients]);
    },
    faultsOf: async (id, stored) => {
      const entries = file.clients.filter((one) => one.id !== id);
      const faults: { path: string; message: string }[] = [];
      const complain: Surroundings['complain'] = (path, message, severity) => {
        const [section, index, ...rest] = path as [string, number, ...Path];
        if (section === 'clients' && index === entries.length && severity !== 'warning')
          faults.push({ path: formatPath(rest), message });
      };
      const registered = sourceOf(id, stored);
      await check({ ...file, clients: [...entries, ...registered] }, { ...around, complain });
      const { tls, clientCertificates } = file.server;
      const key = registered.map(certificateKeyOf).find((one) => one !== undefined);
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

function sourceOf(id: string, { entry, secrets }: StoredClient): readonly ClientSource[] {
  const { data } = clientEntry.safeParse(entry);
  if (data === undefined) return [];
  return [{ ...data, id, ...(secrets.length > 0 && { secret: secrets.map(({ sha256 }) => ({ sha256 })) }) }];
}
