// Runs the caller and the API of a language from docs/start/with-your-library.md, and checks what the page promises of them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eventually } from '../packages/server/test/support/node.ts';
import { ORDERS, REPORTS } from './configuration.ts';
import type { PagePrograms } from './language.ts';
import { run, type Trial } from './trial.ts';
import type { World } from './world.ts';

const PAGE = 'docs/start/with-your-library.md';
const LIMIT_MS = 120_000;

/** Writes the two blocks of a language, the caller first, to its files. */
export function writePagePrograms({ fence, caller, api }: PagePrograms, folder: string): void {
  const page = readFileSync(join(import.meta.dirname, '..', PAGE), 'utf8');
  const blocks = [...page.matchAll(/^```([a-z]+)\n([\s\S]*?)^```$/gm)].filter(([, kind]) => kind === fence);
  assert.equal(blocks.length, 2, `${PAGE} has ${blocks.length} blocks of ${fence}: a caller and an API are needed`);
  for (const [index, { file }] of [caller, api].entries()) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), blocks[index]?.[2] ?? '');
  }
}

/** The keys and options of trials that the page does not name. */
export function settingsNotOnPage(trials: readonly Trial[]): readonly string[] {
  const page = readFileSync(join(import.meta.dirname, '..', PAGE), 'utf8');
  return trials
    .flatMap(({ client, setting }) => [...setting.matchAll(/`([^`]+)`/g)].map(([, name = '']) => ({ client, name })))
    .filter(({ name }) => !page.includes(name))
    .map(({ client, name }) => `${PAGE} does not name ${name}, which ${client} needs`);
}

async function tokenOf(issuer: string, client: string, audience: string, scope: string): Promise<string> {
  const form = { grant_type: 'client_credentials', client_id: client, client_secret: `${client}-secret` };
  const response = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...form, audience, scope }),
  });
  return String(((await response.json()) as { access_token?: string }).access_token);
}

/** @param port a free one, for the API @throws Error that says which promise does not hold */
export async function tryPagePrograms(
  { caller: called, api: served }: PagePrograms,
  folder: string,
  world: World,
  port: number,
): Promise<void> {
  const env = { ...process.env, ...world.env };
  const [program = '', ...parameters] = served.run;
  const api = spawn(program, parameters, {
    cwd: folder,
    env: { ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let printed = '';
  for (const stream of [api.stdout, api.stderr]) stream.setEncoding('utf8').on('data', (text) => (printed += text));
  const ended = once(api, 'close');
  const url = `http://127.0.0.1:${port}/orders`;
  const statusFor = async (token?: string): Promise<number> =>
    (await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })).status;
  try {
    await eventually(
      async () => {
        assert.equal(api.exitCode, null, 'the API ended');
        return statusFor().catch(() => 0);
      },
      (status) => status !== 0,
    );
    const subject = await tokenOf(world.issuer, 'post', ORDERS, 'read');
    assert.equal(await statusFor(), 401, 'the API answers a call without a token');
    assert.equal(await statusFor(subject), 200, 'the API answers a call with its token');
    assert.equal(await statusFor(`${subject.slice(0, -4)}AAAA`), 401, 'the API answers a token that was changed');
    assert.equal(await statusFor(await tokenOf(world.issuer, 'post', REPORTS, 'read')), 401, "another API's token");
    assert.equal(
      await statusFor(await tokenOf(world.issuer, 'post', ORDERS, 'write')),
      403,
      'a token without the scope',
    );
    const before = world.exchangesOf('basic');
    const caller = await run(called.run, {
      cwd: folder,
      env: { ...world.env, SUBJECT_TOKEN: subject, CLIENT_SECRET: 'basic-secret', API_URL: url },
      limitMs: LIMIT_MS,
    });
    assert.equal(caller.code, 0, caller.output);
    const answers = caller.output.split('\n').filter((line) => line === '200 post');
    assert.equal(answers.length, 2, `the caller prints the answers to two calls:\n${caller.output}`);
    assert.equal(world.exchangesOf('basic') - before, 1, 'the caller exchanges once for two calls');
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${printed}`);
  } finally {
    if (api.exitCode === null && api.pid !== undefined) process.kill(-api.pid, 'SIGKILL');
    await ended;
  }
}
