// Creates the index that searches of the audit read. A server fills it, and then drops the indexes of the columns of audit rows, which
// every exchange had to write.
import type { Migration } from './migration.ts';

const SEARCHED = ['subject', 'principal', 'actor', 'client', 'audience', 'rule'] as const;

/** The indexes that it replaces. */
export const COLUMN_INDEXES = ['request_id', 'time', 'outcome', ...SEARCHED].map((column) => `audit_${column}`);

export const auditIndex: Migration = {
  name: '0013-audit-index',
  up: async (_schema, sequence, execute) => {
    const isSqlite = sequence.type === 'integer';
    await execute(
      `create table audit_index (kind smallint not null, term text not null, time bigint not null, sequence bigint not null,
        primary key (kind, term, time, sequence))${isSqlite ? ' without rowid' : ''}`,
    );
    await execute("insert into revisions (name, number) values ('audit index', 0)");
    await execute(
      "insert into revisions (name, number) select 'audit index goal', max(sequence) from audit having max(sequence) is not null",
    );
    const isEmpty = (await execute('select sequence from audit limit 1')).length === 0;
    if (isEmpty) for (const name of COLUMN_INDEXES) await execute(`drop index if exists ${name}`);
  },
  down: async (schema, execute) => {
    await schema.dropTable('audit_index').execute();
    await execute("delete from revisions where name in ('audit index', 'audit index goal', 'audit reindex')");
    await execute('create index if not exists audit_request_id on audit (request_id)');
    await execute('create index if not exists audit_time on audit (time)');
    for (const column of SEARCHED)
      await execute(
        `create index if not exists audit_${column} on audit (${column}, time, sequence) where ${column} is not null`,
      );
    await execute(
      "create index if not exists audit_outcome on audit (outcome, time, sequence) where outcome <> 'issued'",
    );
  },
  // It is made of the rows.
  holds: [],
};
