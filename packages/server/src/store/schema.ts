// The schema, the same for every database: text and whole numbers only, times in milliseconds since 1970.
import type { Generated, Insertable, Kysely, Selectable, Transaction } from 'kysely';
import type { AuditCountTable, AuditTokenTable } from './schema-derived.ts';

export interface Schema {
  migrations: { name: string; applied_at: number };
  signing_keys: SigningKeyTable;
  key_sets: KeySetTable;
  audit: AuditTable;
  audit_index: AuditIndexTable;
  audit_tokens: AuditTokenTable;
  audit_counts: AuditCountTable;
  audit_statements: AuditStatementTable;
  audit_cursors: AuditCursorTable;
  revocations: RevocationTable;
  regions: RegionTable;
  used_ids: UsedIdTable;
  opaque_tokens: OpaqueTokenTable;
  refresh_families: RefreshFamilyTable;
  secrets: { name: string; value: string };
  nodes: NodeTable;
  sign_in_artifacts: SignInArtifactTable;
  registered_clients: RegisteredClientTable;
  configuration_texts: ConfigurationTextTable;
  configuration_nodes: ConfigurationNodeTable;
  suspensions: SuspensionTable;
  leash_counts: LeashCountTable;
  leash_uses: LeashUseTable;
  leash_tokens: LeashTokenTable;
  /** Counters: the revision of registered clients and of suspended parties, the time of the last bulk revocation, the lock of audit statements, the positions of the audit index and of the tables of tokens and counts. */
  revisions: { name: string; number: number };
}

interface RevocationTable {
  /** Only grows: rows that a node has not read yet come after those that it has. */
  sequence: Generated<number>;
  /** The id of the token or refresh family, or `kind:name`. */
  id: string;
  revoked_at: number;
  /** Null if the previous version wrote the row. */
  kind: 'token' | 'subject' | 'principal' | 'client' | 'all' | null;
  /** The subject, principal or client; null for a token. */
  name: string | null;
  /** The region that revoked it; null: this one. */
  region: string | null;
  /** The time of the revocation by the clock of that region; null: this region revoked it. */
  region_time: number | null;
}

interface RegionTable {
  name: string;
  /** Is it the region of this database? */
  place: 'own' | 'peer';
  /** Revocations of a peer up to this number of its sequence are in this database. */
  position: number;
  /** The peer's mark of that position. */
  mark: string;
  /** JSON: the public keys of a peer, by the key sets that publish them. */
  keys: string;
}

interface UsedIdTable {
  id: string;
  /** The row must be kept until then, so that the id stays used. */
  expires_at: number;
}

interface OpaqueTokenTable {
  /** SHA-256 of the token's text. */
  hash: string;
  /** JSON: the claims that a JWT would have. */
  claims: string;
  expires_at: number;
}

interface RefreshFamilyTable {
  id: string;
  client: string;
  /** The generation of the current refresh token; the first is 0. */
  generation: number;
  /** The last rotation, by the clock of the process that did it. */
  rotated_at: number;
  /** That process, and the same time by the clock of the database; null before the first rotation. */
  rotated_by: string | null;
  stored_at: number | null;
  expires_at: number;
  /** JSON: the key that the family is bound to. */
  confirmation: string | null;
  /** JSON: a `RememberedGrant`. */
  remembered: string;
}

interface SigningKeyTable {
  kid: string;
  alg: string;
  /** PKCS #8 in PEM, sealed. */
  private_key: string;
  created_at: number;
  /** When it begins to sign; 0 for the first key of its algorithm. */
  activates_at: number;
}

interface KeySetTable {
  kid: string;
  /** The path of the set; empty for the main set. */
  key_set: string;
  /** Milliseconds since 1970: by then, the tokens that it signed for this set have expired. */
  needed_until: number;
}

interface RegisteredClientTable {
  id: string;
  /** JSON: the entry as in the configuration file, with digests of secrets; null if the client is deleted. */
  entry: string | null;
  /** Of the last change. All clients share one counter. */
  revision: number;
  created_at: number;
  updated_at: number;
}

interface ConfigurationTextTable {
  /** SHA-256 of the text, in hex. */
  digest: string;
  /** JSON without secrets: a configuration, or a part of configurations. */
  text: string;
  /** The latest time at which a node is known to have had it in force. Some minutes may be missing. */
  seen_at: number;
}

/** What a node wrote last to the audit, so that its processes write each change once. */
interface ConfigurationNodeTable {
  id: string;
  /** Stands for the configuration that came into force last, and for all that it was read from. */
  digest: string | null;
  /** The same for the file that was rejected since; null if none was. */
  rejected: string | null;
  seen_at: number;
}

interface NodeTable {
  id: string;
  /** Stands for the text of its configuration. Nobody can test a guessed secret of the text against it. */
  configuration: string;
  /** Digest of the kept form of its configuration, as rows about configurations have it; null from the previous version. */
  kept: string | null;
  /** JSON: a `NodeDescription`; null from the previous version. */
  about: string | null;
  seen_at: number;
}

interface SignInArtifactTable {
  /** Hash of the kind and of the value that the holder presents. */
  id: string;
  /** Hash of a second value that identifies it: the user code of a device, the id of a session. */
  handle: string | null;
  /** JSON, sealed. */
  payload: string;
  consumed_at: number | null;
  /** The last poll of a device, 0 before the first; and the seconds that it must wait between two. */
  polled_at: number;
  poll_interval: number;
  expires_at: number;
}

interface SuspensionTable {
  /** Digest of issuer and subject. */
  id: string;
  /** Null if the party was suspended by its name in our tokens. */
  issuer: string | null;
  subject: string;
  /** JSON: the names that tokens of the party may have, in the form of revocations. */
  names: string;
  reason: string | null;
  suspended_at: number;
}

interface LeashCountTable {
  leash: string;
  /** The number and the time of the latest use. */
  number: number;
  time: number;
}

interface LeashUseTable {
  leash: string;
  /** Counts the uses, without gaps. */
  number: number;
  /** Never before that of an earlier number. */
  time: number;
  /** The row must be kept until then. */
  expires_at: number;
}

interface LeashTokenTable {
  leash: string;
  /** The id of a token or a refresh family. */
  token: string;
  /** JSON: the facts that decide whether it is revoked. */
  facts: string;
  /** Of the token. */
  expires_at: number;
}

/** The columns that rows are searched by. Long or multiple names are abbreviated. */
export interface AuditColumns {
  time: number;
  request_id: string;
  outcome: string;
  reason: string | null;
  client: string | null;
  /** The subject of the subject token, or of the issued one. */
  subject: string | null;
  /** The subject of the issued token, if it has another name there. */
  principal: string | null;
  actor: string | null;
  audience: string | null;
  rule: string | null;
}

/** The event as JSON, in two parts. */
export interface AuditTexts {
  event: string;
  /** The personal part, with its salt. */
  personal: string;
}

/** The position of a row in its chain. */
export interface AuditLink {
  chain: string;
  /** The first position is 1. */
  position: number;
  hash: string;
}

/** Rows from before chains existed have no link, and `event` includes the personal part. */
interface AuditTable extends AuditColumns {
  sequence: Generated<number>;
  event: string;
  chain: string | null;
  position: number | null;
  hash: string | null;
  /** Null if it was erased. */
  personal: string | null;
  /** The digest of the erased part. */
  personal_digest: string | null;
}

/** Says which rows have a term in a column. It is made of rows, and may lack the latest. */
interface AuditIndexTable {
  kind: number;
  term: string;
  /** Of the row. */
  time: number;
  sequence: number;
}

interface AuditStatementTable {
  sequence: Generated<number>;
  kind: AuditStatementKind;
  chain: string;
  position: number;
  /** The signed statement, a compact JWS. */
  jws: string;
  /** JSON: the public key that verifies it, kept after the key ring has retired it. */
  jwk: string;
}

/**
 * A statement about a chain up to a position. `head`: its writer signed it. `found`: another process signed it after the writer
 * had stopped. `cut`: the rows were deleted because they were old. `erased`: the personal part of rows was erased.
 */
export type AuditStatementKind = 'head' | 'found' | 'cut' | 'erased';

interface AuditCursorTable {
  sink: string;
  chain: string;
  /** The last row that the sink has received. */
  position: number;
  /** The end of the lease of the process that streams this chain. */
  held_until: number;
}

export type RefreshFamilyRow = Omit<RefreshFamilyTable, 'rotated_by' | 'stored_at'>;
export type RegisteredClientRow = RegisteredClientTable;
export type LeashTokenRow = LeashTokenTable;
export type SuspensionRow = SuspensionTable;
export type NodeRow = NodeTable;
export type SignInArtifactRow = SignInArtifactTable;
export type NewAuditRow = AuditColumns & AuditTexts & AuditLink;
export type AuditRow = Selectable<AuditTable>;
export type AuditStatementRow = Insertable<AuditStatementTable>;
export type SigningKeyRow = SigningKeyTable;
export type KeySetRow = KeySetTable;

/** The database, or a transaction. */
export type Database = Kysely<Schema> | Transaction<Schema>;
