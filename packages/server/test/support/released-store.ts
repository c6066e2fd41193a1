// The stores of released schemas: what their server had issued, and the texts that make each database again.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { query } from './postgres.ts';
import { repository } from './program.ts';

/** A folder has the name of the last migration of its schema. `npm run schema-fixture` makes that of this version. */
export const SCHEMAS = join(repository, 'packages/server/test/store/schemas');
export const releasedSchemas = (): readonly string[] => readdirSync(SCHEMAS).toSorted();

export const KINDS = ['sqlite', 'postgres'] as const;
export type Kind = (typeof KINDS)[number];

/** What the server of that version had issued to clients and people, or had been told, by `now`. */
export interface Facts {
  readonly now: number;
  readonly kid: string;
  /** Each of these is in force. */
  readonly access: string;
  readonly opaque: string;
  readonly refresh: string;
  /** A redirect with a code that was not redeemed. */
  readonly code: string;
  /** The secret of the registered client `reports`. */
  readonly secret: string;
  /** These were revoked. */
  readonly revokedAccess: string;
  readonly revokedRefresh: string;
  /** A refused request. */
  readonly request: string;
}

export interface ReleasedStore {
  readonly configuration: string;
  readonly facts: Facts;
  readonly sql: string;
}

export function readReleased(schema: string, kind: Kind): ReleasedStore {
  const read = (file: string): string => readFileSync(join(SCHEMAS, schema, file), 'utf8');
  return { configuration: read('cambio.yaml'), facts: JSON.parse(read(`${kind}.json`)), sql: read(`${kind}.sql`) };
}

/** The schema and the rows of an SQLite file as SQL. */
export function dumpSqlite(file: string): string {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const objects = database
      .prepare(
        "select name, type, sql from sqlite_schema where sql is not null and name not like 'sqlite_%' order by rowid",
      )
      .all() as { name: string; type: string; sql: string }[];
    const tables = objects.filter(({ type }) => type === 'table').map(({ name }) => name);
    const rows = [...tables, 'sqlite_sequence'].flatMap((table) => {
      const statement = database.prepare(`select * from ${table}`);
      statement.setReadBigInts(true);
      return statement.all().map((row) => insertion(table, row));
    });
    const others = objects.filter(({ type }) => type !== 'table');
    return [...objects.filter(({ type }) => type === 'table'), ...others.filter(({ type }) => type === 'index')]
      .map(({ sql }) => `${sql};`)
      .concat(
        rows,
        others.filter(({ type }) => type !== 'index').map(({ sql }) => `${sql};`),
      )
      .join('\n')
      .concat('\n');
  } finally {
    database.close();
  }
}

/**
 * PostgreSQL prints its schema by a program of its own version only, so the statements of migrations are kept as they run.
 * @returns the statements of this process from now on, in their order
 */
export function recordSchemaStatements(): readonly string[] {
  const statements: string[] = [];
  const { query: run } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
    const [first] = given as [string | { text?: string }];
    const text = typeof first === 'string' ? first : first?.text;
    if (text !== undefined && /^\s*(?:create|alter|drop|do)\b/i.test(text)) statements.push(`${text.trim()};`);
    return Reflect.apply(run, this, given);
  } as typeof run;
  return statements;
}

/** The rows of every table of a PostgreSQL database as SQL, and the positions of its sequences. */
export async function dumpPostgresRows(url: string): Promise<string> {
  const names = await query(url, "select tablename from pg_tables where schemaname = 'public' order by tablename");
  const tables = names.map(({ tablename }) => String(tablename));
  const rows: string[] = [];
  for (const table of tables)
    for (const row of await query(url, `select * from ${table} order by 1`)) rows.push(insertion(table, row));
  const sequences = await query(url, "select sequencename, last_value from pg_sequences where schemaname = 'public'");
  return [
    `truncate ${tables.join(', ')};`,
    ...rows,
    ...sequences.flatMap(({ sequencename, last_value: last }) =>
      last === null ? [] : [`select setval('${sequencename}', ${last});`],
    ),
  ]
    .join('\n')
    .concat('\n');
}

const insertion = (table: string, row: Readonly<Record<string, unknown>>): string => {
  const present = Object.entries(row).filter(([, value]) => value !== null);
  const values = present.map(([, value]) => (typeof value === 'bigint' ? String(value) : quoted(String(value))));
  return `insert into ${table} (${present.map(([name]) => name).join(', ')}) values (${values.join(', ')});`;
};

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export function loadSqlite(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  try {
    database.exec(`pragma journal_mode = wal; begin; ${sql} commit`);
  } finally {
    database.close();
  }
}
