// Collects the texts of the files in force for a draft, and the variables whose values the admin API shows anyway.
import { parse } from 'yaml';
import { isObject } from '../primitives/expectation.ts';
import type { ConfigurationText } from './origin.ts';
import { redact } from './redacted.ts';
import { divide, wholeOf } from './yaml-parts.ts';

export interface DraftBase {
  /** The path of the main file, as faults name it. */
  readonly main: string;
  readonly issuer: string;
  readonly files: readonly ConfigurationText[];
  /** Variables that stand in entries without secrets, with their values. */
  readonly variables: Readonly<Record<string, string>>;
  /** The names of the other variables of the files. */
  readonly hidden: readonly string[];
}

const VARIABLE = /\$\{([A-Z_][A-Z0-9_]*)/g;

const namesIn = (text: string): readonly string[] => [...text.matchAll(VARIABLE)].map(([, name = '']) => name);

export function draftBaseOf({
  file,
  files,
  issuer,
  environment,
}: {
  readonly file: string;
  readonly files: readonly ConfigurationText[];
  readonly issuer: string;
  readonly environment: NodeJS.ProcessEnv;
}): DraftBase {
  const shown = new Set(files.flatMap(({ text }) => namesIn(JSON.stringify(shownPart(text)))));
  const all = new Set(files.flatMap(({ text }) => namesIn(text)));
  const variables = [...shown].flatMap((name) => {
    const value = environment[name];
    return value ? [[name, value] as const] : [];
  });
  return {
    main: file,
    issuer,
    files,
    variables: Object.fromEntries(variables),
    hidden: [...all].filter((name) => !shown.has(name)),
  };
}

/** The entries that the admin API shows, with variables as they are written. Parts without a variable are not parsed. */
const shownPart = (text: string): unknown =>
  (divide(text) ?? [wholeOf(text)])
    .filter((part) => part.text.includes('${'))
    .map(({ path: [section, index], text: part }) => {
      const value: unknown = parse(part, { logLevel: 'silent', merge: true });
      const whole = index !== undefined && Array.isArray(value) ? { [String(section)]: value } : value;
      return isObject(whole) ? { issuer: whole.issuer, ...redact(whole) } : undefined;
    });
