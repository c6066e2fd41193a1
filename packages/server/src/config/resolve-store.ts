// Resolves which database the file names, and whether the connection to it is protected.
import { resolve } from 'node:path';
import { describeFailure } from '../primitives/failure.ts';
import { tlsProblem } from '../store/postgres-tls.ts';
import { type PostgresConnection, type PostgresTls, readPostgresUrl } from '../store/postgres-url.ts';
import type { StoreLocation } from '../store/store.ts';
import type { ConfigurationFile } from './schema.ts';
import type { Surroundings } from './source.ts';

export function resolveStore(store: ConfigurationFile['store'], around: Surroundings): StoreLocation {
  const { folder, complain } = around;
  const { url, replica } = typeof store === 'string' ? { url: store } : store;
  if (url.startsWith('sqlite:')) {
    if (replica !== undefined)
      complain(['store', 'replica'], 'SQLite has no replicas. Remove it, or write a URL of PostgreSQL in store.url.');
    const file = url.slice('sqlite:'.length);
    return { kind: 'sqlite', file: file === ':memory:' ? file : resolve(folder, file) };
  }
  const connection = resolveConnection(url, typeof store === 'string' ? ['store'] : ['store', 'url'], around);
  if (connection === undefined) return { kind: 'sqlite', file: ':memory:' };
  if (replica === undefined) return { kind: 'postgres', connection };
  if (replica.startsWith('sqlite:'))
    complain(['store', 'replica'], 'a replica is a standby of the same PostgreSQL. Write its URL.');
  else return { kind: 'postgres', connection, replica: resolveConnection(replica, ['store', 'replica'], around) };
  return { kind: 'postgres', connection };
}

/** @returns undefined after a fault */
function resolveConnection(
  url: string,
  path: readonly string[],
  { folder, inputs, complain }: Surroundings,
): PostgresConnection | undefined {
  const { connection, fault, warning } = readPostgresUrl(url, folder);
  if (fault !== undefined) complain(path, `${fault}.`);
  if (warning !== undefined) complain(path, `${warning}.`, 'warning');
  const problem =
    connection === undefined || connection.tls === 'none' ? undefined : findProblem(connection.tls, inputs);
  if (problem !== undefined) complain(path, `${problem}.`);
  return connection;
}

/** The parameters that name each file. */
const PARAMETER = { authority: 'sslrootcert', cert: 'sslcert', key: 'sslkey' } as const;

function findProblem(tls: PostgresTls, inputs: Surroundings['inputs']): string | undefined {
  const contents: { authority?: Buffer; cert?: Buffer; key?: Buffer } = {};
  const unreadable: string[] = [];
  for (const [key, parameter] of Object.entries(PARAMETER) as [keyof PostgresTls, string][]) {
    const file = tls[key];
    if (file === undefined) continue;
    try {
      contents[key] = inputs.read(file, ['store']);
    } catch (error) {
      unreadable.push(`cannot read ${file}, the file of ${parameter}: ${describeFailure(error)}`);
    }
  }
  if (unreadable.length > 0) return unreadable[0];
  const { authority, cert, key } = contents;
  const fault = tlsProblem({ ca: authority, cert, key });
  return fault === undefined ? undefined : `the files of sslrootcert, sslcert and sslkey cannot be used: ${fault}`;
}
