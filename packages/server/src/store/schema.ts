// What is stored? One schema for every database: text and whole numbers only, times in milliseconds since 1970.
import type { Generated, Insertable, Kysely, Transaction } from 'kysely';

export interface Schema {
  migrations: { name: string; applied_at: number };
  signing_keys: SigningKeyTable;
  audit: AuditTable;
}

interface SigningKeyTable {
  kid: string;
  alg: string;
  /** The private key, PKCS #8 in PEM. */
  private_key: string;
  created_at: number;
}

interface AuditTable {
  sequence: Generated<number>;
  time: number;
  request_id: string;
  outcome: string;
  reason: string | null;
  client: string | null;
  subject: string | null;
  actor: string | null;
  rule: string | null;
  /** The whole event as JSON; the columns beside it are there to be searched. */
  event: string;
}

export type AuditRow = Insertable<AuditTable>;
export type SigningKeyRow = SigningKeyTable;

/** The database, or a transaction in it: what every function of this folder takes first. */
export type Database = Kysely<Schema> | Transaction<Schema>;
