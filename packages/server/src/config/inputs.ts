// Records everything that a configuration was read from, so that a change of any of it is noticed.
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { sha256 } from '../primitives/secret.ts';
import { diskTree, type FileTree } from './file-tree.ts';
import { createParsedParts, type ParsedParts, type PartValues } from './parsed-parts.ts';

/** What one reading read. A reading that fails has inputs too: a change of them may mend it. */
export interface Inputs extends Texts {
  /** `none`: a draft reads no file and no variable that holds a secret. It is not a fault that it lacks them. */
  readonly secrets: 'read' | 'none';
  /** Reads a file that an entry names: a secret or a certificate. @throws Error if it cannot be read */
  readonly readNamed: (file: string) => Buffer;
  /** Returns the content that the reading in force has of a named file; undefined if it has none. */
  readonly inForce: (file: string) => Buffer | undefined;
  /** From now on `readNamed` returns the content in force of these files, and the new content of all others. */
  readonly holdBack: (files: readonly string[]) => void;
  /** Returns what `readNamed` has returned for the file; undefined if that failed. */
  readonly used: (file: string) => Buffer | undefined;
  /** Returns what the next reading needs to know of this one. */
  readonly toNext: () => Earlier;
  /** From this time on, the inputs count as changed: a certificate becomes valid. */
  readonly recheckAt: (time: number) => void;
  /** Digest of all that was read, secrets included: it is never stored. */
  readonly digest: () => string;
  /** Is anything different now from what was read, or is it time to read it again? */
  readonly haveChanged: () => boolean;
  /** Returns the path of a file that is different now from what was read, or `include` if a list of files is. */
  readonly findChange: () => string | undefined;
  /** Forgets what was read, so that it is read again. A pipe has its content once only, which is kept. */
  readonly forget: () => void;
  /** The folders to watch. */
  readonly folders: () => ReadonlySet<string>;
  /** Returns the texts and lists of this reading again, as they were. */
  readonly repeat: () => Texts;
}

/** What a reading needs of the one in force: a copy, because a reference to that reading would keep all earlier ones in memory. */
export interface Earlier {
  /** The content of each file, by its path. */
  readonly used: ReadonlyMap<string, Buffer>;
  readonly parsed: PartValues;
}

/** The texts of a configuration. */
export interface Texts {
  /** Reads a file, and notes its content: it is the same for the whole reading. @throws Error if it cannot be read */
  readonly read: (file: string) => Buffer;
  /** Notes the content of a file that is not used. */
  readonly note: (file: string) => void;
  /** Lists the files that a pattern matches. A list that differs later is a change. */
  readonly list: (find: () => Matches) => readonly string[];
  /** Parts of these texts. */
  readonly parsed: ParsedParts;
  readonly tree: FileTree;
}

/** The files that a pattern matches, and the folders in which another file would match. */
export interface Matches {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/**
 * @param main a file that does not count as changed while it is absent, as between two steps of an editor
 * @param before the reading in force
 */
export function createInputs(main: string, before?: Earlier): Inputs {
  const mainFile = resolve(main);
  /** The content of each file; an error: it cannot be read. */
  const contents = new Map<string, Buffer | Error>();
  /** The size up to which each file is read. */
  const limits = new Map<string, number>();
  const heldBack = new Map<string, Buffer>();
  const lists: { readonly find: () => Matches; readonly before: Matches }[] = [];
  const parsed = createParsedParts(before?.parsed);
  let recheck = Number.POSITIVE_INFINITY;
  const read = (file: string, mostBytes = Number.POSITIVE_INFINITY): Buffer => {
    const path = resolve(file);
    // What is in force is what was read first.
    const content = contents.get(path) ?? contentNow(path, mostBytes);
    contents.set(path, content);
    limits.set(path, mostBytes);
    if (content instanceof Error) throw content;
    return content;
  };
  const note = (file: string): void => {
    const path = resolve(file);
    if (!contents.has(path)) contents.set(path, contentAgain(path, new Error('not read'), Number.POSITIVE_INFINITY));
  };
  const findChange = () => findDifference({ contents, limits, lists, mainFile });
  return {
    read: (file) => read(file),
    note,
    parsed,
    tree: diskTree,
    secrets: 'read',
    readNamed: (file) => heldBack.get(resolve(file)) ?? read(file, MAX_NAMED_BYTES),
    inForce: (file) => before?.used.get(resolve(file)),
    holdBack: (files) => {
      heldBack.clear();
      for (const file of files) {
        const content = before?.used.get(resolve(file));
        if (content !== undefined) heldBack.set(resolve(file), content);
      }
    },
    used: (file) => {
      const content = heldBack.get(resolve(file)) ?? contents.get(resolve(file));
      return content instanceof Error ? undefined : content;
    },
    toNext: () => ({ used: new Map([...readable(contents), ...heldBack]), parsed: parsed.all() }),
    recheckAt: (time) => {
      recheck = Math.min(recheck, time);
    },
    list: (find) => {
      const before = find();
      lists.push({ find, before });
      return before.files;
    },
    digest: () => digestOf([...contents].map(([path, content]) => [path, heldBack.get(path) ?? content])),
    haveChanged: () => Date.now() >= recheck || findChange() !== undefined,
    findChange,
    forget: () => {
      for (const path of contents.keys()) if (!isPipe(path)) contents.delete(path);
      heldBack.clear();
      lists.length = 0;
      recheck = Number.POSITIVE_INFINITY;
    },
    folders: () => new Set([...[...contents.keys()].map(dirname), ...lists.flatMap(({ before }) => before.folders)]),
    repeat: () => repeatLists(lists, { read: (file) => read(file), note, parsed, tree: diskTree }),
  };
}

function repeatLists(lists: readonly { readonly before: Matches }[], texts: Omit<Texts, 'list'>): Texts {
  const again = lists.values();
  return { ...texts, list: () => again.next().value?.before.files ?? [] };
}

const digestOf = (all: readonly (readonly [path: string, content: Buffer | Error])[]): string =>
  sha256(JSON.stringify(all.map(([path, one]) => [path, one instanceof Error ? undefined : sha256(one)])));

const readable = (contents: ReadonlyMap<string, Buffer | Error>): readonly (readonly [string, Buffer])[] =>
  [...contents].flatMap(([path, one]) => (one instanceof Error ? [] : [[path, one] as const]));

/** @returns the path of a file that is different now, or `include` if a list is */
function findDifference({
  contents,
  limits,
  lists,
  mainFile,
}: {
  readonly contents: ReadonlyMap<string, Buffer | Error>;
  readonly limits: ReadonlyMap<string, number>;
  readonly lists: readonly { readonly find: () => Matches; readonly before: Matches }[];
  readonly mainFile: string;
}): string | undefined {
  for (const [path, before] of contents) {
    const now = contentAgain(path, before, limits.get(path) ?? Number.POSITIVE_INFINITY);
    if (!isSame(now, before) && !(now instanceof Error && path === mainFile)) return path;
  }
  return lists.some(({ find, before }) => find().files.join('\0') !== before.files.join('\0')) ? 'include' : undefined;
}

/** Bytes of a file that an entry names: a secret, a certificate or metadata. */
const MAX_NAMED_BYTES = 1_048_576;

function contentNow(path: string, mostBytes: number): Buffer | Error {
  try {
    const { size } = statSync(path);
    if (size > mostBytes) return new Error(`it has ${size} bytes, and a named file may have ${mostBytes}`);
    return readFileSync(path);
  } catch (error) {
    return error as Error;
  }
}

/** A file that is larger is not compared. */
const MAX_COMPARED_BYTES = 16_777_216;

/** A pipe has its content once only, and reading it again would wait for ever. */
function contentAgain(path: string, before: Buffer | Error, mostBytes: number): Buffer | Error {
  const stats = statSync(path, { throwIfNoEntry: false });
  const isComparable = stats === undefined || (stats.isFile() && stats.size <= MAX_COMPARED_BYTES);
  return isComparable ? contentNow(path, mostBytes) : before;
}

function isPipe(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isFile();
}

const isSame = (a: Buffer | Error, b: Buffer | Error): boolean =>
  a instanceof Error || b instanceof Error ? a instanceof Error && b instanceof Error : a.equals(b);
