// Checks the layers. In packages/server/src a file imports its own folder and folders below it, never above, and some packages and
// functions are allowed in some files only. check-shape.ts finds circular imports.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const SOURCE = resolve(import.meta.dirname, '../packages/server/src');

/** From the top. `main.ts`, `app.ts` and the files beside it are their own layers, and so is `stop.ts` below them. */
const LAYERS = [
  'main.ts',
  'cli',
  'app.ts',
  'upkeep.ts',
  'open-node.ts',
  'offline.ts',
  'in-force.ts',
  'configuration-record.ts',
  'removed-owners.ts',
  'node-readiness.ts',
  'services.ts',
  'base.ts',
  'administration.ts',
  'draft',
  'stop.ts',
  'config',
  'metrics',
  'http',
  'sign-in',
  'grants',
  'explain',
  'exchange',
  'subject-tokens',
  'proof',
  'client-auth',
  'policy',
  'narrowing',
  'issuing',
  'regions',
  'audit-retention',
  'saml',
  'trust',
  'model',
  'keys',
  'outbound',
  'audit',
  'store',
  'expression',
  'primitives',
];

/** Rounds numbers and accepts duplicate members. parseJsonObject refuses both. */
const OTHER_JSON = /JSON\.parse\b|(?<!\bz)\.json\(\)/;

/** Decode bytes and replace invalid ones, or drop a byte order mark. decodeUtf8 refuses invalid UTF-8. */
const OTHER_TEXT =
  /TextDecoder|StringDecoder|\bisUtf8\b|(?<!charset=)['"]utf-?8['"]|\.text\(\)|\bsetEncoding\((?!'latin1')|\butf8Slice\b|Buffer\.(?:from|concat)\([^)]*\)\.toString\(\)/i;

/** A package or a name, and the only places that may use it. */
const RESERVED = [
  // Use primitives/node-http.ts. Types cost nothing.
  { what: /^import (?!type )[^;]*from 'node:http'/m, where: /^$/ },
  { what: /from 'path-to-regexp'/, where: /^http\/router\.ts$/ },
  { what: /from 'prom-client'/, where: /^metrics\// },
  { what: /from '@opentelemetry\/api'/, where: /^(primitives\/tracing|http\/trace)\.ts$/ },
  { what: /from 'kysely'|from 'node:sqlite'/, where: /^store\// },
  { what: /console\.(?:log|error)\(|process\.stdout\.write\(/, where: /^(primitives\/log|cli\/print)\.ts$/ },
  { what: /process\.env/, where: /^(config|cli)\// },
  { what: /\bauthorize\(/, where: /^(grants\/|exchange\/exchange\.ts|issuing\/authorization\.ts)/ },
  {
    what: /\bsignCompact\(/,
    where: /^(issuing\/|regions\/messages\.ts|audit-retention\/statement-signer\.ts|keys\/jws\.ts)/,
  },
  // Texts in certificates have their own encodings. Text that we sealed is authenticated.
  { what: OTHER_TEXT, where: /^(primitives\/utf8|client-auth\/der|keys\/sealing)\.ts$/ },
  { what: OTHER_JSON, where: /^primitives\/strict-json\.ts$/ },
  { what: /\bvouchFor\b/, where: /^(primitives\/principal\.ts|exchange\/delegation\.ts|explain\/)/ },
  { what: /\bas Narrowed\b/, where: /^narrowing\/narrow\.ts$/ },
  { what: /\bas Permit\b/, where: /^policy\/evaluate-rule\.ts$/ },
  { what: /\bas Authorization\b/, where: /^issuing\/authorization\.ts$/ },
  { what: /\bas Vouched\b/, where: /^primitives\/principal\.ts$/ },
  { what: /\bas ValidatedToken\b/, where: /^subject-tokens\/validated-token\.ts$/ },
  { what: /\bas ResourceToken\b/, where: /^subject-tokens\/resource-token\.ts$/ },
  { what: /\bas Recordable\b/, where: /^primitives\/redact\.ts$/ },
  { what: /\bas TallyKey\b/, where: /^primitives\/tallies\.ts$/ },
  { what: /\basValidated\(/, where: /^subject-tokens\// },
];

/** A module variable, or an empty collection: caches are objects that services.ts creates. A WeakMap is allowed: entries end with their keys. */
const MODULE_STATE = /^(?:export )?(?:let |var |const \w+ = new (?:Map|Set)(?:<.*>)?\(\))/m;

/** Files that decide. They use only their arguments, so that simulated and recorded requests are judged like real ones. */
const PURE =
  /^(?:exchange\/(?:judge|judge-again|delegation|binding|other-server|refuse|remember)\.ts|(?:narrowing|policy|expression)\/)/;
/** Other files that these may load. */
const PURE_GROUND =
  /^(?:primitives\/(?!tracing|clock|log|random)|model\/|node:(?:util|crypto|buffer)$|@marcbachmann\/cel-js$|re2js$)/;
/** `import type` does not exist at run time, nor does an import whose names are all marked as types. */
const VALUE_IMPORT = /(?:^(?:import|export)\s(?!type\s)[^;']*?(?<=from\s)|^import\s|\bimport\()'([^']+)'/gm;

const IMPORT = /(?:from|import)[\s(]*'(\.[^']+)'/g;

const files = globSync('**/*.{ts,mjs}', { cwd: SOURCE });
const faults: string[] = [];

for (const file of files) {
  const text = readFileSync(join(SOURCE, file), 'utf8');
  const targets = [...text.matchAll(IMPORT)].map(([, path]) =>
    relative(SOURCE, resolve(SOURCE, dirname(file), path ?? '')),
  );
  const layer = LAYERS.indexOf(file.split('/')[0] ?? '');
  if (layer === -1) faults.push(`${file}: in no layer`);
  for (const target of targets) {
    if (LAYERS.indexOf(target.split('/')[0] ?? '') < layer)
      faults.push(`${file}: imports ${target}, which is above it`);
  }
  if (MODULE_STATE.test(text)) faults.push(`${file}: keeps state in the module`);
  for (const { what, where } of RESERVED) {
    if (what.test(text) && !where.test(file)) faults.push(`${file}: ${what.source} is not for this place`);
  }
}

for (const file of files.filter((one) => PURE.test(one))) {
  for (const [one, path] of reachedFrom(file)) {
    if (!PURE.test(one) && !PURE_GROUND.test(one)) faults.push(`${file}: is not pure, since ${path.join(' → ')}`);
  }
}

/** What the file loads: packages by name, files with the path of imports. */
function reachedFrom(file: string): ReadonlyMap<string, readonly string[]> {
  const reached = new Map([[file, [file]]]);
  for (const [one, path] of reached) {
    const text = files.includes(one) ? readFileSync(join(SOURCE, one), 'utf8') : '';
    for (const [, target = ''] of text.matchAll(VALUE_IMPORT)) {
      const name = target.startsWith('.') ? relative(SOURCE, resolve(SOURCE, dirname(one), target)) : target;
      if (!reached.has(name)) reached.set(name, [...path, name]);
    }
  }
  return reached;
}

const RESOURCE_SERVER = resolve(import.meta.dirname, '../packages/resource-server/src');
for (const file of globSync('**/*.ts', { cwd: RESOURCE_SERVER })) {
  const text = readFileSync(join(RESOURCE_SERVER, file), 'utf8');
  for (const [what, where] of [
    [OTHER_JSON, 'json.ts'],
    [OTHER_TEXT, 'utf8.ts'],
  ] as const)
    if (file !== where && what.test(text))
      faults.push(`packages/resource-server/src/${file}: ${what.source} is not for this place`);
}

for (const fault of faults) console.error(fault);
console.log(`layers: ${files.length} files, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
