// Reads the options of the bench commands. `--help` prints the usage; a wrong option is reported on one line, with exit code 2.
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';

interface Option<T> {
  /** Placeholder of its value in the usage; undefined: it has none. */
  readonly takes?: string;
  readonly about: string;
  /** @param text undefined if the option is absent @throws Error that says what a value may be */
  readonly read: (text: string | undefined) => T;
}

type Options = Readonly<Record<string, Option<unknown>>>;
type Values<O extends Options> = { readonly [Name in keyof O]: ReturnType<O[Name]['read']> };

/** An option without a value. */
export const flag = (about: string): Option<boolean> => ({ about, read: (text) => text !== undefined });

/** A path. @param part of a folder that must exist; undefined: the path is that of a file to write */
export const path = (takes: string, about: string, part?: string): Option<string | undefined> => ({
  takes,
  about,
  read: (given) => {
    if (given === undefined) return undefined;
    const expected = part === undefined ? dirname(resolve(given)) : resolve(given, part);
    if (!existsSync(expected)) throw new Error(`${expected} does not exist`);
    return resolve(given);
  },
});

/** A whole number. */
export const count = (usual: number, about: string, least = 1): Option<number> => ({
  takes: 'NUMBER',
  about: `${about}; ${usual} by default`,
  read: (given = String(usual)) => {
    const number = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (!(number >= least)) throw new Error(`"${given}" is not a whole number from ${least}`);
    return number;
  },
});

/** A list of names with commas between them. @param known all names */
export const names = (known: readonly string[], about: string): Option<readonly string[] | undefined> => ({
  takes: 'NAMES',
  about: `${about}, with commas between them: ${known.join(', ')}`,
  read: (given) => {
    const chosen = given?.split(',');
    const unknown = chosen?.find((name) => !known.includes(name));
    if (unknown !== undefined) throw new Error(`"${unknown}" is none of ${known.join(', ')}`);
    return chosen;
  },
});

interface Named {
  readonly name: string;
}

export const namesOf = (all: readonly Named[]): readonly string[] => all.map(({ name }) => name);

/** @param chosen names; undefined: all */
export const pick = <T extends Named>(all: readonly T[], chosen: readonly string[] = namesOf(all)): readonly T[] =>
  all.filter(({ name }) => chosen.includes(name));

interface Command {
  /** Its script in package.json. */
  readonly script: string;
  /** What it does. */
  readonly purpose: string;
}

/** Reads the arguments of the process. Ends the process after `--help` and after a wrong option. */
export function readOptions<O extends Options>(command: Command, options: O): Values<O> {
  const outcome = parseOptions(command, options, process.argv.slice(2));
  if ('values' in outcome) return outcome.values;
  if ('usage' in outcome) console.log(outcome.usage);
  else console.error(outcome.fault);
  process.exit('usage' in outcome ? 0 : 2);
}

type Outcome<O extends Options> =
  | { readonly values: Values<O> }
  | { readonly usage: string }
  | { readonly fault: string };

export function parseOptions<O extends Options>(command: Command, options: O, args: readonly string[]): Outcome<O> {
  const kinds = Object.entries(options).map(
    ([name, { takes }]) => [name, { type: takes === undefined ? 'boolean' : 'string' } as const] as const,
  );
  try {
    const parsed = parseArgs({
      args: [...args],
      options: { ...Object.fromEntries(kinds), help: { type: 'boolean', short: 'h' } },
    });
    const values: Readonly<Record<string, unknown>> = parsed.values;
    const { help = false } = parsed.values;
    if (help) return { usage: usageOf(command, options) };
    const read = Object.entries(options).map(([name, { read: readOne }]) => {
      const { [name]: given } = values;
      return [name, readAs(name, () => readOne(given === undefined ? undefined : String(given)))];
    });
    return { values: Object.fromEntries(read) };
  } catch (error) {
    const [fault] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { fault: `npm run ${command.script}: ${fault} (--help lists the options)` };
  }
}

/** @throws Error with the name of the option */
function readAs<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`--${name}: ${error instanceof Error ? error.message : error}`);
  }
}

function usageOf({ script, purpose }: Command, options: Options): string {
  const rows = Object.entries({ ...options, help: flag('prints this') }).map(
    ([name, { takes = '', about }]) => [`--${name} ${takes}`.trimEnd(), about] as const,
  );
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    `npm run ${script} -- [options]`,
    '',
    purpose,
    '',
    ...rows.map(([name, about]) => `  ${name.padEnd(width)}  ${about}`),
  ].join('\n');
}
