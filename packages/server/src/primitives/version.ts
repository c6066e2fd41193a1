// Which version is this?
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { parseOwnJson } from './strict-json.ts';

export const version: string = parseOwnJson<{ version: string }>(
  readFileSync(findPackageJSON(import.meta.url) ?? '', 'utf8'),
).version;
