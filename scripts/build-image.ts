// Builds the image of the server without a container engine: npm run build:image [-- --out FOLDER], or --root FOLDER for its files
// alone, which the Dockerfile copies. Equal sources, packages and SOURCE_DATE_EPOCH give equal bytes. --level 1 takes half of the time,
// for a larger file.
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundlePackage } from './build-server.ts';
import { writeImage } from './image/oci.ts';
import { makeRoot, type Root } from './image/root.ts';
import { settings } from './image/settings.ts';
import { type Entry, withFolders } from './image/tar.ts';
import { ROOT } from './manifests.ts';
import type { PublishedManifest } from './published-manifest.ts';
import { documentOf } from './sbom.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Writes the layout, the archive for `docker load` and the bill of materials into the folder. */
async function build(folder: string, level: number): Promise<void> {
  const created = readEpoch();
  const { root, manifest, parts } = await make();
  const { distribution, node, layers } = root;
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  const archive = join(folder, 'cambio-image.tar');
  mkdirSync(folder, { recursive: true });
  const { digest } = writeImage(
    {
      name: 'cambio',
      version: manifest.version,
      architecture,
      created,
      level,
      config: { ...settings, Labels: labelsOf(root, manifest) },
      layers,
    },
    { folder: join(folder, 'image'), archive },
  );
  const npm = documentOf(manifest, new Set([...parts, `${node.name}@${node.version}`]));
  const { id, release, packages } = distribution;
  const debs = packages.map(({ name, version, architecture }) => {
    const purl = `pkg:deb/${id}/${name}@${encodeURIComponent(version)}?arch=${architecture}&distro=${id}-${release}`;
    return { 'bom-ref': purl, type: 'library', name, version, purl };
  });
  const component = {
    'bom-ref': digest,
    type: 'container',
    name: 'cambio',
    version: manifest.version,
    hashes: [{ alg: 'SHA-256', content: digest.slice('sha256:'.length) }],
  };
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component },
    components: [...npm.components, ...debs],
  };
  writeFileSync(join(folder, 'cambio-image.cdx.json'), `${JSON.stringify(bill, null, 2)}\n`);
  console.log(`${digest}\n${archive}: ${Math.ceil(statSync(archive).size / 2 ** 20)} MiB, for docker load`);
}

async function make(): Promise<{
  readonly root: Root;
  readonly manifest: PublishedManifest;
  readonly parts: readonly string[];
}> {
  const built = mkdtempSync(join(tmpdir(), 'cambio-image-'));
  let parts: readonly string[] = [];
  try {
    const root = await makeRoot(async () => {
      const { packages } = await bundlePackage(built);
      parts = packages.map(({ name, version }) => `${name}@${version}`);
      return built;
    });
    return { root, manifest: JSON.parse(readFileSync(join(built, 'package.json'), 'utf8')), parts };
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
}

/** https://github.com/opencontainers/image-spec/blob/main/annotations.md, and the versions of the packages. */
function labelsOf(
  { distribution, node }: Root,
  { version, description, license }: PublishedManifest,
): Readonly<Record<string, string>> {
  const { id, release, packages } = distribution;
  return {
    'org.opencontainers.image.title': 'Cambio',
    'org.opencontainers.image.description': String(description),
    'org.opencontainers.image.licenses': String(license),
    'org.opencontainers.image.version': version,
    'io.cambio.node': node.version,
    'io.cambio.packages': [`${id} ${release}:`, ...packages.map(({ name, version }) => `${name}=${version}`)].join(' '),
  };
}

/** https://reproducible-builds.org/specs/source-date-epoch */
function readEpoch(): number {
  const text = process.env.SOURCE_DATE_EPOCH ?? '0';
  if (!/^\d{1,10}$/.test(text)) throw new Error(`SOURCE_DATE_EPOCH ${text} is not a number of seconds since 1970`);
  return Number(text);
}

/** Of gzip. */
function readLevel(text: string): number {
  if (!/^[1-9]$/.test(text)) throw new Error(`--level ${text} is not a level of gzip. Write 1 to 9`);
  return Number(text);
}

/** Writes the files of the image, with their modes, and with their owners where root runs it. */
async function unpack(folder: string): Promise<void> {
  const { root } = await make();
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  for (const entry of withFolders(root.layers.flatMap(({ entries }) => entries))) write(folder, entry);
}

function write(folder: string, entry: Entry): void {
  const path = join(folder, entry.path);
  if ('target' in entry) {
    symlinkSync(entry.target, path);
    return;
  }
  if ('content' in entry) writeFileSync(path, entry.content);
  else mkdirSync(path);
  chmodSync(path, entry.mode ?? ('content' in entry ? 0o644 : 0o755));
  if (entry.owner !== undefined && process.getuid?.() === 0) chownSync(path, entry.owner, entry.owner);
}

try {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, root: { type: 'string' }, level: { type: 'string', default: '6' } },
  });
  if (values.root === undefined) await build(resolve(values.out ?? join(ROOT, 'dist')), readLevel(values.level));
  else await unpack(resolve(values.root));
} catch (error) {
  console.error(`build:image: ${(error as Error).message}`);
  process.exitCode = 1;
}
