// A migration: a change of the schema that nodes of the previous version can run beside, and its rollback.
import type { ColumnDefinitionBuilder, Kysely } from 'kysely';
import type { Schema } from '../schema.ts';

type SchemaBuilder = Kysely<Schema>['schema'];
/** @returns the rows that the statement reads */
type Execute = (sql: string) => Promise<readonly unknown[]>;

export interface Migration {
  readonly name: string;
  /** Only for this kind of database. */
  readonly only?: 'sqlite' | 'postgres';
  /** Additive: the previous version continues to work. */
  readonly up: (schema: SchemaBuilder, sequence: SequenceColumn, execute: Execute) => Promise<unknown>;
  /** Undoes `up`, and nothing else. */
  readonly down: (schema: SchemaBuilder, execute: Execute) => Promise<unknown>;
  /**
   * Content that matters and that `down` loses or makes unreadable to the previous version: tables, columns as `table.column`, and
   * rows as `table.column=value`.
   */
  readonly holds: readonly string[];
}

/** An auto-incrementing primary key, in the dialect of the database. */
export interface SequenceColumn {
  readonly type: 'integer' | 'bigserial';
  readonly build: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;
}
