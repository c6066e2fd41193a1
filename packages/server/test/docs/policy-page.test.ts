// Is docs/guides/policy.md true? Every file on the page is checked, every command is run, and what it prints is what the page says.
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { ConfigurationError } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { changed, dataOf, yamlOf } from '../support/configuration.ts';
import { freePort } from '../support/harness.ts';
import { type Program, repository, startProgram, temporaryFolder } from '../support/program.ts';

const PAGE = readFileSync(join(repository, 'docs/guides/policy.md'), 'utf8');
const BIN = join(repository, 'packages/server/bin/cambio.mjs');

interface Block {
  /** What stands after the fence: `yaml`, `yaml rule`, `sh`, `text`, `json`. */
  readonly kind: string;
  readonly text: string;
}

const blocks: readonly Block[] = [...PAGE.matchAll(/^```([a-z ]+)\n([\s\S]*?)^```$/gm)].map(
  ([, kind = '', text = '']) => ({ kind, text }),
);
const files = blocks.filter(({ kind }) => kind === 'yaml').map(({ text }) => text);

/** What `check` says, and the number of tests that it ran. */
async function examine(yaml: string): Promise<{ readonly said: readonly string[]; readonly tests: number }> {
  try {
    const { warnings, examine: run } = await parseConfiguration(yaml, { file: 'cambio.yaml', environment: {} });
    return { said: warnings.map(({ line, message }) => `${line}: ${message}`), tests: run() };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { said: [error.message], tests: 0 };
  }
}

test('the page has files, rules, commands and what they print, and nothing that is none of them', () => {
  const kinds = blocks.map(({ kind }) => kind);
  assert.deepEqual([...new Set(kinds)].toSorted(), ['json', 'sh', 'text', 'yaml', 'yaml rule']);
  assert.equal(PAGE.match(/^```/gm)?.length, blocks.length * 2);
  assert.equal(files.length, 2);
});

test('every file of the page is good, and every rule of the page is, in the place of the rules of the last file', async () => {
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

/** A shell that runs one block after the other, as somebody types them. */
interface Shell {
  readonly run: (text: string) => Promise<string>;
}

function startShell(t: Pick<TestContext, 'after'>, cwd: string, env: Record<string, string>): Shell {
  const shell: ChildProcessWithoutNullStreams = spawn('bash', ['--noprofile', '--norc'], {
    cwd,
    env: { ...process.env, ...env },
  });
  t.after(() => shell.kill('SIGKILL'));
  let output = '';
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const exited = once(shell, 'exit');
  let count = 0;
  return {
    run: async (text) => {
      const end = `end of block ${++count}\n`;
      output = '';
      shell.stdin.write(`${text}\necho "${end.trim()}"\n`);
      while (!output.endsWith(end)) {
        await Promise.race([once(shell.stdout, 'data'), exited]);
        assert.equal(shell.exitCode, null, output);
      }
      return output.slice(0, -end.length);
    },
  };
}

/** `…` stands for anything, on one line or, alone on it, on several. */
const pattern = (text: string): RegExp =>
  new RegExp(
    `^${text
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/^…$/gm, '[^]*?')
      .replaceAll('…', '.*')}$`,
  );

test('every command of the page does what the page says', { timeout: 180_000 }, async (t) => {
  const folder = temporaryFolder(t);
  const port = String(await freePort());
  const program = join(folder, 'cambio');
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`);
  chmodSync(program, 0o755);
  const env = { PORT: port, PATH: [folder, process.env.PATH].join(delimiter) };
  const shell = startShell(t, folder, env);
  const here = (text: string): string => text.replaceAll('localhost:8080', `localhost:${port}`);
  let server: Program | undefined;
  let printed: string | undefined;
  let compared = 0;
  for (const { kind, text } of blocks) {
    if (kind === 'yaml') {
      writeFileSync(join(folder, 'cambio.yaml'), text);
      server?.tell('SIGTERM');
      await server?.ended;
      server = startProgram(t, [process.execPath, BIN, 'serve', '--config', 'cambio.yaml'], { cwd: folder, env });
      await server.printed('cambio serves');
    } else if (kind === 'sh' && !text.startsWith('cambio serve')) {
      printed = await shell.run(here(text));
    } else if (kind === 'text') {
      assert.match(String(printed).trimEnd(), pattern(here(text).trimEnd()));
      compared++;
    }
  }
  assert.equal(compared, blocks.filter(({ kind }) => kind === 'text').length);
  // The claims that the page shows are those of its tokens.
  for (const [name, index] of [
    ['FOR_TOOL', 0],
    ['FOR_ORDERS', 1],
  ] as const) {
    const claims = JSON.parse(await shell.run(`echo $${name} | cut -d. -f2 | tr '_-' '/+' | base64 -d 2>/dev/null`));
    const shown = JSON.parse(here(blocks.filter(({ kind }) => kind === 'json')[index]?.text ?? ''));
    for (const [member, value] of Object.entries(shown)) assert.deepEqual(claims[member], value, `${name}.${member}`);
  }
});
