// Is the file good? Reads it, checks it, and says every fault at once, each with its line.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import type { Configuration } from './configuration.ts';
import { type Complain, ConfigurationError, type Path } from './fault.ts';
import { resolveConfiguration } from './resolve.ts';
import { configurationFile } from './schema.ts';
import { readYaml } from './yaml.ts';

/** @throws ConfigurationError */
export function loadConfiguration(file: string, environment: NodeJS.ProcessEnv): Configuration {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigurationError(file, [
      {
        severity: 'fault',
        line: 1,
        column: 1,
        path: '',
        message: `cannot be read: ${(error as NodeJS.ErrnoException).code}`,
      },
    ]);
  }
  return parseConfiguration(text, { file, environment });
}

/** @param file names the text in faults, and paths in it are relative to the file's folder. @throws ConfigurationError */
export function parseConfiguration(
  text: string,
  { file, environment }: { file: string; environment: NodeJS.ProcessEnv },
): Configuration {
  const yaml = readYaml(text, environment);
  const failed = (): boolean => yaml.faults.some(({ severity }) => severity === 'fault');
  const giveUp = () =>
    new ConfigurationError(
      file,
      yaml.faults.toSorted((a, b) => a.line - b.line),
    );
  if (failed()) throw giveUp();
  const parsed = configurationFile.safeParse(yaml.value ?? {});
  if (!parsed.success) {
    for (const issue of parsed.error.issues) complainOf(issue, [], yaml.complain);
    throw giveUp();
  }
  const configuration = resolveConfiguration(parsed.data, {
    folder: dirname(resolve(file)),
    environment,
    complain: yaml.complain,
  });
  if (failed()) throw giveUp();
  return { ...configuration, warnings: yaml.faults };
}

/** A fault as a person would say it. */
function complainOf(issue: z.core.$ZodIssue, prefix: Path, complain: Complain): void {
  const path = [...prefix, ...issue.path] as Path;
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) complain([...path, key], 'unknown key');
  } else if (issue.code === 'invalid_union') {
    // The alternative that came furthest is the one that was meant.
    const [closest] = issue.errors.toSorted((a, b) => depth(b) - depth(a));
    if (closest === undefined || closest.length === 0) complain(path, issue.message);
    for (const one of closest ?? []) complainOf(one, path, complain);
  } else if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    complain(path, 'is missing');
  } else complain(path, issue.message);
}

const depth = (issues: readonly z.core.$ZodIssue[]): number => Math.max(0, ...issues.map(({ path }) => path.length));
