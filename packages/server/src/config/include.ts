// Finds the files that `include` names, and reads them.
import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { describeFailure } from '../primitives/failure.ts';
import type { FileTree } from './file-tree.ts';
import type { Inputs, Matches } from './inputs.ts';
import type { FileLimits } from './schema-include.ts';

/** Bytes of an included file. */
const MAX_INCLUDED_BYTES = 4_194_304;

const hasWildcard = (path: string): boolean => path.includes('*');

/** @param path may have `*` in any of its names @returns the matching files, sorted, as paths that begin like `path` */
export const listIncluded = (path: string, folder: string, inputs: Inputs): readonly string[] =>
  hasWildcard(path) ? inputs.list(() => findMatches(path, folder, inputs.tree)) : [path];

function findMatches(path: string, folder: string, tree: FileTree): Matches {
  const names = path.split('/');
  const first = names.findIndex(hasWildcard);
  let found: readonly string[] = [names.slice(0, first).join('/')];
  const folders: string[] = [];
  for (const [place, name] of names.slice(first).entries()) {
    const isLast = first + place === names.length - 1;
    const begin = path.startsWith('/') && first === 1 && place === 0 ? '/' : '';
    found = found.flatMap((parent) => {
      const at = resolve(folder, begin + parent);
      if (!hasWildcard(name)) return [`${parent}/${name}`];
      folders.push(at);
      const children = tree.namesIn(at).filter((one) => matchesName(name, one));
      return children.map((one) => (parent === '' && begin === '' ? one : `${parent}/${one}`));
    });
    if (!isLast) found = found.filter((one) => tree.isFolder(resolve(folder, one)));
  }
  return { files: found.toSorted((a, b) => (a < b ? -1 : 1)), folders };
}

/** A name that begins with a dot is that of another program: of an editor, or of Kubernetes, which mounts `..data`. */
function matchesName(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false;
  const [first = '', ...others] = pattern.split('*');
  if (!name.startsWith(first)) return false;
  let from = first.length;
  for (const [place, part] of others.entries()) {
    const at = place === others.length - 1 ? Math.max(from, name.length - part.length) : name.indexOf(part, from);
    if (at < from || !name.startsWith(part, at)) return false;
    from = at + part.length;
  }
  return from === name.length;
}

/**
 * Reads an included file.
 * @param limits of a file that must not lead out of its folder @param seen the files that were read, by their real path
 * @returns its bytes, or why it cannot be included
 */
export function readIncluded(
  file: string,
  {
    entry,
    limits,
    inputs,
    seen,
  }: {
    readonly entry: { readonly path: string; readonly name: string };
    readonly limits: FileLimits | undefined;
    readonly inputs: Inputs;
    readonly seen: Map<string, string>;
  },
): Buffer | string {
  if (hasUnprintable(relative(fixedFolder(entry.path), file))) {
    inputs.note(file);
    return `${JSON.stringify(file)} has a character in its name that cannot be printed. Rename the file or its folder.`;
  }
  try {
    const real = inputs.tree.realPathOf(file);
    const problem = problemOf(file, real, { entry, limits, seen, tree: inputs.tree });
    if (problem === undefined) {
      seen.set(real, `included by ${entry.name}`);
      return inputs.read(file);
    }
    inputs.note(file);
    return problem;
  } catch (error) {
    inputs.note(file);
    return `cannot read ${file}: ${describeFailure(error)}. A path is relative to the configuration file.`;
  }
}

function problemOf(
  file: string,
  real: string,
  {
    entry,
    limits,
    seen,
    tree,
  }: { entry: { path: string }; limits: FileLimits | undefined; seen: ReadonlyMap<string, string>; tree: FileTree },
): string | undefined {
  if (limits !== undefined && !liesBelow(real, tree.realPathOf(fixedFolder(entry.path))))
    return `${file} is a link out of its folder. Put the file itself there.`;
  const stats = tree.statsOf(real);
  if (!stats.isFile) return `${file} is not a file. Remove it from the folder, or name files only, such as *.yaml.`;
  if (stats.size > MAX_INCLUDED_BYTES)
    return `${file} has ${stats.size} bytes, and an included file may have ${MAX_INCLUDED_BYTES}. Divide it.`;
  const before = seen.get(real);
  return before && `${file} is ${before} already. Include each file once.`;
}

/** Such a name could imitate other lines in a message, or in the header of a patch. */
export const hasUnprintable = (name: string): boolean => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name);

/** The folder before the first name with a wildcard, or of the file. */
function fixedFolder(path: string): string {
  const first = path.indexOf('*');
  return first === -1 ? dirname(path) : dirname(`${path.slice(0, first)}x`);
}

const liesBelow = (path: string, folder: string): boolean =>
  path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/**
 * May a file with limits read this one? Its path and, behind links, its real path must match.
 * @param folder of the main file, to which the patterns are relative
 */
export function mayRead(file: string, { files }: FileLimits, folder: string): boolean {
  return files.some((pattern) => {
    const wanted = resolve(folder, pattern);
    try {
      const real = join(realpathSync(dirname(wanted)), basename(wanted));
      return (
        matchesPath(wanted, pattern, file) && matchesPath(real, pattern, realpathSync(file)) && statSync(file).isFile()
      );
    } catch {
      return false;
    }
  });
}

/** Do the patterns list the file? It may be absent. */
export const isListed = (file: string, { files }: FileLimits, folder: string): boolean =>
  files.some((pattern) => matchesPath(resolve(folder, pattern), pattern, file));

const matchesPath = (wanted: string, pattern: string, file: string): boolean =>
  pattern.endsWith('*') ? file.startsWith(wanted.slice(0, -1)) : file === wanted;
