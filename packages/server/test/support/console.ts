// Builds the console for a test file that needs it, if its sources changed.
import { execFileSync } from 'node:child_process';
import { repository } from './program.ts';

export const buildConsole = (): void =>
  void execFileSync(process.execPath, ['scripts/build-console.ts', '--if-stale'], { cwd: repository });

/** The section of a configuration. The file has the admin API and the account. */
export const consoleOf = (account: string, ...scopes: readonly string[]) => ({
  console: { operators: [{ account, scopes: scopes.length === 0 ? ['admin:read', 'admin:write'] : scopes }] },
});
