// Starts a real server for a test, with its own folder, database, port and clock, and calls it over HTTP.
import { createPrivateKey, randomInt, sign } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { EventEmitter } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type RunningServer, startServer } from '../../src/app.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { openSealer } from '../../src/keys/sealing-key.ts';
import { auditRowsIn } from './audit-rows.ts';
import { canaries } from './canaries.ts';
import { type Configuration, dataOf, type Source, yamlOf } from './configuration.ts';
import { newDataFolder } from './data-folder.ts';

export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const type = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;

/** A parameter may have several values. */
export type Form = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON. */
  readonly body: Record<string, unknown>;
  readonly text: string;
}

export interface TestServer {
  /** Also the base of every URL. */
  readonly issuer: string;
  /** The folder of the configuration file and of the database `cambio.db`. */
  readonly folder: string;
  readonly clock: { now: number };
  readonly post: (
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers?: Record<string, string>,
  ) => Promise<Answer>;
  /** POSTs a form to the token endpoint. */
  readonly token: (form: Form, headers?: Record<string, string>) => Promise<Answer>;
  /**
   * Sends each request once, where the database is made to fail. The others repeat what it was too slow for, as clients are told to: a
   * busy machine causes that, too.
   */
  readonly once: TestServer;
  /** The audit row of an answer. */
  readonly audit: (answer: Answer) => AuditEvent | undefined;
  /** A token with these claims, signed with the server's own key. */
  readonly forge: (claims: Record<string, unknown>, header?: Record<string, unknown>) => string;
  /** The same with the payload as text, for text that no JSON writer produces. */
  readonly forgeText: (payload: string | Uint8Array, header?: Record<string, unknown> | string) => string;
  /** Runs SQL in the database of the server. */
  readonly sql: (text: string) => void;
  /** Sends bytes as they are, and reads until the server closes the connection. */
  readonly raw: (request: string | Uint8Array) => Promise<string>;
  /** Loads another configuration. */
  readonly reload: (source: Source) => Promise<void>;
  readonly close: () => Promise<void>;
}

const runningClock = (): { now: number } => ({
  get now() {
    return Date.now();
  },
});

/**
 * @param source a configuration; `${ISSUER}` and `${PORT}` in it are replaced. Missing sections are not added.
 * @param now the clock stands still; `runs` for programs that call the server and read the clock of the machine
 * @param files written beside the configuration file
 * @param fetch calls the server, if its TLS needs special options
 * @param folder of a server that was closed, to continue with its database
 * @param recorded the audit has rows about the configuration, as with `cambio serve`
 * @param port of that server, if browsers are to continue as well
 */
export async function start(
  t: { readonly after: (work: () => Promise<void>) => void; readonly name?: string },
  source: Source,
  {
    files = {},
    now = Date.now(),
    folder = newDataFolder(),
    fetch = globalThis.fetch,
    port: wanted,
    recorded,
  }: {
    files?: Record<string, string>;
    now?: number | 'runs';
    folder?: string;
    fetch?: typeof globalThis.fetch;
    port?: number;
    recorded?: true;
  } = {},
): Promise<TestServer> {
  let server: RunningServer | undefined;
  const rows = auditRowsIn(folder);
  const close = async (): Promise<void> => {
    rows.close();
    await server?.close();
  };
  t.after(async () => {
    await close();
    for (const [table, all] of Object.entries(everythingIn({ folder })))
      canaries.look(`${table}, after ${t.name ?? 'all tests'}`, JSON.stringify(all));
    rmSync(folder, { recursive: true, force: true });
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const port = wanted ?? (await freePort());
  const { server: { tls, metrics: ports } = {} } = dataOf(source) as { server?: Configuration };
  const issuer = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const environment = { ISSUER: issuer, PORT: String(port) };
  const text = yamlOf(source);
  canaries.plantConfiguration(text);
  const file = join(folder, 'cambio.yaml');
  writeFileSync(file, text);
  const clock = now === 'runs' ? runningClock() : { now };
  const load = async (): Promise<Parameters<typeof startServer>[0]> => {
    const configuration = await loadConfiguration(file, environment);
    // The metrics port is the same for all servers of the machine.
    const metrics = ports !== undefined ? configuration.server.metrics : undefined;
    return { ...configuration, server: { ...configuration.server, metrics } };
  };
  server = await startServer(await load(), {
    clock: () => clock.now,
    report: (line) => canaries.look(`a line in ${t.name ?? 'all tests'}`, line),
    origin: recorded && { cause: 'start', file: 'cambio.yaml', read: text },
  });
  const postOnce: TestServer['post'] = async (path, body, headers = {}) => {
    canaries.plantRequest(body, headers);
    return read(
      await fetch(issuer + path, {
        method: 'POST',
        body,
        headers: { 'content-type': FORM, ...headers },
      }),
    );
  };
  const audit: TestServer['audit'] = (answer) => rows.find(answer.headers.get('x-request-id') ?? '');
  const isBusy = (answer: Answer): boolean => {
    if (answer.status !== 503) return false;
    const { reason = 'store_unavailable' } = existsSync(join(folder, 'cambio.db')) ? (audit(answer) ?? {}) : {};
    return reason === 'store_unavailable';
  };
  busyAt.set(issuer, isBusy);
  const asking = (post: TestServer['post']): Pick<TestServer, 'post' | 'token'> => ({
    post,
    token: (form, headers) => post('/oauth/token', encode(form), headers),
  });
  const started: Omit<TestServer, 'once'> = {
    issuer,
    folder,
    clock,
    ...asking((...request) => patiently(() => postOnce(...request), isBusy)),
    audit,
    forge: (claims, header) => forge(folder, JSON.stringify(claims), header),
    forgeText: (payload, header) => forge(folder, payload, header),
    sql: (text) => {
      // A thread of the server may be writing.
      const database = new DatabaseSync(join(folder, 'cambio.db'), { timeout: 5000 });
      try {
        database.exec(text);
      } finally {
        database.close();
      }
    },
    raw: async (request) => {
      const text = await send(port, request);
      if (!text.startsWith('HTTP/1.1 2')) canaries.look('an error', text);
      return text;
    },
    reload: async (next) => {
      writeFileSync(file, yamlOf(next));
      const origin = recorded && ({ cause: 'file', file: 'cambio.yaml', read: yamlOf(next) } as const);
      await server?.reload(await load(), origin);
    },
    close,
  };
  const once: TestServer = {
    ...started,
    ...asking(postOnce),
    get once() {
      return once;
    },
  };
  return { ...started, once };
}

/** Had the machine no time for the request of this answer? By issuer, for those who know a server by its URL only, as a browser does. */
const busyAt = new Map<string, (answer: Answer) => boolean>();

const FORM = 'application/x-www-form-urlencoded';
/** More would only delay what a test of a failing database expects. */
const MAX_REPEATS = 4;

/** Repeats a request that a busy machine had no time for. @returns the last answer */
export async function patiently(
  ask: () => Promise<Answer>,
  isBusy = ({ status }: Answer): boolean => status === 503,
): Promise<Answer> {
  for (let repeated = 0; ; repeated++) {
    const answer = await ask();
    if (repeated === MAX_REPEATS || !isBusy(answer)) return answer;
  }
}

/** Sends a request, and repeats it if the machine had no time for it. Of a server of another process, any 503 is that. */
export const fetchAnswer = (url: string, init: RequestInit = {}): Promise<Answer> =>
  patiently(async () => read(await fetch(url, init)), busyAt.get(new URL(url).origin));

export function encode(form: Form): string {
  const pairs = Object.entries(form).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  );
  return new URLSearchParams(pairs).toString();
}

export async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') && text !== '';
  const answer = { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : {} };
  canaries.plantAnswer(answer);
  if (answer.status >= 400) canaries.look('an error', text);
  return answer;
}

/** Every row of every table; empty if the database is elsewhere. */
export function everythingIn({ folder }: Pick<TestServer, 'folder'>): Record<string, unknown[]> {
  const file = join(folder, 'cambio.db');
  if (!existsSync(file)) return {};
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  try {
    const tables = database.prepare("select name from sqlite_master where type = 'table' order by name").all();
    return Object.fromEntries(tables.map(({ name }) => [name, database.prepare(`select * from ${name}`).all()]));
  } finally {
    database.close();
  }
}

/** What a server writes in the background: from the audit rows, how far it came, that it runs, and how long its keys are needed. */
const BACKGROUND_TABLES =
  'audit_index audit_tokens audit_counts audit_statements nodes configuration_nodes key_sets'.split(' ');
const DERIVED_POSITIONS = ['audit index', 'audit tokens'];

/** Every row, but for those that a server writes in the background. */
export function writtenIn(server: Pick<TestServer, 'folder'>): Record<string, unknown[]> {
  const { revisions = [], ...tables } = everythingIn(server);
  const others = Object.entries(tables).filter(([name]) => !BACKGROUND_TABLES.includes(name));
  return {
    ...Object.fromEntries(others),
    revisions: (revisions as { name: string }[]).filter(({ name }) => !DERIVED_POSITIONS.includes(name)),
  };
}

function query(folder: string, sql: string): Record<string, unknown> | undefined {
  const database = new DatabaseSync(join(folder, 'cambio.db'), { readOnly: true });
  try {
    return database.prepare(sql).get();
  } finally {
    database.close();
  }
}

/** ES256 only: the algorithm of the first key unless the configuration says otherwise. */
function forge(folder: string, payload: string | Uint8Array, header: Record<string, unknown> | string = {}): string {
  const row = query(folder, 'select kid, alg, private_key from signing_keys order by created_at limit 1');
  const headerText =
    typeof header === 'string' ? header : JSON.stringify({ alg: row?.alg, typ: 'at+jwt', kid: row?.kid, ...header });
  const input = `${base64url(headerText)}.${base64url(payload)}`;
  const sealer = openSealer({ file: join(folder, 'cambio.db.key') }, 'read');
  const key = createPrivateKey(sealer.open(String(row?.private_key), `signing key ${row?.kid}`));
  const token = `${input}.${base64url(sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }))}`;
  canaries.plant(token);
  return token;
}

export const base64url = (data: string | Uint8Array): string => Buffer.from(data as string).toString('base64url');

function send(port: number, request: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    let answer = '';
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text;
    });
    socket.on('error', reject).on('close', () => resolve(answer));
  });
}

/** The claims of a JWT, unverified. */
export const claimsOf = (token: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString());

/**
 * Returns a port for this process, below the range that the system gives to connections. It is claimed while this process runs.
 * The claim is the UDP port of the same number: all tests of the machine use it for that.
 */
export async function freePort(): Promise<number> {
  const port = randomInt(16_384, 32_768);
  const claim = createSocket('udp4').unref();
  const server = createServer();
  const free =
    (await isBound(claim, () => claim.bind({ port, address: '127.0.0.1', exclusive: true }))) &&
    (await isBound(server, () => server.listen(port, '127.0.0.1')));
  if (server.listening) await new Promise((resolve) => server.close(resolve));
  return free ? port : freePort();
}

const isBound = (socket: EventEmitter, bind: () => unknown): Promise<boolean> =>
  new Promise((resolve) => {
    socket.once('listening', () => resolve(true)).once('error', () => resolve(false));
    bind();
  });
