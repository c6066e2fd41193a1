// Reads the package.json files of the repository and the lock file, for the other scripts.
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '..');

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** A package in the lock file, by the folder that it is installed to. */
interface Locked {
  readonly name?: string;
  readonly version?: string;
  readonly integrity?: string;
  /** A package of the repository itself. */
  readonly link?: boolean;
  /** For development only. */
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const read = (file: string) => JSON.parse(readFileSync(join(ROOT, file), 'utf8'));

const manifests = (): readonly Manifest[] =>
  ['package.json', 'site/package.json', ...globSync('{packages,examples}/*/package.json', { cwd: ROOT })].map(read);

const namesIn = (...kinds: readonly (keyof Manifest)[]): Set<string> =>
  new Set(manifests().flatMap((manifest) => kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {}))));

/** Direct dependencies: for run time, and for development. */
export function directDependencies(): {
  readonly running: ReadonlySet<string>;
  readonly developing: ReadonlySet<string>;
} {
  const ours = (name: string): boolean => name.startsWith('@cambio/');
  const running = new Set([...namesIn('dependencies', 'optionalDependencies')].filter((name) => !ours(name)));
  return { running, developing: namesIn('devDependencies').difference(running) };
}

const FOLDER = 'node_modules/';

/** Every installed package, direct or not, except those of the repository. */
export const lockedPackages = (): readonly (Locked & { readonly name: string })[] =>
  Object.entries<Locked>(read('package-lock.json').packages)
    .filter(([folder, { link }]) => folder.includes(FOLDER) && !link)
    .map(([folder, locked]) => ({ name: folder.slice(folder.lastIndexOf(FOLDER) + FOLDER.length), ...locked }));
