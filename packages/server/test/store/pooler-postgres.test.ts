// Nodes behind a pooler in transaction mode: no settings of a session, no notifications, and still one state.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { admin } from '../support/admin-api.ts';
import { cambio } from '../support/command.ts';
import { changed, yamlOf } from '../support/configuration.ts';
import {
  eventually,
  exchangeAt,
  isActiveAt,
  own,
  refreshAt,
  revokeAt,
  type ServerNode,
  served,
  shared,
  startNode,
} from '../support/node.ts';
import { administeredLife } from '../support/nodes.ts';
import { startPooler } from '../support/pooler.ts';
import { query, startPostgres } from '../support/postgres.ts';
import { temporaryFolder } from '../support/program.ts';

const postgres = await startPostgres({ after });

/** Runs a command with a configuration for this database. */
async function runWith(t: TestContext, url: string, words: readonly string[], more = {}) {
  const file = join(temporaryFolder(t), 'cambio.yaml');
  writeFileSync(file, yamlOf(changed(shared(url, administeredLife()), more)));
  return cambio(t, [...words, '--config', file], { env: { PORT: '1' } });
}

/** All that a server does with its database. */
async function useAll(node: ServerNode): Promise<void> {
  const issued = await own(node);
  assert.equal(issued.status, 200, issued.text);
  const exchanged = await exchangeAt(node, issued.body.access_token);
  assert.equal(exchanged.status, 200, exchanged.text);
  const refreshed = await refreshAt(node, exchanged.body.refresh_token);
  assert.equal(refreshed.status, 200, refreshed.text);
  assert.equal((await revokeAt(node, refreshed.body.refresh_token)).status, 200);
  assert.equal((await refreshAt(node, refreshed.body.refresh_token)).status, 400);
}

test('nodes work behind a pooler that gives each transaction another session', async (t) => {
  const url = await postgres.database();
  const pooler = await startPooler(t, url);
  const through = pooler.through(url);
  const unset = await runWith(t, through, ['store', 'migrate']);
  assert.equal(unset.code, 1);
  assert.match(
    unset.stderr,
    /alter role cambio set idle_in_transaction_session_timeout = '2000ms'; alter role cambio set lock_timeout = '400ms'; alter role cambio set statement_timeout = '450ms', and reconnect/,
  );
  const name = new URL(url).pathname.slice(1);
  for (const [setting, value] of [
    ['statement_timeout', 450],
    ['lock_timeout', 400],
    ['idle_in_transaction_session_timeout', 2000],
  ])
    await query(url, `alter role cambio in database ${name} set ${setting} = '${value}ms'`);
  const ready = await startPooler(t, url);
  const source = shared(ready.through(url), administeredLife());
  const [one, two] = [await startNode(t, source), await startNode(t, source)];
  await Promise.all([useAll(one), useAll(two)]);
  const { body } = await own(one);
  await eventually(
    () => isActiveAt(two, body.access_token),
    (active) => active === true,
  );
  assert.equal((await revokeAt(one, body.access_token)).status, 200);
  // Without notifications, a poll reads it.
  await eventually(
    () => isActiveAt(two, body.access_token),
    (active) => active === false,
  );
  const found = await served(() => admin({ ...two, issuer: two.url }, 'GET /audit?outcome=revoked'));
  assert.ok((found.body.items as unknown[]).length > 0, found.text);
  for (const words of [
    ['keys', 'rotate'],
    ['audit', 'verify'],
    ['audit', 'reindex'],
  ]) {
    const { code, stderr, stdout } = await runWith(t, ready.through(url), words);
    assert.equal(code, 0, `${words}: ${stderr}${stdout}`);
  }
  for (const count of ready.transactions()) assert.ok(count > 5, String(ready.transactions()));
  // A direct connection sends its settings, which a pooler refuses.
  const direct = await runWith(t, ready.through(url).replace('?pooler=transaction', ''), ['keys', 'list']);
  assert.equal(direct.code, 1, direct.stdout);
  assert.match(direct.stderr, /refuses the settings of the connection\. .* add pooler=transaction to the URL in store/);
});
