// A page of the documentation as a person follows it: its files are written, its commands run, and what they print compared.
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './harness.ts';
import { type Program, repository, startProgram, temporaryFolder } from './program.ts';

const BIN = join(repository, 'packages/server/bin/cambio.mjs');

export interface Block {
  /** What stands after the fence: `yaml`, `yaml rule`, `sh`, `text`, `json`. */
  readonly kind: string;
  readonly text: string;
}

/** The fenced blocks of a page, in their order. */
export const blocksOf = (page: string): readonly Block[] =>
  [...page.matchAll(/^```([a-z ]+)\n([\s\S]*?)^```$/gm)].map(([, kind = '', text = '']) => ({ kind, text }));

export const readPage = (path: string): string => readFileSync(join(repository, path), 'utf8');

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

export interface FollowedPage extends Shell {
  /** A text of the page with the port of this run. */
  readonly here: (text: string) => string;
}

/** Runs every command of a page; each file is a configuration that a server is started with. Fails where the page is not true. */
export async function followPage(t: TestContext, blocks: readonly Block[]): Promise<FollowedPage> {
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
    }
  }
  return { ...shell, here };
}
