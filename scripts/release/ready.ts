// Checks that the repository is ready for a release, before anything is built.
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../manifests.ts';

const USAGE = 'Usage: npm run release -- --dry-run [--version X.Y.Z] [--out FOLDER]';
/** They have one version. */
const MANIFESTS = [
  'package.json',
  ...['server', 'client', 'resource-server'].map((name) => `packages/${name}/package.json`),
];
const VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** Says in one line what is wrong and what to do. */
export class ReleaseFault extends Error {
  readonly code: number;
  constructor(message: string, code = 1) {
    super(message);
    this.code = code;
  }
}

export interface Wish {
  /** False only in the workflow, which publishes what is made. */
  readonly isDry: boolean;
  readonly version: string;
  readonly folder: string;
}

/** @throws ReleaseFault */
export function readWish(args: readonly string[]): Wish {
  const { 'dry-run': isDry, version = ownVersion(), out } = parse(args);
  if (!VERSION.test(version)) throw new ReleaseFault(`--version ${version} is not a version such as 0.1.0`, 2);
  if (!isDry && process.env.GITHUB_REF !== `refs/tags/v${version}`)
    throw new ReleaseFault(
      `nothing is published from this machine: push the tag v${version}, and .github/workflows/release.yml publishes it. ` +
        'To make and try everything here, add --dry-run: npm run release -- --dry-run',
    );
  const folder = resolve(ROOT, out ?? 'dist/release');
  if (out !== undefined && existsSync(folder))
    throw new ReleaseFault(`--out ${out} exists already. Name a new folder, which the release makes`, 2);
  return { isDry, version, folder };
}

function parse(args: readonly string[]): {
  'dry-run': boolean;
  version?: string | undefined;
  out?: string | undefined;
} {
  const options = {
    'dry-run': { type: 'boolean', default: false },
    version: { type: 'string' },
    out: { type: 'string' },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split(/(?<=')\.? /);
    throw new ReleaseFault(`${sentence.replace(/\.$/, '')}. ${USAGE}`, 2);
  }
}

const versionIn = (file: string): string => JSON.parse(readFileSync(join(ROOT, file), 'utf8')).version;
const ownVersion = (): string => versionIn('package.json');

/** @returns the notes of the release @throws ReleaseFault */
export function checkReady({ version, isDry }: Wish): string {
  const own = ownVersion();
  for (const file of MANIFESTS) {
    const found = versionIn(file);
    if (found !== own || (!isDry && found !== version))
      throw new ReleaseFault(
        `${file} has version ${found}, not ${isDry ? own : version}. Run npm version ${isDry ? own : version} --workspaces --include-workspace-root --no-git-tag-version --allow-same-version, and commit`,
      );
  }
  const changes = git('status', '--porcelain').trimEnd().split('\n').filter(Boolean);
  if (changes.length > 0)
    throw new ReleaseFault(
      `the working tree differs from the commit (${changes[0]?.slice(3)}${changes.length > 1 ? ` and ${changes.length - 1} more` : ''}). Commit or stash it: a release contains what the commit contains`,
    );
  checkTag(`v${version}`, isDry);
  checkSchema(isDry);
  return notesOf(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8'), version, isDry);
}

function git(...args: readonly string[]): string {
  try {
    return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const [line = ''] = String((error as { stderr?: string }).stderr ?? error).split('\n');
    throw new ReleaseFault(
      `git ${args[0]} fails in ${relative(process.cwd(), ROOT) || 'this folder'}: ${line}. Work in a clone of the repository`,
    );
  }
}

function checkTag(tag: string, isDry: boolean): void {
  const [tagged] = git(
    'tag',
    '--list',
    tag,
    '--format=%(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)',
  ).split('\n');
  const isHere = tagged === git('rev-parse', 'HEAD').trim();
  if (tagged && !isHere)
    throw new ReleaseFault(
      `the tag ${tag} is on another commit. Choose the next version: a published version never changes`,
    );
  if (!isDry && !tagged) throw new ReleaseFault(`there is no tag ${tag}. Fetch the tags: git fetch --tags`);
}

/** Later versions are tested with the store of this one. */
function checkSchema(isDry: boolean): void {
  const newest = globSync('packages/server/src/store/migrations/[0-9]*.ts', { cwd: ROOT }).sort().at(-1) ?? '';
  const schema = basename(newest, '.ts');
  if (existsSync(join(ROOT, 'packages/server/test/store/schemas', schema))) return;
  const fault = `packages/server/test/store/schemas has no store of the schema ${schema}. Run npm run schema-fixture, and commit what it writes`;
  if (!isDry) throw new ReleaseFault(fault);
  console.error(`release: warning: ${fault}`);
}

/** The section of a version. Its heading is `## 0.1.0 - 2026-01-31`, or until it is released `## 0.1.0 - unreleased`. */
export function notesOf(changelog: string, version: string, isDry: boolean): string {
  const heading = new RegExp(`^## ${version.replaceAll('.', '\\.')} - (.*)$\n([^]*?)(?=^## |(?![^]))`, 'm');
  const [, date = '', notes = ''] = heading.exec(changelog) ?? [];
  if (date === '')
    throw new ReleaseFault(
      `CHANGELOG.md has no section ${version}. Begin it with a line such as "## ${version} - 2026-01-31"`,
    );
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date) && !(isDry && date === 'unreleased'))
    throw new ReleaseFault(
      `CHANGELOG.md says "## ${version} - ${date}". Replace "${date}" by the date, such as 2026-01-31`,
    );
  if (notes.trim() === '') throw new ReleaseFault(`CHANGELOG.md says nothing under "## ${version} - ${date}"`);
  return notes.trim();
}
