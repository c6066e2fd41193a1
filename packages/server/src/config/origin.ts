// The files of a configuration, and where each entry stands.
import type { FileLimits } from './schema-include.ts';

/** A file of the configuration, and its text as it was read. */
export interface ConfigurationText {
  /** As faults name it: the path of the main file as the caller gave it, that of an included file below the same folder. */
  readonly path: string;
  readonly text: string;
}

/** Where an entry stands, and what its file may have and read. */
export interface Origin {
  /** As faults name it. */
  readonly file: string;
  /** Paths in the file are relative to it. */
  readonly folder: string;
  /** The number of its entry of `include`; undefined in the main file. */
  readonly include: number | undefined;
  /** Undefined in the main file, and in a file that is included without limits. */
  readonly limits: FileLimits | undefined;
}

export const foreignVariable = (name: string): string =>
  `this file may not read the environment variable ${name}. Add it to variables of its entry of include, in the main file.`;
