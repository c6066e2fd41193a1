// What do we depend on? The package.json files of the repository and the lock file, as far as the other scripts ask.
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '..');

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** A package of the lock file, by the folder that it is installed to. */
interface Locked {
  readonly name?: string;
  readonly version?: string;
  readonly integrity?: string;
  /** A part of the repository itself. */
  readonly link?: boolean;
  /** Nothing that runs needs it. */
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const read = (file: string) => JSON.parse(readFileSync(join(ROOT, file), 'utf8'));

const manifests: readonly Manifest[] = [
  'package.json',
  'site/package.json',
  ...globSync('{packages,examples}/*/package.json', { cwd: ROOT }),
].map(read);

const namesIn = (...kinds: readonly (keyof Manifest)[]): Set<string> =>
  new Set(manifests.flatMap((manifest) => kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {}))));

/** Direct dependencies of other people's making: what runs, and what only builds and tests. */
export function directDependencies(): {
  readonly running: ReadonlySet<string>;
  readonly developing: ReadonlySet<string>;
} {
  const ours = (name: string): boolean => name.startsWith('@cambio/');
  const running = new Set([...namesIn('dependencies', 'optionalDependencies')].filter((name) => !ours(name)));
  return { running, developing: namesIn('devDependencies').difference(running) };
}

const FOLDER = 'node_modules/';

/** Everything that is installed, direct or not, without the repository's own packages. */
export const lockedPackages = (): readonly (Locked & { readonly name: string })[] =>
  Object.entries<Locked>(read('package-lock.json').packages)
    .filter(([folder, { link }]) => folder.includes(FOLDER) && !link)
    .map(([folder, locked]) => ({ name: folder.slice(folder.lastIndexOf(FOLDER) + FOLDER.length), ...locked }));
