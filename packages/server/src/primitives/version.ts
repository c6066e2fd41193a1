// Reads the version of this package.
import { findPackageJSON } from 'node:module';
import { parseOwnJson } from './strict-json.ts';
import { readTextFile } from './utf8.ts';

export const version: string = parseOwnJson<{ version: string }>(
  readTextFile(findPackageJSON(import.meta.url) ?? ''),
).version;
