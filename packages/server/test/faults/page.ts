// Updates docs/evidence/reliability.md between two marks. A run of some faults replaces only their lines.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { repository } from '../support/program.ts';
import { faults } from './rows/index.ts';
import { formatHead, formatLine, type Line } from './table.ts';

const PAGE = join(repository, 'docs/evidence/reliability.md');
const MARKS = /(?<=<!-- written by npm run faults -->\n).*(?=<!-- end -->)/s;

export function writePage(lines: readonly Line[]): void {
  const page = readFileSync(PAGE, 'utf8');
  const before = MARKS.exec(page)?.[0].split('\n') ?? [];
  const rows = faults.flatMap(({ id }) => {
    const line = lines.find((one) => one.id === id);
    return (line && formatLine(line)) ?? before.find((row) => row.startsWith(`| ${id} `)) ?? [];
  });
  const machine = `${availableParallelism()} cores, Node ${process.versions.node}.`;
  writeFileSync(
    PAGE,
    page.replace(MARKS, () => ['', formatHead(), ...rows, '', machine, ''].join('\n')),
  );
}
