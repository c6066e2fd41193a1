// Checks that a test names every requirement that we claim to hold, and that all files and ids in the claims exist.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  codePath,
  REPOSITORY,
  type Requirement,
  readPages,
  readTests,
  requirementsOf,
  verdicts,
} from './conformance.ts';

const requirements = readPages().flatMap(requirementsOf);
const tests = readTests();
const known = new Set(requirements.map(({ id }) => id));
const named = new Set(tests.flatMap(({ ids }) => ids));
const divergences = readFileSync(join(REPOSITORY, 'docs/explanation/divergences.md'), 'utf8');

function* faultsOf({ id, verdict, code, note }: Requirement): Generator<string> {
  if (!(verdict in verdicts)) yield `"${verdict}" is not a verdict`;
  if (verdict === 'absent') {
    if (note === '') yield 'does not say why it is absent';
    return;
  }
  if (code.length === 0) yield 'no code holds it';
  if (!named.has(id)) yield 'no title of a test names it';
  if (verdict === 'configured' && note === '') yield 'does not say by which configuration';
  if (verdict === 'departs' && !divergences.includes(id))
    yield 'departs, and docs/explanation/divergences.md does not name it';
  for (const path of code) if (!existsSync(join(REPOSITORY, codePath(path)))) yield `${path} does not exist`;
}

const faults = requirements.flatMap((requirement) =>
  [...faultsOf(requirement)].map((it) => `${requirement.id}: ${it}`),
);
for (const [index, { id }] of requirements.entries()) {
  if (requirements.findIndex((other) => other.id === id) !== index) faults.push(`${id}: stands twice`);
}
for (const { name, page, ids } of tests) {
  for (const id of ids) if (!known.has(id)) faults.push(`${page}, ${name}: ${id} is not a requirement`);
}

for (const fault of faults) console.error(fault);
console.log(
  `conformance: ${requirements.length} requirements, ${tests.length} tests that name them, ${faults.length} faults`,
);
process.exitCode = faults.length === 0 ? 0 : 1;
