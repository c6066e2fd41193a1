// Creates two tables that are made of audit rows: which row names which token, and counts of requests by time. A running node also
// reports its version, when it read its configuration, and the faults of the file.
import type { Migration } from './migration.ts';

export const auditTokens: Migration = {
  name: '0014-audit-tokens',
  up: async (schema, sequence, execute) => {
    const clustered = sequence.type === 'integer' ? ' without rowid' : '';
    await execute(
      `create table audit_tokens (token text not null, role smallint not null, time bigint not null, sequence bigint not null,
        child text not null, expires_at bigint, primary key (token, role, time, sequence, child))${clustered}`,
    );
    await execute(
      `create table audit_counts (width bigint not null, kind smallint not null, start bigint not null, term text not null,
        count bigint not null, primary key (width, kind, start, term))${clustered}`,
    );
    await execute("insert into revisions (name, number) values ('audit tokens', 0)");
    await schema.alterTable('nodes').addColumn('about', 'text').execute();
  },
  down: async (schema, execute) => {
    for (const table of ['audit_tokens', 'audit_counts']) await schema.dropTable(table).execute();
    await execute("delete from revisions where name in ('audit tokens', 'audit tokens restarts')");
    await schema.alterTable('nodes').dropColumn('about').execute();
  },
  // They are made of the rows, and running nodes report themselves again.
  holds: [],
};
