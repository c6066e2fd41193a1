// Takes files from the installed packages of Debian or a distribution that derives from it, unchanged and with the names of the packages.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Entry } from './tar.ts';

export interface DistributionPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly source: string;
  readonly maintainer: string;
}

export interface Distribution {
  /** `debian`, `ubuntu`. */
  readonly id: string;
  /** `12`. */
  readonly release: string;
  readonly packages: readonly DistributionPackage[];
  readonly entries: readonly Entry[];
}

const CERTIFICATES = 'ca-certificates';
const RELEASE = '/usr/lib/os-release';

/** @param program a program whose libraries to take @throws Error that says what to install */
export function takeFrom(program: string): Distribution {
  const libraries = librariesOf(program);
  const certificates = run('dpkg-query', '--listfiles', CERTIFICATES)
    .split('\n')
    .filter((file) => file.startsWith('/usr/share/') && file.endsWith('.crt'))
    .sort();
  const owners = new Map([...libraries, RELEASE].map((file) => [file, ownerOf(file)]));
  const names = [...new Set([...owners.values(), CERTIFICATES])].sort();
  checkUnchanged(names, [...owners.keys(), ...certificates]);
  const packages = names.map(describe);
  const release = readFileSync(RELEASE, 'utf8');
  const fieldOf = (name: string): string => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(release)?.[1] ?? 'unknown';
  return {
    id: fieldOf('ID'),
    release: fieldOf('VERSION_ID'),
    packages,
    entries: [
      ...libraries.map((file) => ({ path: placeOf(file), mode: 0o755, content: readFileSync(file) })),
      // Not those of /etc/ssl: the machine that builds may trust authorities of its own.
      { path: 'etc/ssl/certs/ca-certificates.crt', content: certificates.map((file) => readFileSync(file)).join('') },
      { path: RELEASE.slice(1), content: release },
      { path: 'etc/os-release', target: '../usr/lib/os-release' },
      ...packages.flatMap((one) => [
        { path: `usr/share/doc/${one.name}/copyright`, content: readFileSync(`/usr/share/doc/${one.name}/copyright`) },
        // Scanners for known vulnerabilities read this.
        { path: `var/lib/dpkg/status.d/${one.name}`, content: statusOf(one) },
      ]),
    ],
  };
}

/** @returns what the program prints @throws Error that says what to do */
function run(program: string, ...args: readonly string[]): string {
  // A preloaded library would be a part of the image.
  const env = { PATH: process.env.PATH, LC_ALL: 'C' };
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', env });
  if (error !== undefined)
    throw new Error(
      `there is no ${program} here. The image is built on Debian or Ubuntu, or in a container: docker build --file deploy/docker/Dockerfile .`,
    );
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} fails: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

function librariesOf(program: string): readonly string[] {
  const lines = run('ldd', program).split('\n');
  const missing = lines.find((line) => line.includes('not found'));
  if (missing !== undefined)
    throw new Error(`${program} needs ${missing.trim().split(' ')[0]}. Find its package with apt-file, and install it`);
  return lines.flatMap((line) => /(?:^\s*|=> )(\/\S+)/.exec(line)?.[1] ?? []).sort();
}

/** Below /usr, where /lib leads. */
const placeOf = (file: string): string => (file.startsWith('/usr/') ? file : `/usr${file}`).slice(1);

/** Packages name a file by one of its two paths. */
function ownerOf(file: string): string {
  const other = file.startsWith('/usr/') ? file.slice(4) : `/usr${file}`;
  const found = spawnSync('dpkg-query', ['--search', file, other], { encoding: 'utf8' }).stdout ?? '';
  const owner = /^([a-z0-9][a-z0-9+.-]*)(?::\w+)?: /m.exec(found)?.[1];
  if (owner === undefined)
    throw new Error(`${file} is not from a package of the distribution. Remove it, or build elsewhere`);
  return owner;
}

/** A file that somebody replaced must not come into the image under the name of the package. */
function checkUnchanged(packages: readonly string[], files: readonly string[]): void {
  const { stdout = '', error } = spawnSync('dpkg', ['--verify', ...packages], { encoding: 'utf8' });
  if (error !== undefined) throw error;
  const differs = new Set(stdout.split('\n').map((line) => line.split(' ').at(-1)));
  const changed = files.find((file) => differs.has(file) || differs.has(`/${placeOf(file)}`));
  if (changed !== undefined)
    throw new Error(
      `${changed} is not as its package installed it. Install the package again: apt-get install --reinstall`,
    );
}

const FIELDS = ['Package', 'Version', 'Architecture', 'source:Package', 'Maintainer'];

function describe(wanted: string): DistributionPackage {
  const format = FIELDS.map((field) => `\${${field}}\\n`).join('');
  const [name = '', version = '', architecture = '', source = '', maintainer = ''] = run(
    'dpkg-query',
    '--show',
    `--showformat=${format}`,
    wanted,
  ).split('\n');
  return { name, version, architecture, source, maintainer };
}

const statusOf = ({ name, version, architecture, source, maintainer }: DistributionPackage): string =>
  `Package: ${name}\nStatus: install ok installed\nMaintainer: ${maintainer}\nArchitecture: ${architecture}\nSource: ${source}\nVersion: ${version}\n`;
