// cambio store rollback, as it is typed after an upgrade that is regretted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertIssued, configuration, gateway, startBasic } from '../support/basics.ts';
import { beside } from '../support/command.ts';
import { everythingIn, start } from '../support/harness.ts';

const names = (server: { folder: string }): string[] =>
  (everythingIn(server).migrations as { name: string }[]).map(({ name }) => name);

test('the last step is taken back once, and the next start takes it again and goes on', async (t) => {
  const server = await startBasic(t);
  const before = names(server);
  await server.close();
  const taken = await beside(t, server, ['store rollback', '--discard']);
  assert.equal(taken.code, 0);
  assert.equal(taken.stdout, `${before.at(-1)} is taken back; the next start of this version would make it again\n`);
  assert.deepEqual(names(server), before.slice(0, -1));
  const twice = await beside(t, server, ['store rollback', '--discard']);
  assert.equal(twice.code, 1);
  assert.match(twice.stderr, /^cambio: the last step of the database is/);
  const again = await start(t, configuration, { folder: server.folder });
  assert.deepEqual(names(again), before);
  assertIssued(again, await again.token({ grant_type: 'client_credentials', ...gateway }));
});
