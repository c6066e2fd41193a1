// Messages of `cambio check` and `cambio serve` about the connection to the database.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Refusal } from '../../src/primitives/refusal.ts';
import { explainSqlite, mayPass, SchemaError } from '../../src/store/failure.ts';
import { openStore } from '../../src/store/store.ts';
import { configuration } from '../support/basics.ts';
import { cambio } from '../support/command.ts';
import { changed, yamlOf } from '../support/configuration.ts';
import { freePort } from '../support/harness.ts';
import { shared } from '../support/node.ts';
import { temporaryFolder } from '../support/program.ts';

async function run(t: TestContext, command: 'check' | 'serve', store: string, written: unknown = `\${STORE}`) {
  const file = join(temporaryFolder(t), 'cambio.yaml');
  writeFileSync(file, yamlOf(changed(shared('', configuration), { store: written })));
  const env = { ISSUER: 'http://127.0.0.1:8080', PORT: '0', STORE: store };
  const atOnce = command === 'serve' ? ['--wait', '0s'] : [];
  const { code, stderr } = await cambio(t, [command, '--config', file, ...atOnce], { env });
  assert.doesNotMatch(stderr, /canary/);
  return { code, stderr };
}

test('warns of an unencrypted connection; an unverified TLS mode and an unencoded password are faults', async (t) => {
  const port = await freePort();
  const url = `postgres://cambio:canary@0.0.0.0:${port}/cambio`;
  const warned = await run(t, 'check', `${url}?sslmode=disable`);
  assert.equal(warned.code, 0);
  assert.match(warned.stderr, /warning: store: the connection to the database is not encrypted/);
  const started = await run(t, 'serve', `${url}?sslmode=disable`);
  assert.equal(started.code, 1);
  assert.match(started.stderr, /warning: store: .*not encrypted/);
  assert.match(
    started.stderr,
    new RegExp(`cannot open the database on 0.0.0.0 port ${port}: nothing listens on that port`),
  );
  for (const good of [url, `${url}?sslmode=verify-full`, url.replace('0.0.0.0', 'localhost')])
    assert.deepEqual(await run(t, 'check', good), { code: 0, stderr: '' });
  for (const [bad, fault] of [
    [
      `${url}?sslmode=prefer`,
      /store: sslmode=prefer is not one of the modes that are known here\. Write sslmode=verify-full, or disable/,
    ],
    [
      `${url}?sslmode=no-verify`,
      /store: sslmode is not one of the modes that are known here\. Write sslmode=verify-full, or disable/,
    ],
    [
      `${url}?sslrootcert=missing.pem`,
      /store: cannot read .*missing\.pem, the file of sslrootcert: there is no such file\./,
    ],
    [url.replace('canary', '12/canary'), /store: .*percent-encode/],
  ] as const) {
    const { code, stderr } = await run(t, 'check', bad);
    assert.equal(code, 1);
    assert.match(stderr, fault);
  }
});

test('a replica is another URL of PostgreSQL, and is checked as the first', async (t) => {
  const url = 'postgres://cambio:canary@db.example/cambio';
  const check = (written: unknown) => run(t, 'check', url, written);
  assert.deepEqual(await check({ url, replica: url }), { code: 0, stderr: '' });
  assert.deepEqual(await check({ url }), { code: 0, stderr: '' });
  for (const [bad, fault] of [
    [{ url: 'sqlite:cambio.db', replica: url }, /store\.replica: SQLite has no replicas\. Remove it/],
    [{ url, replica: 'sqlite:cambio.db' }, /store\.replica: a replica is a standby of the same PostgreSQL/],
    [{ url, replica: `${url}?sslmode=prefer` }, /store\.replica: sslmode=prefer is not one of the modes/],
    [{ url: `${url}?sslrootcert=missing.pem` }, /store\.url: cannot read .*missing\.pem, the file of sslrootcert/],
    [{ replica: url }, /store/],
    [{ url: 'mysql://cambio:canary@db/cambio' }, /store\.url: a URL that begins with mysql: is not a database/],
  ] as const) {
    const { code, stderr } = await check(bad);
    assert.equal(code, 1, JSON.stringify(bad));
    assert.match(stderr, fault);
  }
});

test('describes an SQLite database that cannot be opened, with the remedy', async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('text.db'), 'This is not a database. '.repeat(100));
  writeFileSync(at('a-file'), '');
  mkdirSync(at('a-folder'));
  const ahead = await openStore({ kind: 'sqlite', file: at('ahead.db') }, 'write', Date.now());
  const later = ['9998-later', '9999-latest'];
  await ahead
    .insertInto('migrations')
    .values(later.map((name) => ({ name, applied_at: 0 })))
    .execute();
  await ahead.destroy();
  for (const [name, said] of [
    ['a-folder', `cannot open the database ${at('a-folder')}: it is a folder, not a file`],
    [
      'a-file/cambio.db',
      `cannot open the database ${at('a-file/cambio.db')}: a part of its path is a file, not a folder`,
    ],
    [
      'text.db',
      `cannot open the database ${at('text.db')}: the file is not an SQLite database. Write another file in store, or move this one away`,
    ],
    [
      'ahead.db',
      `the database is 2 steps ahead of this version of cambio (${later.join(', ')}). Run the later version of cambio, or take its last step back with its own cambio store rollback`,
    ],
  ] as const)
    await assert.rejects(openStore({ kind: 'sqlite', file: at(name) }, 'write', Date.now()), ({ message }: Error) => {
      assert.equal(message, said);
      return true;
    });
  await assert.rejects(openStore({ kind: 'sqlite', file: at('none.db') }, 'read', Date.now()), {
    message: `no database at ${at('none.db')} yet: start the server first, or run cambio store migrate`,
  });
  // A missing folder is created.
  await (await openStore({ kind: 'sqlite', file: at('new/folder/cambio.db') }, 'write', Date.now())).destroy();
});

test('describes errors of the system and of SQLite in words', () => {
  const file = '/data/cambio.db';
  const said = (error: object): string => explainSqlite(Object.assign(new Error('raw text'), error), file).message;
  assert.equal(
    said({ code: 'ERR_SQLITE_ERROR', errcode: 1032 }),
    `cannot open the database ${file}: it can only be read. Give the user that runs cambio the right to write to the file and its folder`,
  );
  assert.equal(
    said({ code: 'ERR_SQLITE_ERROR', errcode: 11 }),
    `cannot open the database ${file}: it is damaged. Restore it from a backup`,
  );
  assert.equal(
    said({ code: 'EACCES', path: '/data', syscall: 'mkdir' }),
    `cannot open the database ${file}: /data: permission denied for the user that runs cambio`,
  );
  assert.equal(
    said({ code: 'ERR_SQLITE_ERROR', errcode: 2 }),
    `cannot open the database ${file}: SQLite reports the error 2`,
  );
});

test('a start waits for what may pass by itself, and for nothing that somebody must mend', () => {
  const failure = (members: object): Error => Object.assign(new Error('failed'), members);
  const wrapped = (cause: Error): Error => new Error('cannot open the database', { cause });
  for (const [error, passes] of [
    [failure({ code: 'ECONNREFUSED' }), true],
    [failure({ code: 'ENOTFOUND' }), true],
    [failure({ code: 'ENOENT', syscall: 'connect' }), true],
    [failure({ code: 'ENOENT', syscall: 'open' }), false],
    [failure({ code: '57P03' }), true],
    [failure({ code: '25006' }), true],
    [failure({ code: '53300' }), true],
    [failure({ code: '28P01' }), false],
    [failure({ code: '28000' }), false],
    [failure({ code: '3D000' }), false],
    [failure({ code: '42501' }), false],
    [failure({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }), false],
    [new Error('timeout exceeded when trying to connect'), true],
    [new Error('Connection terminated unexpectedly'), true],
    [new Error('The server does not support SSL connections'), false],
    [failure({ errcode: 5 }), true],
    [failure({ errcode: 26 }), false],
    [new Refusal('store_unavailable'), true],
    [new SchemaError('older'), false],
    [new Error('something else'), false],
  ] as const) {
    assert.equal(mayPass(error), passes, `${error} ${JSON.stringify(error)}`);
    if (!(error instanceof Refusal || error instanceof SchemaError)) assert.equal(mayPass(wrapped(error)), passes);
  }
});
