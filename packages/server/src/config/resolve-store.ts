// Resolves which database the file names, and whether the connection to it is protected.
import { resolve } from 'node:path';
import { describeFailure } from '../primitives/failure.ts';
import { type PostgresTls, readPostgresUrl } from '../store/postgres-url.ts';
import type { StoreLocation } from '../store/store.ts';
import type { Surroundings } from './source.ts';

export function resolveStore(store: string, { folder, inputs, complain }: Surroundings): StoreLocation {
  if (store.startsWith('sqlite:')) {
    const file = store.slice('sqlite:'.length);
    return { kind: 'sqlite', file: file === ':memory:' ? file : resolve(folder, file) };
  }
  const { connection, fault, warning } = readPostgresUrl(store, folder);
  if (fault !== undefined) complain(['store'], `${fault}.`);
  if (warning !== undefined) complain(['store'], `${warning}.`, 'warning');
  if (connection === undefined) return { kind: 'sqlite', file: ':memory:' };
  const unreadable = connection.tls === 'none' ? undefined : findUnreadable(connection.tls, inputs);
  if (unreadable !== undefined) complain(['store'], `${unreadable}.`);
  return { kind: 'postgres', connection };
}

/** The parameters that name each file. */
const PARAMETER = { authority: 'sslrootcert', cert: 'sslcert', key: 'sslkey' } as const;

function findUnreadable(tls: PostgresTls, inputs: Surroundings['inputs']): string | undefined {
  for (const [key, parameter] of Object.entries(PARAMETER)) {
    const file = tls[key as keyof PostgresTls];
    try {
      if (file !== undefined) inputs.read(file);
    } catch (error) {
      return `cannot read ${file}, the file of ${parameter}: ${describeFailure(error)}`;
    }
  }
  return undefined;
}
