// Installs packages in the folder of a language, and builds the programs that need them.
import { join } from 'node:path';
import type { Command, Language } from './language.ts';
import { run } from './trial.ts';

/** An installation downloads and may compile. */
const INSTALL_LIMIT_MS = 1_800_000;

/** A package or a registry of others failed, and not this server. */
export class NotInstalled extends Error {}

/** @param env variables of the build @throws Error with the output of the step that failed; NotInstalled if it was one that installs */
export async function installAndBuild(
  { install, build }: Pick<Language, 'install' | 'build'>,
  home: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const step = async (
    { run: command, cwd = '.' }: Command,
    variables: Readonly<Record<string, string>>,
    Failure: new (message: string) => Error,
  ) => {
    const { code, output } = await run(command, { cwd: join(home, cwd), env: variables, limitMs: INSTALL_LIMIT_MS });
    if (code !== 0) throw new Failure(`${command.join(' ')} ended with ${code}:\n${output}`);
  };
  for (const command of install) await step(command, {}, NotInstalled);
  for (const command of build) await step(command, env, Error);
}
