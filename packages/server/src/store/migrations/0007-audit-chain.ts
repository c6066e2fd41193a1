// Adds chains, statements and cursors to the audit, and columns and indexes for searches.
import type { Migration } from './migration.ts';

/** Columns that are searched, newest first. The index of `outcome` leaves out `issued`, which most rows have. */
const SEARCHED = ['subject', 'principal', 'actor', 'client', 'audience', 'rule'] as const;

export const auditChain: Migration = {
  name: '0007-audit-chain',
  up: async (schema, sequence, execute) => {
    for (const column of ['chain', 'hash', 'personal', 'personal_digest', 'principal', 'audience']) {
      await schema.alterTable('audit').addColumn(column, 'text').execute();
    }
    await schema.alterTable('audit').addColumn('position', 'bigint').execute();
    await execute('create unique index audit_chain on audit (chain, position) where chain is not null');
    for (const column of SEARCHED) {
      await execute(`create index audit_${column} on audit (${column}, time, sequence) where ${column} is not null`);
    }
    await execute("create index audit_outcome on audit (outcome, time, sequence) where outcome <> 'issued'");
    await schema
      .createTable('audit_statements')
      .addColumn('sequence', sequence.type, sequence.build)
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('chain', 'text', (column) => column.notNull())
      .addColumn('position', 'bigint', (column) => column.notNull())
      .addColumn('jws', 'text', (column) => column.notNull())
      .addColumn('jwk', 'text', (column) => column.notNull())
      .addUniqueConstraint('audit_statements_once', ['chain', 'kind', 'position'])
      .execute();
    await schema
      .createTable('audit_cursors')
      .addColumn('sink', 'text', (column) => column.notNull())
      .addColumn('chain', 'text', (column) => column.notNull())
      .addColumn('position', 'bigint', (column) => column.notNull())
      .addColumn('held_until', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('audit_cursors_key', ['sink', 'chain'])
      .execute();
  },
  down: async (schema) => {
    await schema.dropTable('audit_cursors').execute();
    await schema.dropTable('audit_statements').execute();
    for (const name of ['chain', ...SEARCHED, 'outcome']) await schema.dropIndex(`audit_${name}`).execute();
    for (const column of ['chain', 'position', 'hash', 'personal', 'personal_digest', 'principal', 'audience']) {
      await schema.alterTable('audit').dropColumn(column).execute();
    }
  },
  holds: ['audit_statements', 'audit_cursors', 'audit.personal', 'audit.hash'],
};
