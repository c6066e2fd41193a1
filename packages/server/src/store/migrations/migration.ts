// What is a migration? A name, and a change of the schema that works before, during and after it.
import type { ColumnDefinitionBuilder, Kysely } from 'kysely';
import type { Schema } from '../schema.ts';

export interface Migration {
  readonly name: string;
  /** For one kind of database, where the other has nothing of the sort. */
  readonly only?: 'sqlite' | 'postgres';
  readonly up: (
    schema: Kysely<Schema>['schema'],
    sequence: SequenceColumn,
    execute: (sql: string) => Promise<void>,
  ) => Promise<void>;
}

/** A key that counts up by itself, which every database writes in its own way. */
export interface SequenceColumn {
  readonly type: 'integer' | 'bigserial';
  readonly build: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;
}
