// Grants a role of PostgreSQL what a server needs: rows of its tables, but not their schema. Audit rows can be added and read, not changed.
import { type RawBuilder, sql } from 'kysely';
import { SchemaError } from './failure.ts';
import { OTHERS, RIGHTS } from './rights.ts';
import type { Database } from './schema.ts';

/** All rights that PostgreSQL has on a table, but `maintain`, which changes no row. */
const ALL = ['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'];

/**
 * Replaces the rights of the role on our tables. For the transaction of a role that owns them.
 * @param retention of the configuration: does a server delete old audit rows?
 * @throws SchemaError if the role has rights that this cannot take away
 */
export async function grantRole(
  database: Database,
  role: string,
  retention: 'deletes rows' | 'keeps rows',
): Promise<void> {
  await checkRole(database, role);
  const { rows } = await sql<{ name: string; kind: string }>`
    select relname as name, relkind as kind from pg_class
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'S') and pg_has_role(relowner, 'usage')`.execute(
    database,
  );
  const run = (text: RawBuilder<unknown>) => text.execute(database);
  const to = sql.id(role);
  await run(sql`grant usage on schema ${sql.id(await currentSchema(database))} to ${to}`);
  for (const { name, kind } of rows) {
    if (kind === 'S') {
      await run(sql`grant usage, select on sequence ${sql.id(name)} to ${to}`);
      continue;
    }
    const rights = [
      ...(RIGHTS.get(name) ?? OTHERS),
      // `audit reindex` makes them anew.
      ...(name === 'audit_tokens' || name === 'audit_counts' ? ['truncate'] : []),
      // Retention deletes old rows.
      ...(name === 'audit' && retention === 'deletes rows' ? ['delete'] : []),
    ];
    await run(sql`revoke all on ${sql.id(name)} from ${to}`);
    await run(sql`grant ${sql.raw(rights.join(', '))} on ${sql.id(name)} to ${to}`);
    const further = ALL.filter((right) => !rights.includes(right));
    await checkTable(database, role, name, further);
  }
}

async function currentSchema(database: Database): Promise<string> {
  const { rows } = await sql<{ name: string }>`select current_schema() as name`.execute(database);
  return rows[0]?.name ?? 'public';
}

/** An owner and a superuser can do everything, and a right to create tables may come from another role. */
async function checkRole(database: Database, role: string): Promise<void> {
  const { rows } = await sql<{ super: boolean; owner: boolean; create: boolean }>`
    select rolsuper as super, pg_has_role(rolname, (select relowner from pg_class where oid = 'migrations'::regclass), 'member') as owner,
      has_schema_privilege(rolname, current_schema(), 'create') as create
    from pg_roles where rolname = ${role}`.execute(database);
  const [found] = rows;
  if (found === undefined)
    throw new SchemaError(
      `there is no role ${role}. Create it first, as in create role ${role} login password '...', and give that user in the store of the server`,
    );
  if (found.super || found.owner)
    throw new SchemaError(
      `the role ${role} ${found.super ? 'is a superuser' : 'owns the tables, or is a member of the role that does'}, so it can change the schema and the audit. Give another role`,
    );
  if (found.create)
    throw new SchemaError(
      `the role ${role} can create tables. Take that away, as in revoke create on schema ${await currentSchema(database)} from public`,
    );
}

/** Rights on a table, or on columns of it, may come from another role, too. @param further the role must not have these */
async function checkTable(database: Database, role: string, table: string, further: readonly string[]): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select name from unnest(cast(${further} as text[])) as name
    where case when name in ('insert', 'update', 'references') then has_any_column_privilege(${role}, quote_ident(${table}), name)
      else has_table_privilege(${role}, quote_ident(${table}), name) end`.execute(database);
  if (rows.length === 0) return;
  const found = rows.map(({ name }) => name).join(', ');
  throw new SchemaError(
    `the role ${role} still has rights on the table ${table} that a server does not need (${found}), from public or from a role that it is a member of. Revoke them, as in revoke ${found} on ${table} from public`,
  );
}
