// Checks that docs/explanation/dependencies.md has a row with a reason for each direct dependency and nothing else, that the lock file
// has a hash for each package, and that no runtime package has an install script.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { directDependencies, lockedPackages, ROOT } from './manifests.ts';

const PAGE = 'docs/explanation/dependencies.md';
const faults: string[] = [];

/** The reasons in a section, by name. A duplicate name is a fault. */
function reasonsUnder(heading: string): ReadonlyMap<string, string> {
  const page = readFileSync(join(ROOT, PAGE), 'utf8');
  const section = page.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? '';
  const rows = [...section.matchAll(/^\| `([^`]+)` \|(.*)\|$/gm)];
  const reasons = new Map(rows.map(([, name = '', reason = '']) => [name, reason.trim()]));
  if (reasons.size < rows.length) faults.push(`${PAGE}: a dependency stands twice under "${heading}"`);
  return reasons;
}

function compare(names: ReadonlySet<string>, heading: string): void {
  const reasons = reasonsUnder(heading);
  for (const name of names) if (!reasons.get(name)) faults.push(`${name}: no reason in ${PAGE} under "${heading}"`);
  for (const name of reasons.keys())
    if (!names.has(name))
      faults.push(`${PAGE}: ${name} under "${heading}" is in no package.json, or belongs elsewhere`);
}

const { running, developing } = directDependencies();
compare(running, 'What runs');
compare(developing, 'What builds and tests');

for (const { name, integrity, dev, hasInstallScript } of lockedPackages()) {
  if (integrity === undefined) faults.push(`${name}: no hash in package-lock.json`);
  if (hasInstallScript && !dev) faults.push(`${name}: runs, and has an install script`);
}

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
