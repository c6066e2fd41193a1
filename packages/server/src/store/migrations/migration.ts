// What is a migration? A name, a change of the schema that works before, during and after it, and the way back.
import type { ColumnDefinitionBuilder, Kysely } from 'kysely';
import type { Schema } from '../schema.ts';

type SchemaBuilder = Kysely<Schema>['schema'];
type Execute = (sql: string) => Promise<void>;

export interface Migration {
  readonly name: string;
  /** For one kind of database, where the other has nothing of the sort. */
  readonly only?: 'sqlite' | 'postgres';
  /** Additive: the version before works on with what it makes. */
  readonly up: (schema: SchemaBuilder, sequence: SequenceColumn, execute: Execute) => Promise<void>;
  /** Takes away what `up` made, and nothing else. */
  readonly down: (schema: SchemaBuilder, execute: Execute) => Promise<void>;
  /**
   * Tables, columns as `table.column`, and rows as `table.column=value`, whose content `down` loses, or makes unreadable to the
   * version before, and somebody would miss.
   */
  readonly holds: readonly string[];
}

/** A key that counts up by itself, which every database writes in its own way. */
export interface SequenceColumn {
  readonly type: 'integer' | 'bigserial';
  readonly build: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;
}
