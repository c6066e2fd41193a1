// npm run cel-conformance [-- --from FOLDER]: evaluates the conformance tests of the CEL specification and writes
// docs/evidence/cel.md. Without a folder, it installs the package that contains them into a temporary folder.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Case, casesOf, type Suite, type Verdict, verdictOf } from './cel-case.ts';
import { formatCelPage } from './cel-page.ts';

const PACKAGE = '@bufbuild/cel-spec';
const VERSION = '0.6.1';

const { values } = parseArgs({ options: { from: { type: 'string' } } });
const FILE = join('node_modules', PACKAGE, 'dist/esm/testdata/conformance.js');
if (values.from !== undefined && !existsSync(join(values.from, FILE))) {
  console.error(
    `--from ${values.from}: there is no ${FILE} in this folder. Run npm install ${PACKAGE}@${VERSION} in it.`,
  );
  process.exit(2);
}
const folder = values.from === undefined ? install() : { path: resolve(values.from), remove: () => undefined };
try {
  const file = join(folder.path, FILE);
  const { tests }: { tests: Suite } = await import(pathToFileURL(file).href);
  const judged = casesOf(tests).map((one): readonly [Case, Verdict] => [one, verdictOf(one)]);
  writeFileSync(
    join(import.meta.dirname, '../docs/evidence/cel.md'),
    formatCelPage(judged, { name: PACKAGE, version: VERSION }),
  );
  const count = (kind: Verdict['kind']): number => judged.filter(([, verdict]) => verdict.kind === kind).length;
  for (const [{ path, expr }, verdict] of judged)
    if (verdict.kind === 'disagrees') console.log(`${path}: ${expr}: ${verdict.because}`);
  console.log(`${count('agrees')} of ${count('agrees') + count('disagrees')} tests that apply agree`);
} finally {
  folder.remove();
}

function install(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'cel-conformance-'));
  writeFileSync(join(path, 'package.json'), '{ "private": true }');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
  execFileSync('npm', ['install', ...options, `${PACKAGE}@${VERSION}`], { cwd: path, stdio: 'inherit' });
  return { path, remove: () => rmSync(path, { recursive: true }) };
}
