// Writes a CycloneDX document of every package that the server, the resource-server package and the quickstart need, with version,
// hash and licence. npm run sbom [-- FILE]. It reads the lock file, because npm's `--omit dev` omits a runtime package that is
// also a development one (fastify), and npm 10 repeats packages that are installed several times.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { lockedPackages, ROOT } from './manifests.ts';

/** The parts that are changed here: https://cyclonedx.org/docs/1.5/json */
interface Document {
  readonly metadata: { readonly component: Readonly<Record<string, unknown>> };
  readonly components: readonly { readonly 'bom-ref': string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const COMMAND = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];

function withoutDevelopment(document: Document): Document {
  const locked = lockedPackages();
  const refOf = ({ name, version }: (typeof locked)[number]): string => `${name}@${version}`;
  const runs = new Set(locked.filter(({ dev }) => !dev).map(refOf));
  const left = new Set(locked.map(refOf)).difference(runs);
  return {
    ...document,
    // npm names the whole after its folder.
    metadata: { ...document.metadata, component: { ...document.metadata.component, name: 'cambio' } },
    components: onceEach(document.components, (one) => one['bom-ref']).filter((one) => !left.has(one['bom-ref'])),
    dependencies: onceEach(document.dependencies, ({ ref }) => ref)
      .filter(({ ref }) => !left.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => !left.has(one)) })),
  };
}

const onceEach = <T>(list: readonly T[], refOf: (one: T) => string): readonly T[] => [
  ...new Map(list.map((one) => [refOf(one), one])).values(),
];

const file = resolve(process.argv[2] ?? resolve(ROOT, 'dist/cambio.cdx.json'));
const whole: Document = JSON.parse(execFileSync('npm', COMMAND, { cwd: ROOT, encoding: 'utf8' }));
const document = withoutDevelopment(whole);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
console.log(`${relative(process.cwd(), file)}: ${document.components.length} packages`);
