// Reads the report of `stryker run`, writes the scores into docs/evidence/mutation.md, and fails if a mutant that no test noticed has
// no reason there, or a reason has no mutant.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { schema } from '@stryker-mutator/api/core';

const ROOT = join(import.meta.dirname, '..');
const SOURCES = 'packages/server/src/';
const PAGE = join(ROOT, 'docs/evidence/mutation.md');

const report: schema.MutationTestResult = JSON.parse(
  readFileSync(join(ROOT, 'node_modules/.cache/mutation/report.json'), 'utf8'),
);
const page = readFileSync(PAGE, 'utf8');
const files = Object.entries(report.files)
  .map(([path, { source, mutants }]) => ({ name: path.replace(SOURCES, ''), lines: source.split('\n'), mutants }))
  .toSorted((a, b) => (a.name < b.name ? -1 : 1));
type Mutants = (typeof files)[number]['mutants'];

const having = (mutants: Mutants, ...statuses: readonly schema.MutantStatus[]): Mutants =>
  mutants.filter(({ status }) => statuses.includes(status));

/** A file, a part of the line with its survivors, and the reason. */
const rows = [...page.matchAll(/^\| `([^`]+\.ts)` \| `(.+?)` \| .+ \|$/gm)].map(([, name = '', code = '']) => ({
  name,
  code: code.replaceAll('\\|', '|'),
  used: false,
}));

const faults: string[] = [];
for (const { name, lines, mutants } of files) {
  for (const { location, replacement } of having(mutants, 'Survived', 'NoCoverage')) {
    const line = lines[location.start.line - 1] ?? '';
    const row = rows.find((one) => one.name === name && line.includes(one.code));
    if (row === undefined)
      faults.push(`${name}:${location.start.line}: no reason for ${replacement} in ${line.trim()}`);
    else row.used = true;
  }
}
for (const { name, code, used } of rows) if (!used) faults.push(`${name}: nothing survives in ${code}`);

/** Mutants that a test detects, of all that a test could. A timeout counts as detected. */
function scoreRow(name: string, mutants: Mutants): string {
  const detected = having(mutants, 'Killed', 'Timeout').length;
  const survived = having(mutants, 'Survived', 'NoCoverage').length;
  return `| ${name} | ${detected} | ${survived} | ${((100 * detected) / (detected + survived)).toFixed(1)} % |`;
}

const scores = [
  '| file | noticed | survived | score |',
  '|---|---|---|---|',
  ...files.map(({ name, mutants }) => scoreRow(`\`${name}\``, mutants)),
  scoreRow(
    '**all**',
    files.flatMap(({ mutants }) => mutants),
  ),
].join('\n');
writeFileSync(PAGE, page.replace(/(?<=^## Scores\n\n)[\s\S]*?(?=\n\n## )/m, scores));

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
