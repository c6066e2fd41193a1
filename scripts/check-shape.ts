// Checks that in packages/server/src only one file exports a name, and that tests, bench and examples import layers below them only,
// without circles.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const faults: string[] = [];
const read = (pattern: string): ReadonlyMap<string, string> =>
  new Map(
    globSync(pattern, { cwd: ROOT, exclude: ['**/node_modules/**'] }).map((file) => [
      file,
      readFileSync(join(ROOT, file), 'utf8'),
    ]),
  );

/** From the top, each with its files. A file imports its own layer and those below. The first match counts. */
const LAYERS: readonly (readonly [name: string, files: RegExp])[] = [
  ['bench', /^bench\//],
  ['interop', /^interop\//],
  ['test files', /\.test\.ts$|^packages\/server\/test\/bin\/binary\.ts$/],
  ['examples', /^examples\//],
  ['scripts', /^scripts\//],
  ['attacks', /^packages\/server\/test\/attacks\//],
  ['faults', /^packages\/server\/test\/faults\//],
  ['fuzz', /^packages\/server\/test\/fuzz\//],
  ['vectors', /^packages\/server\/test\/vectors\//],
  ['what tests of the resource server share', /^packages\/resource-server\/test\//],
  ['what tests of the client share', /^packages\/client\/test\//],
  ['what tests of the console share', /^packages\/console\/test\//],
  ['what tests share', /^packages\/server\/test\/support\//],
  ['the resource server', /^packages\/resource-server\/src\//],
  ['the client', /^packages\/client\/src\//],
  ['the console', /^packages\/console\/src\//],
  ['the server', /^packages\/server\/(?:src|bin)\//],
];
const layerOf = (file: string): number => LAYERS.findIndex(([, files]) => files.test(file));

const IMPORT = /(?:from|import)[\s(]*'(\.[^']+\.ts)'/g;
const files = read('{packages/*/{src,test},bench,examples,interop,scripts}/**/*.{ts,mjs}');
const imports = new Map(
  [...files].map(([file, text]) => [
    file,
    [...text.matchAll(IMPORT)]
      .map(([, path = '']) => relative(ROOT, resolve(ROOT, dirname(file), path)))
      .filter((target) => files.has(target)),
  ]),
);

for (const [file, targets] of imports) {
  const layer = layerOf(file);
  if (layer === -1) faults.push(`${file}: in no layer`);
  for (const target of targets) {
    const below = layerOf(target);
    if (below < layer) faults.push(`${file}: imports ${target}, which is above it`);
    if (/\.test\.ts$/.test(target)) faults.push(`${file}: imports ${target}, which is a test`);
  }
}

const finished = new Set<string>();
function findCircle(file: string, path: readonly string[]): void {
  if (path.includes(file)) {
    faults.push(`a circle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`);
  } else if (!finished.has(file)) {
    for (const target of imports.get(file) ?? []) findCircle(target, [...path, file]);
    finished.add(file);
  }
}
for (const file of files.keys()) findCircle(file, []);

const EXPORT =
  /^export (?:declare )?(?:async )?(?:const|let|function\*?|(?:abstract )?class|interface|type|enum) (\w+)/gm;
const exporters = new Map<string, Set<string>>();
for (const [file, text] of read('packages/server/src/**/*.{ts,mjs}')) {
  for (const [, name = ''] of text.matchAll(EXPORT)) exporters.set(name, (exporters.get(name) ?? new Set()).add(file));
}
for (const [name, places] of exporters) {
  if (places.size > 1) faults.push(`${name}: means something in each of ${[...places].join(', ')}`);
}

for (const fault of faults) console.error(fault);
console.log(`shape: ${files.size} files, ${exporters.size} exported names, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
