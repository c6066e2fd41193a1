// How does the quickstart stop, what does it keep, and what does it print if it cannot start?
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { runProgram, temporaryFolder } from '../../packages/server/test/support/program.ts';
import {
  BY_NODE,
  BY_NPM,
  exchangeForm,
  obtain,
  post,
  SUBJECT,
  startQuickstart,
  surroundings,
  type Test,
} from './testing/quickstart.ts';

/** A process that hangs is ended with all that it started. */
suite('the quickstart stops', { concurrency: 4 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`with exit code 0 when npm gets ${signal}, and leaves no process`, async (t) => {
      const server = await startQuickstart(t, BY_NPM);
      server.tell(signal);
      assert.equal(await server.exited, 0);
      await assert.rejects(fetch(`${server.issuer}/livez`));
      await assert.rejects(fetch(server.api));
    });

    test(`at ${signal} after answering requests under way, however often the signal comes`, async (t) => {
      const server = await startQuickstart(t, BY_NODE);
      const port = Number(server.env.PORT);
      const socket = connect(port, '127.0.0.1').setEncoding('utf8');
      t.after(() => socket.destroy());
      const body = 'grant_type=client_credentials&client_id=your_client_id&client_secret=your_client_secret';
      const head = [
        'POST /oauth/token HTTP/1.1',
        'Host: localhost',
        'Content-Type: application/x-www-form-urlencoded',
        `Content-Length: ${body.length}`,
        'Expect: 100-continue',
      ];
      socket.write(`${head.join('\r\n')}\r\n\r\n`);
      // The server has read the headers and waits for the body.
      assert.match((await once(socket, 'data'))[0], /^HTTP\/1\.1 100 /);
      server.tell(signal);
      while (await accepts(port)) await pause(10);
      server.tell(signal);
      socket.write(body);
      assert.match((await once(socket, 'data'))[0], /^HTTP\/1\.1 200 /);
      const { code, stderr } = await server.ended;
      assert.deepEqual([code, stderr], [0, '']);
    });
  }

  test('with exit code 0 at Ctrl-C in a terminal, which reaches npm and the server alike', async (t) => {
    const server = await startQuickstart(t, BY_NPM);
    server.tellGroup('SIGINT');
    assert.equal((await server.ended).code, 0);
  });

  test('even with open connections that send nothing', async (t) => {
    const server = await startQuickstart(t, BY_NODE);
    for (const port of [server.env.PORT, server.env.API_PORT]) {
      const socket = connect(Number(port), 'localhost');
      t.after(() => socket.destroy());
      await once(socket, 'connect');
    }
    server.tell('SIGTERM');
    assert.equal((await server.ended).code, 0);
  });

  test('and its signing key survives: a token that was issued before a restart is good after it', async (t) => {
    const env = await surroundings(t);
    const first = await startQuickstart(t, BY_NODE, env);
    const token = await obtain(first.issuer, SUBJECT);
    first.tell('SIGTERM');
    assert.equal((await first.ended).code, 0);

    const second = await startQuickstart(t, BY_NODE, env);
    assert.equal((await post(second.issuer, exchangeForm(token))).status, 200);
    const headers = { Authorization: `Bearer ${token}` };
    assert.equal((await fetch(`${second.api}/v1/resource`, { headers })).status, 200);
    second.tell('SIGTERM');
    assert.equal((await second.ended).code, 0);

    // Another data folder has another key.
    const elsewhere = await startQuickstart(t, BY_NODE, { ...env, CAMBIO_DATA: temporaryFolder(t) });
    const { status, body } = await post(elsewhere.issuer, exchangeForm(token));
    assert.deepEqual([status, body.error], [400, 'invalid_grant']);
    assert.equal((await fetch(`${elsewhere.api}/v1/resource`, { headers })).status, 401);
  });
});

suite('prints the reason in one line if it cannot start', { concurrency: 4 }, () => {
  const failure = async (t: Test, change: Readonly<Record<string, string>>, command: readonly string[] = BY_NODE) => {
    const { code, stderr } = await runProgram(t, command, { env: { ...(await surroundings(t)), ...change } });
    // Ignore warnings of npm about its own configuration.
    return { code, lines: stderr.split('\n').filter((line) => line !== '' && !line.startsWith('npm warn')) };
  };

  for (const name of ['PORT', 'API_PORT']) {
    test(`${name} is in use`, async (t) => {
      const other = createServer().listen(0, 'localhost');
      t.after(() => other.close());
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo;
      assert.deepEqual(await failure(t, { [name]: String(port) }), {
        code: 1,
        lines: [`cambio: port ${port} is in use. Set PORT and API_PORT to free ports`],
      });
    });
  }

  test('the data folder cannot be made', async (t) => {
    const file = join(temporaryFolder(t), 'file');
    writeFileSync(file, '');
    assert.deepEqual(await failure(t, { CAMBIO_DATA: join(file, 'data') }), {
      code: 1,
      lines: [
        `cambio: cannot make the data folder ${join(file, 'data')}. Set CAMBIO_DATA to a folder that you may write to`,
      ],
    });
  });

  test('the database file is not a database', async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'cambio.db'), 'no database, though longer than the header of one. '.repeat(20));
    const { code, lines } = await failure(t, { CAMBIO_DATA: folder });
    assert.deepEqual([code, lines.length], [1, 1]);
    assert.match(lines[0] ?? '', /^cambio: cannot open the database .*the file is not an SQLite database/);
  });

  test('or in one for each fault of the file if PORT is not a port, and npm adds nothing', async (t) => {
    const { code, lines } = await failure(t, { PORT: '99999' }, BY_NPM);
    assert.equal(code, 1);
    assert.deepEqual(
      lines.map((line) => /cambio\.yaml:\d+:\d+: (issuer|server\.port): /.exec(line)?.[1]),
      ['issuer', 'server.port'],
    );
  });
});

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
