// The rights that a server needs on the tables of its database, and those that its role lacks in PostgreSQL.
import { sql } from 'kysely';
import { isPostgres } from './database-time.ts';
import type { Database, Schema } from './schema.ts';

export const OTHERS = ['select', 'insert', 'update', 'delete'] as const;

type Rights = readonly (typeof OTHERS)[number][];

/** Of this version alone: a later one may have added a table. */
const TABLES: Readonly<Record<keyof Schema, Rights>> = {
  migrations: ['select'],
  signing_keys: OTHERS,
  key_sets: OTHERS,
  audit: ['select', 'insert'],
  audit_index: OTHERS,
  audit_tokens: OTHERS,
  audit_counts: OTHERS,
  audit_statements: OTHERS,
  audit_cursors: OTHERS,
  revocations: OTHERS,
  regions: OTHERS,
  used_ids: OTHERS,
  opaque_tokens: OTHERS,
  refresh_families: OTHERS,
  secrets: OTHERS,
  nodes: OTHERS,
  sign_in_artifacts: OTHERS,
  registered_clients: OTHERS,
  configuration_texts: OTHERS,
  configuration_nodes: OTHERS,
  suspensions: OTHERS,
  leash_counts: OTHERS,
  leash_uses: OTHERS,
  leash_tokens: OTHERS,
  revisions: OTHERS,
};

export const RIGHTS: ReadonlyMap<string, Rights> = new Map(Object.entries(TABLES));

export interface MissingRights {
  /** A sentence that leads to the mend. */
  readonly text: string;
  /** No audit row can be written, so every request for a token fails. Without another right, what uses that table fails. */
  readonly grantsNothing: boolean;
}

/** @returns undefined if the role of the connection has all rights */
export async function findMissingRights(database: Database): Promise<MissingRights | undefined> {
  if (!isPostgres(database)) return undefined;
  const needed = Object.entries(TABLES).flatMap(([table, rights]) => rights.map((right) => `${right} on ${table}`));
  // What has no such name is not there, or in a schema that the role may not use.
  const { rows } = await sql<{ role: string; lacks: string }>`
    select current_user as role, needed as lacks from unnest(cast(${needed} as text[])) as needed
    where has_table_privilege(to_regclass(split_part(needed, ' ', 3)), split_part(needed, ' ', 1)) is not true
    union all
    select current_user, needed from unnest(cast(${SEQUENCES} as text[])) as needed
    where has_sequence_privilege(to_regclass(split_part(needed, ' ', 3)), split_part(needed, ' ', 1)) is not true`.execute(
    database,
  );
  const [first] = rows;
  if (first === undefined) return undefined;
  const lacks = rows.map((row) => row.lacks);
  const listed = lacks.slice(0, MAX_LISTED).join(', ');
  const further = lacks.length > MAX_LISTED ? `, and ${lacks.length - MAX_LISTED} more` : '';
  return {
    text: `the role ${first.role} lacks ${listed}${further}. Run cambio store migrate --grant ${first.role} as the role that owns the tables`,
    grantsNothing: lacks.some((one) => / on audit(_sequence_seq)?$/.test(one)),
  };
}

const SEQUENCES = ['audit', 'audit_statements', 'revocations'].flatMap((table) =>
  ['usage', 'select'].map((right) => `${right} on ${table}_sequence_seq`),
);
const MAX_LISTED = 5;
