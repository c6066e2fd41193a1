// Reads a draft of a configuration: texts from a browser. It opens no file, reads no variable of the environment that the admin API
// does not show, and sends no request.
import { basename, dirname, resolve, sep } from 'node:path';
import type { DraftFile, DraftTexts } from '../explain/drafted.ts';
import { isObject } from '../primitives/expectation.ts';
import type { Configuration } from './configuration.ts';
import type { DraftBase } from './draft-base.ts';
import { ConfigurationError, faultOfFile } from './fault.ts';
import type { FileTree } from './file-tree.ts';
import type { ReadFiles } from './files.ts';
import type { Inputs } from './inputs.ts';
import { parseConfiguration } from './load.ts';
import { createParsedParts } from './parsed-parts.ts';
import { INCLUDED_SECTIONS } from './schema-include.ts';
import { replaceSection } from './section.ts';

/** @throws ConfigurationError */
export async function loadDraft(base: DraftBase, { files: drafted, complete }: DraftTexts): Promise<Configuration> {
  const kept = complete === true ? [] : base.files;
  const texts = new Map(kept.map(({ path, text }) => [resolve(path), text]));
  const paths = drafted.map(({ path }) => pathOfDrafted(path, base));
  for (const [index, path] of paths.entries()) {
    const { text, rules } = drafted[index] as DraftFile;
    if (text === null) texts.delete(path);
    else texts.set(path, text ?? replaceSection(texts.get(path) ?? '', 'rules', rules ?? 'rules: []'));
  }
  const main = texts.get(resolve(base.main));
  if (main === undefined) throw new ConfigurationError(base.main, [faultOfFile('the draft has no main file. Add it.')]);
  const configuration = await parseConfiguration(main, {
    file: base.main,
    environment: environmentOf(base),
    inputs: createDraftInputs(texts),
    prepare: (read) => {
      warnOfUnread(read, drafted, paths);
      const isMainDrafted = drafted.some(({ text }, index) => text && paths[index] === resolve(base.main));
      return withoutHidden(read, isMainDrafted ? 'warn' : 'silently');
    },
  });
  configuration.requireIssuer(base.issuer);
  return configuration;
}

/** @param path as a draft names a file @returns its absolute path */
export function pathOfDrafted(path: string, { main, files }: DraftBase): string {
  const known = files.some((one) => one.path === path);
  if (known) return resolve(path);
  return path === '' || path === basename(main) ? resolve(main) : resolve(dirname(resolve(main)), path);
}

function warnOfUnread(read: ReadFiles, drafted: readonly DraftFile[], paths: readonly string[]): void {
  const files = new Set(read.files.map(({ path }) => resolve(path)));
  for (const [index, path] of paths.entries()) {
    const { path: name, text } = drafted[index] as DraftFile;
    if (text !== null && !files.has(path))
      read.complain(['include'], `the draft has the file ${name}, which include does not name.`, 'warning');
  }
}

/** Stands for the value of a hidden variable. Long enough for any secret. */
const standIn = (name: string): string => `(the variable ${name}, which a draft does not read)`;
const STAND_IN = /\(the variable \w+, which a draft does not read\)/;

const environmentOf = ({ variables, hidden }: DraftBase): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(hidden.map((name) => [name, standIn(name)])),
  ...variables,
});

const CHECKED: ReadonlySet<string> = new Set([...INCLUDED_SECTIONS, 'issuer', 'include']);
/** A draft decides nothing about them, and they hold secrets. */
const LEFT_OUT: ReadonlySet<string> = new Set(['store', 'sealingKey']);

/** Leaves out the sections that have a hidden variable: their values may have any form. */
function withoutHidden(read: ReadFiles, mode: 'warn' | 'silently'): ReadFiles {
  const { value } = read;
  if (!isObject(value)) return read;
  const kept = Object.entries(value).filter(([section, part]) => {
    if (LEFT_OUT.has(section)) return false;
    if (CHECKED.has(section) || !STAND_IN.test(JSON.stringify(part) ?? '')) return true;
    if (mode === 'warn')
      read.complain([section], 'is not checked, because it has a variable that a draft does not read.', 'warning');
    return false;
  });
  return { ...read, value: Object.fromEntries(kept) };
}

/** @param texts of all files, by their absolute paths */
function createDraftInputs(texts: ReadonlyMap<string, string>): Inputs {
  const read = (file: string): Buffer => {
    const text = texts.get(resolve(file));
    if (text === undefined) throw new Error('a draft reads no file of the server');
    return Buffer.from(text);
  };
  const parsed = createParsedParts();
  const inputs: Inputs = {
    secrets: 'none',
    read,
    readNamed: () => {
      throw new Error('a draft reads no file of the server');
    },
    note: () => undefined,
    parsed,
    tree: treeOf(texts),
    list: (find) => find().files,
    inForce: () => undefined,
    holdBack: () => undefined,
    used: () => undefined,
    toNext: () => ({ used: new Map(), parsed: parsed.all() }),
    recheckAt: () => undefined,
    digest: () => '',
    haveChanged: () => false,
    findChange: () => undefined,
    forget: () => undefined,
    folders: () => new Set(),
    repeat: () => inputs,
  };
  return inputs;
}

/** The folders are those above the files. */
function treeOf(texts: ReadonlyMap<string, string>): FileTree {
  const below = (folder: string): readonly string[] => {
    const start = folder.endsWith(sep) ? folder : folder + sep;
    return [...texts.keys()].flatMap((path) => (path.startsWith(start) ? [path.slice(start.length)] : []));
  };
  return {
    namesIn: (folder) => [...new Set(below(folder).map((path) => path.split(sep)[0] ?? ''))],
    isFolder: (path) => below(path).length > 0,
    realPathOf: (path) => {
      if (texts.has(path) || below(path).length > 0) return path;
      throw new Error('the configuration in force and the draft have no such file');
    },
    statsOf: (path) => ({ isFile: texts.has(path), size: Buffer.byteLength(texts.get(path) ?? '') }),
  };
}
