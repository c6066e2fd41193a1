// Which clients were registered at run time? Held in memory as they stand in the database, and read again when they change.
import { Refusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Poll } from '../store/poll.ts';
import { insertClient, listChangedClients, nextRevision, updateClient } from '../store/registered-clients.ts';
import type { Database } from '../store/schema.ts';
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
  /** As the configuration file would have it, but for its secrets. */
  readonly entry: JsonObject;
  /** Newest first; two while one replaces the other. */
  readonly secrets: readonly RegisteredSecret[];
  readonly revision: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What stands in the database of a client. */
export type StoredClient = Pick<RegisteredClient, 'entry' | 'secrets'>;

export interface RegisteredClients {
  readonly all: () => ReadonlyMap<string, RegisteredClient>;
  readonly poll: Poll;
  /** Tells whenever something has changed. */
  readonly onChange: (listener: () => Promise<void>) => void;
}

export async function openRegisteredClients(store: Store): Promise<RegisteredClients> {
  const clients = new Map<string, RegisteredClient>();
  let seen = 0;
  const listeners: (() => Promise<void>)[] = [];
  const poll: Poll = async (changed) => {
    const rows = (await changed) === false ? [] : await listChangedClients(store, seen);
    for (const { id, entry, revision, created_at, updated_at } of rows) {
      seen = Number(revision);
      const stored: StoredClient | undefined = entry === null ? undefined : JSON.parse(entry);
      if (stored === undefined) clients.delete(id);
      else
        clients.set(id, {
          id,
          ...stored,
          revision: seen,
          createdAt: Number(created_at),
          updatedAt: Number(updated_at),
        });
    }
    if (rows.length > 0) for (const listener of listeners) await listener();
  };
  await poll();
  return { all: () => clients, poll, onChange: (listener) => listeners.push(listener) };
}

type Write = (database: Database) => Promise<void>;

/** @returns what refuses with admin_in_use where there is such a client */
export const registerClient =
  (id: string, stored: StoredClient, now: number): Write =>
  async (database) => {
    const revision = await nextRevision(database);
    const row = { id, entry: JSON.stringify(stored), revision, created_at: now, updated_at: now };
    if (!(await insertClient(database, row))) throw new Refusal('admin_in_use', { detail: 'it is registered already' });
  };

/** @param after undefined deletes it @returns what refuses with admin_changed where somebody was faster */
export const changeClient =
  (before: RegisteredClient, after: StoredClient | undefined, now: number): Write =>
  async (database) => {
    const revision = await nextRevision(database);
    const entry = after === undefined ? null : JSON.stringify(after);
    const row = { id: before.id, entry, revision, updated_at: now };
    if (!(await updateClient(database, before.revision, row))) throw new Refusal('admin_changed');
  };
