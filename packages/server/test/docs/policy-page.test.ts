// Checks docs/guides/policy.md: validates every file, runs every command, and compares the output with the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ConfigurationError } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { changed, dataOf, yamlOf } from '../support/configuration.ts';
import { blocksOf, followPage, readPage } from '../support/pages-of-docs.ts';

const PAGE = readPage('docs/guides/policy.md');
const blocks = blocksOf(PAGE);
const files = blocks.filter(({ kind }) => kind === 'yaml').map(({ text }) => text);

/** The output of `check`, and the number of tests that it ran. */
async function examine(yaml: string): Promise<{ readonly said: readonly string[]; readonly tests: number }> {
  try {
    const { warnings, examine: run } = await parseConfiguration(yaml, { file: 'cambio.yaml', environment: {} });
    return { said: warnings.map(({ line, message }) => `${line}: ${message}`), tests: run() };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { said: [error.message], tests: 0 };
  }
}

test('the page has only files, rules, commands and their output', () => {
  const kinds = blocks.map(({ kind }) => kind);
  assert.deepEqual([...new Set(kinds)].toSorted(), ['json', 'sh', 'text', 'yaml', 'yaml rule']);
  assert.equal(PAGE.match(/^```/gm)?.length, blocks.length * 2);
  assert.equal(files.length, 2);
});

test('accepts every file of the page, and every rule instead of the rules of the last file', async () => {
  const last = dataOf(files.at(-1) ?? '');
  const withRules = (rules: string): string => yamlOf(changed(last, { rules: parse(rules) }));
  let tests = 0;
  for (const { kind, text } of blocks) {
    if (!kind.startsWith('yaml')) continue;
    const outcome = await examine(kind === 'yaml' ? text : withRules(text));
    assert.deepEqual(outcome.said, [], text);
    tests += outcome.tests;
  }
  assert.equal(tests, 4);
  const broken = await examine(withRules('- { client: tool, colour: blue }'));
  assert.match(broken.said.join('\n'), /colour: unknown key/);
});

for (const page of ['docs/guides/why-refused.md', 'docs/start/first-server.md']) {
  test(`${page}: every command prints what the page shows`, { timeout: 180_000 }, async (t) => {
    await followPage(t, blocksOf(readPage(page)));
  });
}

test('every command prints what the page shows', { timeout: 180_000 }, async (t) => {
  const { run, here } = await followPage(t, blocks);
  // The claims on the page are those of its tokens.
  for (const [name, index] of [
    ['FOR_TOOL', 0],
    ['FOR_ORDERS', 1],
  ] as const) {
    const claims = JSON.parse(await run(`echo $${name} | cut -d. -f2 | tr '_-' '/+' | base64 -d 2>/dev/null || true`));
    const shown = JSON.parse(here(blocks.filter(({ kind }) => kind === 'json')[index]?.text ?? ''));
    for (const [member, value] of Object.entries(shown)) assert.deepEqual(claims[member], value, `${name}.${member}`);
  }
});
