// Holds the clients that were registered at run time in memory, and reads them from the database again when they change.
import { Refusal } from '../primitives/refusal.ts';
import { type JsonObject, parseOwnJson } from '../primitives/strict-json.ts';
import type { Poll } from '../store/poll.ts';
import { insertClient, listChangedClients, nextRevision, updateClient } from '../store/registered-clients.ts';
import type { Database, RegisteredClientRow } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

export interface RegisteredSecret {
  readonly id: string;
  /** SHA-256 of its text, in base64url. */
  readonly sha256: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface RegisteredClient {
  readonly id: string;
  /** As in the configuration file, without secrets. */
  readonly entry: JsonObject;
  /** Newest first; two during a rotation. */
  readonly secrets: readonly RegisteredSecret[];
  readonly revision: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The part of a client that is stored as JSON. */
export type StoredClient = Pick<RegisteredClient, 'entry' | 'secrets'>;

export interface RegisteredClients {
  /** The clients of the database. They are in force once the listeners have finished. */
  readonly all: () => ReadonlyMap<string, RegisteredClient>;
  /** The latest revision that was read. */
  readonly revision: () => number;
  readonly poll: Poll;
  /** Polls. When it resolves, the clients of the database are in force here. @throws Error if either fails */
  readonly reread: () => Promise<void>;
  /** @param listener puts the clients in force. If it fails, it tries again by itself */
  readonly onChange: (listener: () => Promise<void>) => void;
}

export async function openRegisteredClients(store: Store): Promise<RegisteredClients> {
  const clients = new Map<string, RegisteredClient>();
  /** The latest revision that was read, and the latest that is in force. */
  let read = 0;
  let inForce = 0;
  const listeners: (() => Promise<void>)[] = [];
  const putInForce = async (): Promise<void> => {
    const upTo = read;
    for (const listener of listeners) await listener();
    inForce = Math.max(inForce, upTo);
  };
  const poll: Poll = async (written) => {
    if (written === 'nothing') return;
    const rows = await listChangedClients(store, read);
    // Two polls can run at once, and the earlier one may be answered last.
    const newer = rows.filter(({ revision }) => Number(revision) > read);
    for (const row of newer) apply(row, clients);
    read = Math.max(read, ...newer.map(({ revision }) => Number(revision)));
    // A poll is complete once its clients are in force, or the first attempt to put them there has failed.
    if (newer.length > 0) await putInForce().catch(() => undefined);
  };
  await poll();
  inForce = read;
  return {
    all: () => clients,
    revision: () => read,
    poll,
    reread: async () => {
      await poll();
      if (inForce < read) await putInForce();
    },
    onChange: (listener) => void listeners.push(listener),
  };
}

function apply(
  { id, entry, revision, created_at, updated_at }: RegisteredClientRow,
  into: Map<string, RegisteredClient>,
) {
  if (entry === null) return void into.delete(id);
  const stored: StoredClient = parseOwnJson(entry);
  const times = { createdAt: Number(created_at), updatedAt: Number(updated_at) };
  into.set(id, { id, ...stored, revision: Number(revision), ...times });
}

type Write = (database: Database) => Promise<void>;

/** @returns a write that throws Refusal admin_in_use if the client exists */
export const registerClient =
  (id: string, stored: StoredClient, now: number): Write =>
  async (database) => {
    const revision = await nextRevision(database);
    const row = { id, entry: JSON.stringify(stored), revision, created_at: now, updated_at: now };
    if (!(await insertClient(database, row))) throw new Refusal('admin_in_use', { detail: 'it is registered already' });
  };

/**
 * @param after undefined to delete the client
 * @param read the revision of all clients on which the change was checked; `any` if other clients do not matter
 * @returns a write that throws Refusal admin_changed if another change came first
 */
export const changeClient =
  (
    before: RegisteredClient,
    after: StoredClient | undefined,
    { now, read }: { now: number; read: number | 'any' },
  ): Write =>
  async (database) => {
    const revision = await nextRevision(database);
    if (read !== 'any' && revision !== read + 1) throw new Refusal('admin_changed');
    const entry = after === undefined ? null : JSON.stringify(after);
    const row = { id: before.id, entry, revision, updated_at: now };
    if (!(await updateClient(database, before.revision, row))) throw new Refusal('admin_changed');
  };
