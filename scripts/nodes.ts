// Gets a Node from the registry, for programs that run what we publish on every Node that it names.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './manifests.ts';

/** The first that `engines` names, the last of each line, and the one in the lock file. */
export const SERVER_NODES = ['24.7.0', '24.22.3', '26.10.0'] as const;
export const LIBRARY_NODES = ['20.0.0', '20.20.2', '22.23.5', ...SERVER_NODES.slice(1)] as const;

const PLATFORM = `node-${process.platform}-${process.arch}`;

/** @returns the program; undefined if the registry has none for this machine, or cannot be reached */
export function findNode(version: string): string | undefined {
  const folder = join(ROOT, 'node_modules/.cache/nodes', version);
  const node = join(folder, 'node_modules', PLATFORM, 'bin/node');
  if (!existsSync(node)) {
    const install = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, `${PLATFORM}@${version}`];
    spawnSync('npm', install, { stdio: ['ignore', 'ignore', 'inherit'], cwd: ROOT });
  }
  return existsSync(node) ? node : undefined;
}

export interface Tried {
  readonly passed: boolean;
  /** Which tests failed, and how many passed. */
  readonly summary: string;
}

/** Runs test files. @param node undefined: the one that runs this */
export function runTests(
  files: readonly string[],
  {
    node = process.execPath,
    env = {},
  }: { readonly node?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Tried {
  const { status, stdout } = spawnSync(node, ['--conditions=source', '--test', ...files], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (status !== 0) console.error((stdout ?? '').split('failing tests:').at(-1));
  const lines = (stdout ?? '').split('\n').filter((line) => /^(?:✖|ℹ (?:pass|fail))/.test(line));
  return { passed: status === 0, summary: [...new Set(lines)].join(', ') || 'could not be started' };
}
