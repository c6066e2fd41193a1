// Fails if a test changes a configuration by replacing text: a replacement that finds nothing goes unnoticed. Tests use `changed` of
// packages/server/test/support/configuration.ts, or write the whole text.
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const PLACES = 'packages/server/test/**/*.ts,bench/**/*.ts,examples/**/*.ts'.split(',');

/** Replacements in the text of a configuration, and searches for a key in it. */
const KEY =
  'issuer|server|store|sealingKey|resources|clients|issuers|rules|accounts|upstream|audit|keys|limits|port|tls|id|auth|secret|' +
  'plain|grants?|audiences?|scopes|locations|token|client|subject|actor|types|accepts|lifetime|mode|refreshToken|when|tests';
const SURGERY = [
  /\b(?:yaml|\w*[cC]onfiguration|quickstart|with[A-Z]\w*\([^\n]*\)|life\([^\n]*\)|trusting\w*\([^\n]*\)|[A-Z_]*RULE|BESIDE)\s*\.(?:replace|replaceAll|split)\((?!'\\n')/g,
  /\$\{(?:\w*[cC]onfiguration|with[A-Z]\w*\([^\n}]*\)|(?:life|trusting)\([^\n}]*\))\}/g,
  /\.yaml'\)\s*\.(?:replace|replaceAll|split)\(/g,
  /\.(?:replace|replaceAll)\(\s*['"`](?:\[[\w, ]+\]|\{ \w+:|sqlite:)/g,
  new RegExp(`\\.(?:replace|replaceAll|split|indexOf)\\(\\s*['"\`/][\\^ \\-{,]*(?:${KEY}):(?![/:\\w])`, 'g'),
];

const faults = PLACES.flatMap((place) => globSync(place, { cwd: ROOT, exclude: ['**/node_modules/**'] })).flatMap(
  (file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    return SURGERY.flatMap((pattern) => [...text.matchAll(pattern)]).map(({ index }) => {
      const line = text.slice(0, index).split('\n').length;
      return `${file}:${line}: changes the text of a configuration; use changed(...) of test/support/configuration.ts`;
    });
  },
);

for (const fault of new Set(faults)) console.error(fault);
console.log(`configurations: ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
