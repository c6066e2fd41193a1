// Starts the servers under test: nodes as their operator starts them, on a database of either kind.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Source } from '../support/configuration.ts';
import { eventually, type ServerNode, startNode } from '../support/node.ts';
import { query } from '../support/postgres.ts';
import { get, type Target } from './caller.ts';
import { type Beside, configuration } from './cast.ts';
import type { Bench } from './fault.ts';
import type { Row } from './invariants.ts';

export type Kind = 'SQLite' | 'PostgreSQL';

/** A database, observed from outside. */
export interface Store {
  readonly kind: Kind;
  /** As in the configuration. */
  readonly location: string;
  readonly sql: (text: string) => Promise<Record<string, unknown>[]>;
}

export async function openStore(kind: Kind, bench: Bench): Promise<Store> {
  if (kind === 'SQLite') return sqliteAt(join(openFolder(bench), 'cambio.db'));
  return postgresAt(await (await bench.postgres()).database());
}

/** A folder that is deleted after the fault. */
export function openFolder({ after }: Bench): string {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-faults-'));
  after(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const postgresAt = (url: string): Store => ({
  kind: 'PostgreSQL',
  location: url,
  sql: (text) => query(url, text),
});

export const sqliteAt = (file: string): Store => ({
  kind: 'SQLite',
  location: `sqlite:${file}`,
  sql: async (text) => {
    const database = new DatabaseSync(file, { timeout: 5000 });
    try {
      return database.prepare(text).all();
    } finally {
      database.close();
    }
  },
});

/** Reads the audit for the judge. */
export async function readRows({ kind, sql }: Store): Promise<Row[]> {
  const issued = kind === 'SQLite' ? "json_extract(event, '$.issued')" : "(event::json->'issued')::text";
  const rows = await sql(`select request_id, outcome, ${issued} as issued from audit order by sequence`);
  return rows.map(({ request_id, outcome, issued: ids }) => ({
    requestId: String(request_id),
    outcome: String(outcome),
    issued: (JSON.parse(String(ids ?? '[]')) as { id: string }[]).map(({ id }) => id),
  }));
}

/** The reason of a request in the audit, for debugging. */
export async function findEvent({ sql }: Store, requestId: string): Promise<string> {
  const [row] = await sql(`select event from audit where request_id = '${requestId}'`);
  return String(row?.event ?? 'no audit row');
}

/** A node that can be ended and started again, with its port and files. */
export interface Member extends Target {
  readonly node: () => ServerNode;
  /** Ends it at once, like a crash. */
  readonly kill: () => Promise<void>;
  /** Asks it to stop, and waits. @returns its exit code */
  readonly stop: () => Promise<number | null>;
  /** Starts it again. The load returns when `up` is set. */
  readonly start: () => Promise<void>;
}

/** @param under a program that runs the server, and its options */
export async function startMember(
  bench: Bench,
  source: Source,
  options: readonly string[] = [],
  under: readonly string[] = [],
): Promise<Member> {
  let node = await startNode(bench, source, { options, under });
  const again = async (): Promise<void> => {
    const { folder, port } = node;
    // Like a supervisor: try once more if it does not start.
    const start = () => startNode(bench, source, { options, under, folder, port });
    node = await start().catch(start);
  };
  const member: Member = {
    url: node.url,
    up: true,
    ended: 0,
    node: () => node,
    kill: async () => {
      member.ended++;
      node.signal('SIGKILL');
      member.up = false;
      await node.exited;
    },
    stop: async () => {
      node.signal('SIGTERM');
      return node.exited;
    },
    start: again,
  };
  return member;
}

/** Starts the nodes one after the other, because the first one creates the tables. */
export async function startMembers(bench: Bench, store: Store, count: number, beside: Beside = {}): Promise<Member[]> {
  const members: Member[] = [];
  const yaml = configuration(store.location, beside);
  for (let index = 0; index < count; index++) members.push(await startMember(bench, yaml));
  return members;
}

/** Waits until it is ready. @returns milliseconds */
export async function untilReady(target: Target): Promise<number> {
  const began = performance.now();
  await eventually(
    async () => (await get(`${target.url}/readyz`))?.status,
    (status) => status === 200,
  );
  return performance.now() - began;
}
