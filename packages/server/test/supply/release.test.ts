// Checks what a release refuses, and what it finds in tarballs. `npm run release -- --dry-run` makes a whole one, which takes minutes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { faultsOf } from '../../../../scripts/release/contents.ts';
import { repository, runProgram, temporaryFolder } from '../support/program.ts';

const FILES = ['package.json', 'packages/server', 'packages/client', 'packages/resource-server'].map((one) =>
  one.endsWith('.json') ? one : `${one}/package.json`,
);

/** As the script begins: it says what it would make, and makes nothing. */
const BEGINS = `import { checkReady, readWish } from './scripts/release/ready.ts';
const wish = readWish(process.argv.slice(2));
console.log(wish.version, checkReady(wish));`;

test('a release is refused in one line until the commit, the versions, the tag and the changelog agree', async (t) => {
  const folder = temporaryFolder(t);
  for (const file of [...FILES, 'scripts']) cpSync(join(repository, file), join(folder, file), { recursive: true });
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
  const changelog = (date: string, text = '- It works.'): void =>
    write('CHANGELOG.md', `# Changelog\n\n## 0.1.0 - ${date}\n\n${text}\n\n## 0.0.9 - 2026-01-01\n\n- Older.\n`);
  changelog('unreleased');
  const folders = ['src/store/migrations', 'test/store/schemas/0001-first'].map((one) =>
    join(folder, 'packages/server', one),
  );
  for (const one of folders) mkdirSync(one, { recursive: true });
  for (const one of ['src/store/migrations/0001-first.ts', 'test/store/schemas/0001-first/sqlite.sql'])
    write(`packages/server/${one}`, '');
  write('begins.ts', BEGINS);
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
  const commit = (): string => git('add', '-A') + git('commit', '-qm', 'all');
  const run = async (file: string, args: string[], env: Record<string, string> = {}): Promise<string> => {
    const command = [process.execPath, '--disable-warning=ExperimentalWarning', file, ...args];
    const { stdout, stderr } = await runProgram(t, command, { cwd: folder, env: { GITHUB_REF: '', ...env } });
    return file === 'begins.ts' && stdout !== '' ? stdout : stderr;
  };
  const refused = async (
    words: RegExp,
    args: string[] = ['--dry-run'],
    env?: Record<string, string>,
  ): Promise<void> => {
    const line = await run('scripts/release.ts', args, env);
    assert.match(line, words);
    assert.match(line, /^release: [^\n]+\n$/);
  };
  const accepted = async (args: string[] = ['--dry-run'], env?: Record<string, string>): Promise<void> =>
    assert.equal(await run('begins.ts', args, env), '0.1.0 - It works.\n');
  const tagged = { GITHUB_REF: 'refs/tags/v0.1.0' };

  await refused(/git status fails in this folder: .*Work in a clone/);
  git('init', '-q');
  commit();
  await accepted();
  await refused(/nothing is published from this machine: push the tag v0\.1\.0/, []);
  await refused(/push the tag v0\.1\.0/, [], { GITHUB_REF: 'refs/heads/main' });
  await refused(/Unknown option '--dryrun'.*Usage: npm run release/, ['--dryrun']);
  await refused(/--version one is not a version such as 0\.1\.0/, ['--dry-run', '--version', 'one']);
  await refused(/--out scripts exists already/, ['--dry-run', '--out', 'scripts']);
  await refused(/CHANGELOG\.md has no section 0\.2\.0\. Begin it/, ['--dry-run', '--version', '0.2.0']);
  write('left.txt', '');
  await refused(/the working tree differs from the commit \(left\.txt\)/);
  rmSync(join(folder, 'left.txt'));
  await refused(/there is no tag v0\.1\.0/, [], tagged);
  git('tag', 'v0.1.0');
  await accepted();
  await refused(/Replace "unreleased" by the date/, [], tagged);
  changelog('2026-12-01');
  commit();
  await refused(/the tag v0\.1\.0 is on another commit/);
  git('tag', '-f', '-a', '-m', 'release', 'v0.1.0');
  await accepted([], tagged);
  changelog('2026-12-01', '');
  commit();
  git('tag', '-d', 'v0.1.0');
  await refused(/says nothing under "## 0\.1\.0 - 2026-12-01"/);
  changelog('2026-12-01');
  write('packages/server/src/store/migrations/0002-next.ts', '');
  commit();
  git('tag', 'v0.1.0');
  await refused(/schemas has no store of the schema 0002-next\. Run npm run schema-fixture/, [], tagged);
  await accepted();
  const manifest = readFileSync(join(folder, 'packages/client/package.json'), 'utf8');
  write('packages/client/package.json', manifest.replace('"0.1.0"', '"0.0.9"'));
  await refused(/packages\/client\/package\.json has version 0\.0\.9, not 0\.1\.0\. Run npm version 0\.1\.0/);
});

test('a tarball has the files of its list, and no trace of the machine that made it', (t) => {
  const folder = temporaryFolder(t);
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  const manifest = {
    name: '@cambio/client',
    version: '0.1.0',
    license: 'Apache-2.0',
    exports: { '.': './dist/index.js' },
  };
  const describe = (change: object): void => write('package.json', JSON.stringify({ ...manifest, ...change }));
  for (const file of ['LICENSE', 'README.md', 'dist/index.js', 'dist/testing/index.d.ts']) write(file, '');
  describe({});
  const faults = (): readonly string[] => faultsOf(folder, 'client', '0.1.0');
  assert.deepEqual(faults(), []);
  describe({
    version: '0.0.9',
    private: true,
    exports: { '.': { source: './src/index.ts', default: './dist/index.js' } },
  });
  assert.deepEqual(faults(), [
    'package.json says @cambio/client 0.0.9 Apache-2.0, not @cambio/client 0.1.0 Apache-2.0',
    'package.json has private',
    'package.json names ./src/index.ts, which is missing',
  ]);
  describe({});
  for (const file of ['dist/index.test.js', 'dist/test/index.js', 'dist/index.js.map', 'src/index.ts', '.npmrc']) {
    write(file, '');
    assert.deepEqual(faults(), [`${file} does not belong in it`]);
    rmSync(join(folder, file));
  }
  write('dist/index.js', `const here = '${repository}/packages';\n//# sourceMappingURL=index.js.map\n`);
  assert.deepEqual(faults(), [
    `dist/index.js names ${repository}, a place of this machine`,
    'dist/index.js names a source map',
  ]);
  rmSync(join(folder, 'LICENSE'));
  assert.ok(faults().includes('LICENSE is missing'));
});

test('the workflow names each action by the digest of a commit, and only the job that publishes has rights', () => {
  const text = readFileSync(join(repository, '.github/workflows/release.yml'), 'utf8');
  const { permissions, jobs } = parse(text);
  const used = [...text.matchAll(/uses: (\S+)(.*)/g)];
  assert.ok(used.length > 3);
  for (const [, action, version] of used)
    assert.match(`${action}${version}`, /^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  assert.deepEqual(permissions, {});
  assert.deepEqual(jobs.make.permissions, { contents: 'read' });
  assert.deepEqual(jobs.publish.permissions, { contents: 'write', 'id-token': 'write' });
  assert.ok(text.includes('npm publish') && text.includes('--provenance'));
  const scripts = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')).scripts;
  for (const [, name = ''] of text.matchAll(/npm run ([\w:-]+)/g)) assert.ok(name in scripts, name);
});
