// Follows a page of the documentation: writes its files, runs its commands, and compares their output with the page.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './harness.ts';
import { PROGRAM, type Program, repository, startProgram, temporaryFolder } from './program.ts';

/** In a shell of bash: `npx @cambio/server` runs the `cambio` of its PATH, and no other package. */
export const NPX = 'npx() { [ "$1" = @cambio/server ] && shift && cambio "$@"; }';

/** The command as one types it where the package is installed. */
export const installed = (command: string): string => command.replace(/^npx @cambio\/server(?= )/, 'cambio');

export interface Block {
  /** The info string of the fence: `yaml`, `yaml rule`, `json entra-v1`, `sh`, `text`, `json`. */
  readonly kind: string;
  readonly text: string;
  /** Why no test runs it: `<!-- not run: REASON -->` in the line before the fence. */
  readonly notRun?: string;
}

/** The fenced blocks of a page in order. */
export const blocksOf = (page: string): readonly Block[] =>
  [...page.matchAll(/(?:^<!-- not run: (.+) -->\n)?^```([a-z0-9 -]*)\n([\s\S]*?)^```$/gm)].map(
    ([, notRun, kind = '', text = '']) => ({ kind, text, ...(notRun === undefined ? {} : { notRun }) }),
  );

export const readPage = (path: string): string => readFileSync(join(repository, path), 'utf8');

/** A shell that runs one block after the other. */
interface Shell {
  readonly run: (text: string) => Promise<string>;
}

function startShell(t: Pick<TestContext, 'after'>, cwd: string, env: Record<string, string>): Shell {
  // One pipe for both outputs: of two, the one that was written last may arrive first, and a line after the end of a block hides it.
  const shell = spawn('bash', ['--noprofile', '--norc', '-c', 'exec bash --noprofile --norc 2>&1'], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => shell.kill('SIGKILL'));
  let output = '';
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const exited = once(shell, 'exit');
  let count = 0;
  return {
    run: async (text) => {
      const end = new RegExp(`end of block ${++count}: (\\d+)\\n$`);
      output = '';
      shell.stdin.write(`${text}\necho "end of block ${count}: $?"\n`);
      let ended = end.exec(output);
      while (ended === null) {
        await Promise.race([once(shell.stdout, 'data'), exited]);
        assert.equal(shell.exitCode ?? shell.signalCode, null, output);
        ended = end.exec(output);
      }
      const printed = output.slice(0, ended.index);
      assert.equal(ended[1], '0', `${text}\n${printed}`);
      return printed;
    },
  };
}

/** `…` matches anything on one line; alone on a line it matches any lines. */
export const pattern = (text: string): RegExp =>
  new RegExp(
    `^${text
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/^…$/gm, '[^]*?')
      .replaceAll('…', '.*')}$`,
  );

export interface FollowedPage extends Shell {
  /** A text of the page with the port of this run. */
  readonly here: (text: string) => string;
  /** Runs more blocks in the same shell. */
  readonly follow: (blocks: readonly Block[]) => Promise<void>;
  /** Stops the server that a block started. */
  readonly stop: () => Promise<void>;
}

/** A running server, for pages that do not start one. */
export interface RunningServer {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Occurs in a configuration file that a test can start a server with. */
const PORT_OF_A_FILE = `\${PORT`;

/** The block starts a server. The test has started it already. */
const STARTS_SERVER = /^(?:npm (?:ci|start|run example:)|cambio serve)/;

/**
 * Runs every command of a page and compares its output. A file that names the port is a configuration: a server is started with it.
 * Fails if the page is wrong.
 */
export async function followPage(
  t: TestContext,
  blocks: readonly Block[],
  running?: RunningServer,
): Promise<FollowedPage> {
  const folder = running?.cwd ?? temporaryFolder(t);
  const port = running?.env.PORT ?? String(await freePort());
  const bin = join(folder, '.bin');
  const program = join(bin, 'cambio');
  mkdirSync(bin, { recursive: true });
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`);
  chmodSync(program, 0o755);
  // A busy machine sometimes answers 503 with Retry-After.
  writeFileSync(join(bin, '.curlrc'), 'retry = 5\nmax-time = 60\n');
  const env = { CURL_HOME: bin, ...running?.env, PORT: port, PATH: [bin, process.env.PATH].join(delimiter) };
  const shell = startShell(t, folder, env);
  // npx would search the package of its folder, and then the registry.
  await shell.run(NPX);
  const ports = {
    8080: port,
    8081: running?.env.API_PORT ?? '',
    8082: running?.env.VENDOR_PORT ?? running?.env.MCP_PORT ?? String(await freePort()),
    8083: running?.env.AGENT_PORT ?? '8083',
  };
  const here = (text: string): string =>
    Object.entries(ports).reduce((changed, [printed, own]) => changed.replaceAll(printed, own), text);
  let server: Program | undefined;
  let isServedByShell = false;
  const stop = async (): Promise<void> => {
    server?.tell('SIGTERM');
    await server?.ended;
    server = undefined;
    if (isServedByShell) await shell.run('kill $SERVER; wait $SERVER');
    isServedByShell = false;
  };
  /** Starts a server with variables that an earlier block set. */
  const serveByShell = async (command: string): Promise<void> => {
    await shell.run(`(exec ${installed(command).trim()}) > serve.log 2>&1 & SERVER=$!
      for _ in $(seq 300); do grep -q 'cambio serves' serve.log && break; sleep 0.1; done; grep -q 'cambio serves' serve.log || cat serve.log`);
    isServedByShell = true;
    t.after(stop);
  };
  const follow = async (more: readonly Block[]): Promise<void> => {
    let printed: string | undefined;
    for (const { kind, text, notRun } of more) {
      if (notRun !== undefined) continue;
      if (kind === 'yaml' && text.includes(PORT_OF_A_FILE)) {
        writeFileSync(join(folder, 'cambio.yaml'), text);
        await stop();
        server = startProgram(t, [process.execPath, PROGRAM, 'serve', '--config', 'cambio.yaml'], { cwd: folder, env });
        await server.printed('cambio serves');
      } else if (kind === 'sh' && /^npx @cambio\/server serve/.test(text)) {
        await serveByShell(text);
      } else if (kind === 'sh' && !STARTS_SERVER.test(text)) {
        printed = await shell.run(here(text));
      } else if (kind === 'text') {
        assert.match(String(printed).trimEnd(), pattern(here(text).trimEnd()));
      }
    }
  };
  await follow(blocks);
  return { ...shell, here, follow, stop };
}
