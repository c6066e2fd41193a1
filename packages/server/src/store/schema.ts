// What is stored? One schema for every database: text and whole numbers only, times in milliseconds since 1970.
import type { Generated, Insertable, Kysely, Selectable, Transaction } from 'kysely';

export interface Schema {
  migrations: { name: string; applied_at: number };
  signing_keys: SigningKeyTable;
  audit: AuditTable;
  audit_statements: AuditStatementTable;
  audit_cursors: AuditCursorTable;
  revocations: RevocationTable;
  used_ids: UsedIdTable;
  opaque_tokens: OpaqueTokenTable;
  refresh_families: RefreshFamilyTable;
  secrets: { name: string; value: string };
  nodes: NodeTable;
  sign_in_artifacts: SignInArtifactTable;
  registered_clients: RegisteredClientTable;
  /** How often each kind of thing has changed. */
  revisions: { name: string; number: number };
}

interface RevocationTable {
  /** Grows: what a node has not seen yet comes after what it has. */
  sequence: Generated<number>;
  /** Of the token, or `kind:name`. */
  id: string;
  revoked_at: number;
  /** Null where the version before wrote the row. */
  kind: 'token' | 'subject' | 'principal' | 'client' | 'all' | null;
  /** What many tokens have in common. */
  name: string | null;
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
  /** By the clock of the process that rotated it. */
  rotated_at: number;
  /** That process, and the same moment by the clock of the database; null before the first rotation. */
  rotated_by: string | null;
  stored_at: number | null;
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

interface RegisteredClientTable {
  id: string;
  /** JSON: as the configuration file would have it, secrets as digests; null once it is deleted. */
  entry: string | null;
  /** Of the last change: grows over all clients. */
  revision: number;
  created_at: number;
  updated_at: number;
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

/** What rows are searched by; of a name that is long, or of several, what stands for it. */
export interface AuditColumns {
  time: number;
  request_id: string;
  outcome: string;
  reason: string | null;
  client: string | null;
  /** Whose the subject token was, or the issued one. */
  subject: string | null;
  /** The subject of the issued token, where it has another name there. */
  principal: string | null;
  actor: string | null;
  audience: string | null;
  rule: string | null;
}

/** The event as JSON, in two parts. */
export interface AuditTexts {
  event: string;
  /** What tells of a person, with the salt. */
  personal: string;
}

/** Where a row stands. */
export interface AuditLink {
  chain: string;
  /** The first of a chain is 1. */
  position: number;
  hash: string;
}

/** Rows of before there were chains have no link, and their event is whole. */
interface AuditTable extends AuditColumns {
  sequence: Generated<number>;
  event: string;
  chain: string | null;
  position: number | null;
  hash: string | null;
  /** Null once it is erased. */
  personal: string | null;
  /** Of what was erased. */
  personal_digest: string | null;
}

interface AuditStatementTable {
  sequence: Generated<number>;
  kind: AuditStatementKind;
  chain: string;
  position: number;
  /** The signed statement, a compact JWS. */
  jws: string;
  /** JSON: the public key that proves it, which outlives the key ring's. */
  jwk: string;
}

/**
 * What is said of a chain up to a position: `head`, its writer says that it stood so; `found`, somebody else says so after the
 * writer died; `cut`, what is up to there was deleted because it was old; `erased`, rows lost what is personal.
 */
export type AuditStatementKind = 'head' | 'found' | 'cut' | 'erased';

interface AuditCursorTable {
  sink: string;
  chain: string;
  /** Of the last row that the sink has taken. */
  position: number;
  /** Until when the process that streams this chain is believed to be there. */
  held_until: number;
}

export type RefreshFamilyRow = Omit<RefreshFamilyTable, 'rotated_by' | 'stored_at'>;
export type RegisteredClientRow = RegisteredClientTable;
export type NodeRow = NodeTable;
export type SignInArtifactRow = SignInArtifactTable;
export type NewAuditRow = AuditColumns & AuditTexts & AuditLink;
export type AuditRow = Selectable<AuditTable>;
export type AuditStatementRow = Insertable<AuditStatementTable>;
export type SigningKeyRow = SigningKeyTable;

/** The database, or a transaction in it: what every function of this folder takes first. */
export type Database = Kysely<Schema> | Transaction<Schema>;
