// Resolves which database the file names, and whether the connection to it is protected.
import { resolve } from 'node:path';
import { describeFailure } from '../primitives/failure.ts';
import { tlsProblem } from '../store/postgres-tls.ts';
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
  const problem = connection.tls === 'none' ? undefined : findProblem(connection.tls, inputs);
  if (problem !== undefined) complain(['store'], `${problem}.`);
  return { kind: 'postgres', connection };
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
