// Starts a node: the server as a process of its own, as an operator starts it, beside others on one database.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gateway } from './basics.ts';
import { canaries } from './canaries.ts';
import { type Configuration, changed, dataOf, type Source, yamlOf } from './configuration.ts';
import { newDataFolder } from './data-folder.ts';
import { type Answer, EXCHANGE, encode, everythingIn, type Form, freePort, read, type } from './harness.ts';
import { life } from './life.ts';
import { PROGRAM, repository } from './program.ts';

/** The module that the launcher starts. */
const MAIN =
  process.env.CAMBIO_PROGRAM === undefined
    ? join(repository, 'packages/server/src/main.ts')
    : join(dirname(PROGRAM), '../dist/main.js');
export const SEALING_KEY = Buffer.alloc(32, 7).toString('base64');

/** The configuration of life.ts on a shared database. */
export const shared = (url: string, base: Configuration = life()): Configuration =>
  changed(base, { store: url, sealingKey: { plain: SEALING_KEY } });

interface Caller {
  readonly post: (path: string, form: Form, headers?: Record<string, string>) => Promise<Answer>;
  readonly token: (form: Form, headers?: Record<string, string>) => Promise<Answer>;
}

/** As a caller it repeats what is answered 503, as clients are told to: on a busy machine any node may be too busy to answer. */
export interface ServerNode extends Caller {
  /** Sends each request once, for tests that look for a 503. */
  readonly once: Caller;
  readonly url: string;
  readonly folder: string;
  /** The configuration file of this node only. */
  readonly file: string;
  readonly get: (path: string) => Promise<Answer>;
  readonly pid: number;
  readonly port: number;
  readonly signal: (signal: NodeJS.Signals) => void;
  /**
   * Waits until it has printed the text so many times. @returns all that it printed until then
   * Output comes after the effect that it reports, so there is no way to read it without waiting.
   */
  readonly prints: (text: string | RegExp, times?: number) => Promise<string>;
  readonly exited: Promise<number | null>;
  /** All output, once it has ended. */
  readonly output: Promise<string>;
}

type Test = { readonly after: (work: () => Promise<void>) => void };

/**
 * @param folder of a node that has ended, to continue with its files and port
 * @param under a program that runs the server, and its options
 * @param heap megabytes for V8, on the Node of the test instead of the one that the launcher finds
 */
export async function startNode(
  t: Test,
  source: Source,
  {
    folder = newDataFolder(),
    port = 0,
    options = [] as readonly string[],
    heap = 0,
    under = [] as readonly string[],
  } = {},
): Promise<ServerNode> {
  const file = join(folder, 'cambio.yaml');
  // The metrics port is the same for all servers of the machine.
  const text = yamlOf(changed({ server: { metrics: 'off' } }, dataOf(source)));
  writeFileSync(file, text);
  const program = heap === 0 ? [PROGRAM] : [`--max-old-space-size=${heap}`, '--conditions=source', MAIN];
  const listening = port || (await freePort());
  const [command = '', ...args] = [...under, process.execPath, ...program, 'serve', '--config', file, ...options];
  const child = spawn(command, args, {
    env: { ...process.env, PORT: String(listening) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const exited = once(child, 'exit').then(([code]): number | null => code);
  const output = once(child, 'close').then(() => printed);
  const prints: ServerNode['prints'] = async (wanted, times = 1) => {
    const all = new RegExp(typeof wanted === 'string' ? RegExp.escape(wanted) : wanted, 'gm');
    const isThere = () => (printed.match(all)?.length ?? 0) >= times;
    await eventually(
      () => ({ printed, ended: child.exitCode ?? child.signalCode }),
      ({ ended }) => isThere() || ended !== null,
    );
    assert.ok(isThere(), `it ended before it printed ${wanted}: ${printed}`);
    return printed;
  };
  t.after(async () => {
    end(child);
    await exited;
    canaries.look('what the server printed', printed);
    for (const [table, rows] of Object.entries(everythingIn({ folder }))) canaries.look(table, JSON.stringify(rows));
    rmSync(folder, { recursive: true, force: true });
  });
  canaries.plantConfiguration(text);
  await prints('cambio serves');
  const url = `http://127.0.0.1:${listening}`;
  const postOnce: Caller['post'] = async (path, form, headers = {}) => {
    const body = encode(form);
    canaries.plantRequest(body, headers);
    const all = { 'content-type': 'application/x-www-form-urlencoded', ...headers };
    return read(await fetch(url + path, { method: 'POST', body, headers: all }));
  };
  return {
    ...callerOf((...request) => served(() => postOnce(...request))),
    once: callerOf(postOnce),
    url,
    folder,
    file,
    port: listening,
    get: async (path) => read(await fetch(url + path)),
    pid: child.pid ?? 0,
    signal: (signal) => child.kill(signal),
    prints,
    exited,
    output,
  };
}

const callerOf = (post: Caller['post']): Caller => ({
  post,
  token: (form, headers) => post('/oauth/token', form, headers),
});

function end(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
}

/** The limit of all waiting. A test that passes does not take longer because of it. */
export const PATIENCE_MS = 90_000;

/** Asks until the answer is as expected. @throws AssertionError with the last answer after the timeout */
export async function eventually<T>(ask: () => T | Promise<T>, good: (answer: T) => boolean): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  let answer = await ask();
  while (!good(answer) && performance.now() < until) {
    await wait(25);
    answer = await ask();
  }
  assert.ok(good(answer), JSON.stringify(answer));
  return answer;
}

/** Asks until it is not too busy to answer, as clients are told to. */
export const served = (ask: () => Promise<Answer>): Promise<Answer> => eventually(ask, ({ status }) => status !== 503);

/** Statuses and errors, such as `400 invalid_grant`, in order. */
export const outcomesOf = (answers: readonly Answer[]): readonly string[] =>
  answers.map(({ status, body }) => [status, body.error].filter(Boolean).join(' ')).toSorted();

/**
 * Sends what is good for one use many times at once: of no round more than one is accepted. If none is, a request that was answered 503 may have
 * used it up, and another round follows. Requests that were answered 503 beside the accepted one are sent again.
 * @param make makes a new one for each round, and functions that send a request with it once
 */
export async function answersOfOne(
  make: () => Promise<readonly (() => Promise<Answer>)[]>,
): Promise<readonly Answer[]> {
  const round = await eventually(
    async () => {
      const asks = await make();
      const asked = await Promise.all(asks.map(async (ask) => ({ ask, answer: await ask() })));
      const outcomes = outcomesOf(asked.map(({ answer }) => answer));
      assert.ok(outcomes.filter((outcome) => outcome === '200').length <= 1, outcomes.join());
      return asked;
    },
    (asked) => asked.some(({ answer }) => answer.status === 200),
  );
  return Promise.all(round.map(({ ask, answer }) => (answer.status === 503 ? served(ask) : answer)));
}

/** A token of the gateway. */
export const own = (node: Caller): Promise<Answer> => node.token({ grant_type: 'client_credentials', ...gateway });

/** Exchanges a token of ours. The answer has a refresh token. */
export const exchangeAt = async (node: Caller, subject_token?: unknown, form: Form = {}): Promise<Answer> =>
  node.token({
    grant_type: EXCHANGE,
    ...gateway,
    subject_token: String(subject_token ?? (await own(node)).body.access_token),
    subject_token_type: type('access_token'),
    ...form,
  });

export const refreshAt = (node: Caller, token: unknown): Promise<Answer> =>
  node.token({ grant_type: 'refresh_token', ...gateway, refresh_token: String(token) });

export const revokeAt = (node: Caller, token: unknown): Promise<Answer> =>
  node.post('/oauth/revoke', { ...gateway, token: String(token) });

export const isActiveAt = async (node: Caller, token: unknown): Promise<unknown> =>
  (await node.post('/oauth/introspect', { ...gateway, token: String(token) })).body.active;

export const kidOf = (token: unknown): unknown =>
  JSON.parse(Buffer.from(String(token).split('.')[0] ?? '', 'base64url').toString()).kid;

export const kidsAt = async (node: ServerNode): Promise<string[]> =>
  ((await node.get('/.well-known/jwks.json')).body.keys as { kid: string }[]).map(({ kid }) => kid).toSorted();
