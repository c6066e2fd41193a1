// Writes tar archives (POSIX ustar) whose bytes depend on nothing but their entries: sorted, with one time, and without names of users.
import type { Buffer as Bytes } from 'node:buffer';

/** A folder that has a file needs no entry of its own. */
export type Entry = { readonly path: string; readonly mode?: number; readonly owner?: number } & (
  | { readonly content: Bytes | string }
  | { readonly target: string }
  | { readonly folder: true }
);

const BLOCK_BYTES = 512;
const MODES = { file: 0o644, link: 0o777, folder: 0o755 } as const;
const TYPES = { file: '0', link: '2', folder: '5' } as const;

/** @param seconds the time of every entry, since 1970 @throws Error if two entries have one path, or a path is too long */
export function tarOf(entries: readonly Entry[], seconds: number): Bytes {
  const blocks = withFolders(entries).flatMap((entry) => {
    const content = 'content' in entry ? Buffer.from(entry.content) : Buffer.alloc(0);
    return [header(entry, content.length, seconds), content, Buffer.alloc(-content.length & (BLOCK_BYTES - 1))];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

/** @returns the entries and their folders, each after the folder that it is in @throws Error if two entries have one path */
export function withFolders(entries: readonly Entry[]): readonly Entry[] {
  const all = new Map<string, Entry>();
  for (const entry of entries) {
    if (all.has(entry.path)) throw new Error(`${entry.path} is there twice`);
    all.set(entry.path, entry);
  }
  for (const { path } of entries) {
    const parts = path.split('/').slice(0, -1);
    for (const [index] of parts.entries()) {
      const folder = parts.slice(0, index + 1).join('/');
      if (!all.has(folder)) all.set(folder, { path: folder, folder: true });
    }
  }
  return [...all.values()].toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

/** https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html, "ustar Interchange Format" */
function header(entry: Entry, bytes: number, seconds: number): Bytes {
  const kind = 'content' in entry ? 'file' : 'target' in entry ? 'link' : 'folder';
  const block = Buffer.alloc(BLOCK_BYTES);
  const text = (value: string, at: number, most: number): void => {
    if (Buffer.byteLength(value) > most) throw new Error(`${value} is too long for a tar archive`);
    block.write(value, at);
  };
  const octal = (value: number, at: number, width: number): void =>
    text(`${value.toString(8).padStart(width - 1, '0')}\0`, at, width);
  text(kind === 'folder' ? `${entry.path}/` : entry.path, 0, 100);
  octal(entry.mode ?? MODES[kind], 100, 8);
  octal(entry.owner ?? 0, 108, 8);
  octal(entry.owner ?? 0, 116, 8);
  octal(bytes, 124, 12);
  octal(seconds, 136, 12);
  text(' '.repeat(8), 148, 8);
  text(TYPES[kind], 156, 1);
  if ('target' in entry) text(entry.target, 157, 100);
  text('ustar\u000000', 257, 8);
  octal(0, 329, 8);
  octal(0, 337, 8);
  const sum = block.reduce((total, byte) => total + byte, 0);
  text(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8);
  return block;
}
