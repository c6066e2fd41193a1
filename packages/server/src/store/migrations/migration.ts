// What is a migration? A name, and a change of the schema that works before, during and after it.
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.ts';

export interface Migration {
  readonly name: string;
  readonly up: (schema: Kysely<Schema>['schema']) => Promise<void>;
}
