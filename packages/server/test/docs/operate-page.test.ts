// Runs every command of docs/guides/operate.md and docs/reference/audit-log.md, on a server that is started as the page says.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../support/harness.ts';
import { blocksOf, followPage, readPage } from '../support/pages-of-docs.ts';
import { repository, temporaryFolder } from '../support/program.ts';

const missing = ['curl', 'openssl', 'sqlite3'].filter((name) => spawnSync('which', [name]).status !== 0);

test('every command prints what the pages show', {
  skip: missing.length > 0 && `this machine lacks ${missing.join(' and ')}`,
  timeout: 180_000,
}, async (t) => {
  const cwd = temporaryFolder(t);
  const PORT = String(await freePort());
  mkdirSync(join(cwd, 'deploy'));
  symlinkSync(join(repository, 'node_modules'), join(cwd, 'node_modules'));
  const file = readFileSync(join(repository, 'deploy/cambio.yaml'), 'utf8');
  writeFileSync(join(cwd, 'deploy/cambio.yaml'), file.replace(/^ {2}metrics: .*$/m, `  metrics: off\n  port: ${PORT}`));
  const page = readPage('docs/guides/operate.md');
  const restore = page.indexOf('To restore, stop every node');
  const walk = await followPage(t, blocksOf(page.slice(0, page.indexOf('## Signing keys'))), {
    cwd,
    env: { HOME: cwd, PORT },
  });
  await walk.run('cd ~/cambio');
  await walk.follow(blocksOf(page.slice(page.indexOf('## Signing keys'), restore)));
  await walk.run('echo $TOKEN > token.txt; curl -s $CAMBIO_ISSUER/.well-known/jwks.json > jwks.json');
  await walk.follow(blocksOf(readPage('docs/reference/audit-log.md')));
  await walk.stop();
  await walk.follow(blocksOf(page.slice(restore)));
});
