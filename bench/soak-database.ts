// The database of a soak, observed from outside: its rows, as they are written, and its size.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { query, startPostgres } from '../packages/server/test/support/postgres.ts';

interface Row {
  readonly sequence: number;
  readonly id: string;
}

export interface SoakDatabase {
  readonly name: string;
  /** As in the configuration file. */
  readonly location: string;
  /** After the server has created the tables. */
  readonly open: () => Promise<void>;
  /** Rows after a sequence number, in their order. */
  readonly rowsAfter: (sequence: number) => Promise<readonly Row[]>;
  readonly countRows: () => Promise<number>;
  /** Bytes, with the log of SQLite. */
  readonly size: () => Promise<number>;
  /** Bytes of `LASTING`, with their indexes. */
  readonly lastingSize: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/**
 * Tables whose rows outlast a soak: an hour after they expire, a day after they were in force, or for ever (revocations and
 * statements about chains).
 */
const LASTING = 'refresh_families used_ids opaque_tokens configuration_texts revocations audit_statements';
const NAMES = LASTING.split(' ')
  .map((name) => `'${name}'`)
  .join();
const ROWS = 'select sequence, request_id as id from audit where sequence >';
const COUNT = 'select count(*) as rows from audit';

const LASTING_SQLITE = `select sum(pgsize) as bytes from dbstat where name in (select name from sqlite_schema where tbl_name in (${NAMES}))`;
const LASTING_POSTGRES = `select sum(pg_total_relation_size(name::regclass)) as bytes from unnest(array[${NAMES}]) as name`;

export function openSqliteFile(folder: string): SoakDatabase {
  const file = join(folder, 'cambio.db');
  let database: DatabaseSync | undefined;
  const opened = (): DatabaseSync => {
    database ??= new DatabaseSync(file, { readOnly: true, timeout: 5000 });
    return database;
  };
  const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);
  return {
    name: 'SQLite',
    location: 'sqlite:cambio.db',
    open: async () => void opened(),
    rowsAfter: async (sequence) => {
      const rows = opened().prepare(`${ROWS} ? order by sequence`).all(sequence);
      return rows.map((row) => ({ sequence: Number(row.sequence), id: String(row.id) }));
    },
    countRows: async () => Number(opened().prepare(COUNT).get()?.rows),
    lastingSize: async () => Number(opened().prepare(LASTING_SQLITE).get()?.bytes),
    size: async () => sizeOf(file) + sizeOf(`${file}-wal`),
    close: async () => database?.close(),
  };
}

/** PostgreSQL writes its commits to disk, as in production. */
export async function openPostgresServer(): Promise<SoakDatabase> {
  const works: (() => Promise<void>)[] = [];
  const server = await startPostgres({ after: (work) => void works.push(work) }, ['-c', 'fsync=on']);
  const url = await server.database();
  return {
    name: 'PostgreSQL',
    location: url,
    open: async () => undefined,
    rowsAfter: async (sequence) => {
      const rows = await query(url, `${ROWS} ${Number(sequence)} order by sequence`);
      return rows.map((row) => ({ sequence: Number(row.sequence), id: String(row.id) }));
    },
    countRows: async () => Number((await query(url, COUNT))[0]?.rows),
    lastingSize: async () => Number((await query(url, LASTING_POSTGRES))[0]?.bytes),
    size: async () => Number((await query(url, 'select pg_database_size(current_database()) as bytes'))[0]?.bytes),
    close: async () => {
      for (const work of works.toReversed()) await work();
    },
  };
}
