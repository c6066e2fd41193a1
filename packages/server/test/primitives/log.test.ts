// The log of the server.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type RunningServer, startServer } from '../../src/app.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { type About, createReport } from '../../src/primitives/log.ts';
import { gateway, startBasic } from '../support/basics.ts';
import { encode, type TestServer } from '../support/harness.ts';

const FORM = encode({ grant_type: 'client_credentials', ...gateway });

/** Starts another server on the database of the first. */
async function another(
  t: TestContext,
  { folder, issuer }: TestServer,
  level: 'info' | 'debug',
  said: (readonly [string, About | undefined])[] = [],
): Promise<{ server: RunningServer; url: string }> {
  const read = await loadConfiguration(join(folder, 'cambio.yaml'), { ISSUER: issuer, PORT: '0' });
  const settled = {
    ...read,
    log: { format: 'text', level } as const,
    server: { ...read.server, metrics: undefined },
  };
  const server = await startServer(settled, { report: (line, about) => said.push([line, about]) });
  t.after(() => server.close());
  return { server, url: `http://127.0.0.1:${server.port}` };
}

const token = (url: string): Promise<Response> =>
  fetch(`${url}/oauth/token`, {
    method: 'POST',
    body: FORM,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });

test('logs a failure of the server with the id of its audit row, and every answer at level debug', async (t) => {
  const first = await startBasic(t);
  const quiet: (readonly [string, About | undefined])[] = [];
  const { url } = await another(t, first, 'info', quiet);
  assert.equal((await token(url)).status, 200);
  assert.deepEqual(quiet, []);
  first.sql(
    "create trigger full before insert on audit when new.outcome = 'issued' begin select raise(abort, 'full'); end",
  );
  const failed = await token(url);
  assert.equal(failed.status, 503);
  const requestId = failed.headers.get('x-request-id') ?? '';
  assert.equal(quiet.length, 1);
  assert.match(quiet[0]?.[0] ?? '', /^store_unavailable: SQLite reports the error \d+$/);
  assert.deepEqual(quiet[0]?.[1], { requestId });
  first.sql('drop trigger full');
  const loud: (readonly [string, About | undefined])[] = [];
  const { url: other } = await another(t, first, 'debug', loud);
  const answer = await token(other);
  const [line, about] = loud[0] ?? [];
  assert.match(line ?? '', /^\/oauth\/token 200 in \d+\.\d ms$/);
  assert.deepEqual(about, { level: 'debug', requestId: answer.headers.get('x-request-id') });
});

test('logs lines as text or as JSON with time, level and request id, and leaves out less severe ones', (t) => {
  const out: string[] = [];
  const errors: string[] = [];
  t.mock.method(console, 'log', (line: string) => out.push(line));
  t.mock.method(console, 'error', (line: string) => errors.push(line));
  const tell = (format: 'text' | 'json'): void => {
    const report = createReport({ format, level: 'info' }, () => 0);
    report('started', { level: 'info' });
    report('failed', { requestId: 'r' });
    report('answered', { level: 'debug' });
  };
  tell('text');
  assert.deepEqual([out.splice(0), errors.splice(0)], [['started'], ['r failed']]);
  tell('json');
  assert.deepEqual(out, []);
  assert.deepEqual(
    errors.map((line) => JSON.parse(line)),
    [
      { time: '1970-01-01T00:00:00.000Z', level: 'info', message: 'started' },
      { time: '1970-01-01T00:00:00.000Z', level: 'error', message: 'failed', requestId: 'r' },
    ],
  );
});
