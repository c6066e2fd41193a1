// Messages about a failed file, connection or certificate, and suggestions for a mistyped name.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { describeError, describeFailure, describeListenFailure } from '../../src/primitives/failure.ts';
import { didYouMean } from '../../src/primitives/nearest.ts';
import { freePort } from '../support/harness.ts';

const failureOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    return describeFailure(error);
  }
  throw new Error('it did not fail');
};

const coded = (code: string, message = 'raw text'): Error => Object.assign(new Error(message), { code });

test('describes a failure of the system in plain words, whichever error wraps it', async () => {
  assert.equal(await failureOf(() => readFileSync('/nowhere/file')), 'there is no such file');
  assert.equal(await failureOf(() => readFileSync('/')), 'it is a folder, not a file');
  const port = await freePort();
  assert.equal(await failureOf(() => fetch(`http://127.0.0.1:${port}`)), 'nothing listens on that port');
  assert.equal(
    await failureOf(() => fetch(`http://localhost:${port}`)),
    'nothing listens on that port',
    'two addresses',
  );
  assert.match(await failureOf(() => fetch('http://localhost:1')), /^that port is for another protocol/);
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const url = `http://127.0.0.1:${(silent.address() as { port: number }).port}`;
  assert.equal(await failureOf(() => fetch(url, { signal: AbortSignal.timeout(20) })), 'there was no answer in time');
  silent.close();
  assert.equal(
    describeFailure(new TypeError('fetch failed', { cause: coded('CERT_HAS_EXPIRED') })),
    'its certificate has expired',
  );
});

test('shows the message of an error that ends a command, or its file and the reason', () => {
  const cause = Object.assign(new Error('raw'), { code: 'ECONNREFUSED' });
  assert.equal(describeError(new Error('cannot open the database', { cause })), 'cannot open the database');
  try {
    readFileSync('/nowhere/file');
  } catch (error) {
    assert.equal(describeError(error), 'cannot use /nowhere/file: there is no such file');
  }
  const taken = Object.assign(new Error('raw'), { code: 'EADDRINUSE' });
  assert.equal(
    describeListenFailure(taken, { host: '127.0.0.1', port: 8080 }, 'server'),
    'cannot listen on 127.0.0.1 port 8080: another program listens there. Stop that program, or write another port in server.port',
  );
});

test('shows an unknown code without its raw text, and keeps the message of an error of ours', () => {
  assert.equal(describeFailure(coded('ERR_OSSL_UNSUPPORTED')), 'the system reports ERR_OSSL_UNSUPPORTED');
  assert.equal(describeFailure(new Error('the key does not fit')), 'the key does not fit');
  assert.equal(describeFailure(new AggregateError([], '')), 'the cause is not known');
  assert.equal(describeFailure(undefined), 'the cause is not known');
});

test('suggests the most similar known name, and none if no name is similar', () => {
  const known = ['server', 'store', 'sealingKey', 'client_secret_basic', 'client_secret_post'];
  for (const [text, said] of [
    ['sever', ' Did you mean server?'],
    ['strore', ' Did you mean store?'],
    ['sotre', ' Did you mean store?'],
    ['sealing_key', ' Did you mean sealingKey?'],
    ['Server', ' Did you mean server?'],
    ['secret_basic', ' Did you mean client_secret_basic?'],
    ['client-secret-basic', ' Did you mean client_secret_basic?'],
    ['colour', ''],
    ['', ''],
    ['x', ''],
    ['x'.repeat(100_000), ''],
  ] as const)
    assert.equal(didYouMean(text, known), said, text);
});
