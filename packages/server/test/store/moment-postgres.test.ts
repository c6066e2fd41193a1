// A restore of PostgreSQL to a moment, from a base backup and the archive of its log.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { cambio } from '../support/command.ts';
import { changed, yamlOf } from '../support/configuration.ts';
import { eventually, isActiveAt, own, shared, startNode } from '../support/node.ts';
import { administeredLife } from '../support/nodes.ts';
import { query, startPostgres } from '../support/postgres.ts';
import { temporaryFolder } from '../support/program.ts';

const archive = mkdtempSync(join(tmpdir(), 'cambio-archive-'));
after(() => rmSync(archive, { recursive: true, force: true }));
chmodSync(archive, 0o777);
const primary = await startPostgres({ after }, ['-c', 'archive_mode=on', '-c', `archive_command=cp %p ${archive}/%f`]);

const through = (url: string, port: number): string => url.replace(/:\d+\//, `:${port}/`);

test('a restore of a moment has the audit up to it, and all that was issued before can be revoked, as documented', async (t) => {
  const url = await primary.database();
  const world = shared(url, administeredLife());
  const node = await startNode(t, world);
  const first = await own(node);
  const backup = await primary.backUp(t);
  const second = await own(node);
  const [{ moment } = {}] = await query(url, 'select clock_timestamp()::text as moment');
  assert.equal((await own(node)).status, 200);
  assert.equal((await query(url, "select request_id from audit where client = 'gateway'")).length, 3);
  const [{ file } = {}] = await query(url, 'select pg_walfile_name(pg_switch_wal()) as file');
  await eventually(
    () => query(url, `select last_archived_wal >= '${file}' as is_archived from pg_stat_archiver`),
    ([row]) => row?.is_archived === true,
  );
  node.signal('SIGTERM');
  await node.exited;
  const restored = await backup.start('recovery', [
    ...['-c', 'archive_mode=off', '-c', `restore_command=cp ${archive}/%f %p`],
    ...['-c', `recovery_target_time=${moment}`, '-c', 'recovery_target_action=promote'],
  ]);
  const again = through(url, restored.port);
  await eventually(
    () => query(again, 'select pg_is_in_recovery() as recovers'),
    ([row]) => row?.recovers === false,
  );
  assert.equal(
    (await query(again, "select request_id from audit where client = 'gateway'")).length,
    2,
    'the third came later',
  );
  const configuration = join(temporaryFolder(t), 'cambio.yaml');
  writeFileSync(configuration, yamlOf(changed(world, { store: again })));
  for (const words of [
    ['tokens', 'revoke', '--all', '--yes'],
    ['audit', 'verify'],
  ]) {
    const { code, stderr } = await cambio(t, [...words, '--config', configuration], { env: { PORT: '1' } });
    assert.equal(code, 0, stderr);
  }
  const later = await startNode(t, changed(world, { store: again }));
  for (const { body } of [first, second]) assert.equal(await isActiveAt(later, body.access_token), false);
  const { body } = await own(later);
  assert.equal(await isActiveAt(later, body.access_token), true);
});
