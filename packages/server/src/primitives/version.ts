// Which version is this?
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

export const version: string = JSON.parse(readFileSync(findPackageJSON(import.meta.url) ?? '', 'utf8')).version;
