// Makes CycloneDX documents from the lock file, because npm's `--omit dev` omits a runtime package that is also a development one
// (fastify), and npm 10 repeats packages that are installed several times.
import { execFileSync } from 'node:child_process';
import { lockedPackages, ROOT } from './manifests.ts';
import type { PublishedManifest } from './published-manifest.ts';

/** The parts that are changed here: https://cyclonedx.org/docs/1.5/json */
export interface Document {
  readonly metadata: { readonly component: Readonly<Record<string, unknown>> };
  readonly components: readonly { readonly 'bom-ref': string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

// With NODE_ENV=production, which Vite sets, npm leaves out every package that is also for development.
const COMMAND = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--include', 'dev'];

const readDocument = (): Document => JSON.parse(execFileSync('npm', COMMAND, { cwd: ROOT, encoding: 'utf8' }));

/** Every package that the server, the libraries and the quickstart need. */
export function wholeDocument(): Document {
  const document = readDocument();
  const locked = lockedPackages();
  const refOf = ({ name, version }: (typeof locked)[number]): string => `${name}@${version}`;
  const runs = new Set(locked.filter(({ dev }) => !dev).map(refOf));
  const left = new Set(locked.map(refOf)).difference(runs);
  // npm names the whole after its folder.
  const component = { ...document.metadata.component, name: 'cambio' };
  return only(document, component, (ref) => !left.has(ref));
}

/** The packages of one tarball. @param parts `NAME@VERSION` of packages that the tarball contains, or that its installation brings */
export function documentOf({ name, version }: PublishedManifest, parts: ReadonlySet<string>): Document {
  const ref = `${name}@${version}`;
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const component = { 'bom-ref': ref, type: 'library', name, version, purl };
  const document = only(readDocument(), component, (one) => parts.has(one));
  const missing = parts.difference(new Set(document.components.map((one) => one['bom-ref'])));
  if (missing.size > 0) throw new Error(`npm sbom does not know ${[...missing].join(', ')}. Run npm ci`);
  return { ...document, dependencies: [{ ref, dependsOn: [...parts] }, ...document.dependencies] };
}

function only(
  document: Document,
  component: Document['metadata']['component'],
  isKept: (ref: string) => boolean,
): Document {
  return {
    ...document,
    metadata: { ...document.metadata, component },
    components: onceEach(document.components, (one) => one['bom-ref']).filter((one) => isKept(one['bom-ref'])),
    dependencies: onceEach(document.dependencies, ({ ref }) => ref)
      .filter(({ ref }) => isKept(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isKept) })),
  };
}

const onceEach = <T>(list: readonly T[], refOf: (one: T) => string): readonly T[] => [
  ...new Map(list.map((one) => [refOf(one), one])).values(),
];
