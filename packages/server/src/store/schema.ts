// What is stored? One schema for every database: text and whole numbers only, times in milliseconds since 1970.
import type { Generated, Insertable, Kysely, Transaction } from 'kysely';

export interface Schema {
  migrations: { name: string; applied_at: number };
  signing_keys: SigningKeyTable;
  audit: AuditTable;
  revocations: RevocationTable;
  used_ids: UsedIdTable;
  opaque_tokens: OpaqueTokenTable;
  refresh_families: RefreshFamilyTable;
  secrets: { name: string; value: string };
  nodes: NodeTable;
  sign_in_artifacts: SignInArtifactTable;
}

interface RevocationTable {
  /** Grows: what a node has not seen yet comes after what it has. */
  sequence: Generated<number>;
  id: string;
  revoked_at: number;
}

interface UsedIdTable {
  id: string;
  /** Until when the row must stand, so that the id stays used. */
  expires_at: number;
}

interface OpaqueTokenTable {
  /** SHA-256 of the token's text. */
  hash: string;
  /** What a JWT would say. */
  claims: string;
  expires_at: number;
}

interface RefreshFamilyTable {
  id: string;
  client: string;
  /** Of the one refresh token that is current; the first is 0. */
  generation: number;
  rotated_at: number;
  expires_at: number;
  /** JSON: the key that the family is bound to. */
  confirmation: string | null;
  /** JSON: what the family was granted. */
  remembered: string;
}

interface SigningKeyTable {
  kid: string;
  alg: string;
  /** PKCS #8 in PEM, sealed. */
  private_key: string;
  created_at: number;
  /** From when on it signs; 0 for the first of its algorithm. */
  activates_at: number;
}

interface NodeTable {
  id: string;
  /** Digest of the text of its configuration. */
  configuration: string;
  seen_at: number;
}

interface SignInArtifactTable {
  /** Hash of its kind and of the value that whoever holds it shows. */
  id: string;
  /** Hash of the other value that finds it: the code that a device shows, the name of a session. */
  handle: string | null;
  /** JSON, sealed. */
  payload: string;
  consumed_at: number | null;
  /** When a device last asked, and the seconds that it must wait; 0 before the first time. */
  polled_at: number;
  poll_interval: number;
  expires_at: number;
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

export type RefreshFamilyRow = RefreshFamilyTable;
export type NodeRow = NodeTable;
export type SignInArtifactRow = SignInArtifactTable;
export type AuditRow = Insertable<AuditTable>;
export type SigningKeyRow = SigningKeyTable;

/** The database, or a transaction in it: what every function of this folder takes first. */
export type Database = Kysely<Schema> | Transaction<Schema>;
