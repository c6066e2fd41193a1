// What `cambio check` and `cambio serve` say of the way to the database.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { configuration } from '../support/basics.ts';
import { cambio } from '../support/command.ts';
import { yamlOf } from '../support/configuration.ts';
import { freePort } from '../support/harness.ts';
import { shared } from '../support/node.ts';
import { temporaryFolder } from '../support/program.ts';

async function run(t: TestContext, command: 'check' | 'serve', store: string) {
  const file = join(temporaryFolder(t), 'cambio.yaml');
  writeFileSync(file, yamlOf(shared(`\${STORE}`, configuration)));
  const env = { ISSUER: 'http://127.0.0.1:8080', PORT: '0', STORE: store };
  const { code, stderr } = await cambio(t, [command, '--config', file], { env });
  assert.doesNotMatch(stderr, /canary/);
  return { code, stderr };
}

test('check and serve warn of a connection in the clear, and of nothing else; a mode that may not verify and a password that is not encoded are faults', async (t) => {
  const port = await freePort();
  const url = `postgres://cambio:canary@0.0.0.0:${port}/cambio`;
  const warned = await run(t, 'check', `${url}?sslmode=disable`);
  assert.equal(warned.code, 0);
  assert.match(warned.stderr, /warning: store: the connection to the database is not encrypted/);
  const started = await run(t, 'serve', `${url}?sslmode=disable`);
  assert.equal(started.code, 1);
  assert.match(started.stderr, /warning: store: .*not encrypted/);
  assert.match(started.stderr, new RegExp(`the database 0.0.0.0 port ${port} cannot be opened`));
  for (const good of [url, `${url}?sslmode=verify-full`, url.replace('0.0.0.0', 'localhost')])
    assert.deepEqual(await run(t, 'check', good), { code: 0, stderr: '' });
  for (const [bad, fault] of [
    [`${url}?sslmode=prefer`, /store: sslmode must be verify-full, or disable/],
    [`${url}?sslmode=no-verify`, /store: sslmode must be verify-full, or disable/],
    [`${url}?sslrootcert=missing.pem`, /store: the file of sslrootcert cannot be read: ENOENT/],
    [url.replace('canary', '12/canary'), /store: .*percent-encode/],
  ] as const) {
    const { code, stderr } = await run(t, 'check', bad);
    assert.equal(code, 1);
    assert.match(stderr, fault);
  }
});
