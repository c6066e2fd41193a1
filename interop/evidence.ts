// Writes docs/evidence/interop.md: each library, its version, what was tried, and what a user must set.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Language } from './language.ts';
import type { Trial } from './trial.ts';

export interface Result {
  readonly language: Language;
  /** Of the toolchain. */
  readonly version?: string;
  /** Why it was not tried. */
  readonly absent?: string;
  readonly trials: readonly Trial[];
  readonly faults: readonly string[];
}

const WORDS: Readonly<Record<Trial['outcome'], string>> = { works: 'yes', fails: 'no', wrong: '**unexpected**' };

/** The version in the manifest: the first number with dots after the name, on its line or the next. */
function versionOf({ folder, manifests, inManifest }: Language, client: string): string {
  // Two versions of one package: the program says which it has.
  if (/ \d/.test(client)) return '';
  const text = manifests.map((file) => readFileSync(join(import.meta.dirname, folder, file), 'utf8')).join('\n');
  const name = (inManifest?.[client] ?? client).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const version = new RegExp(`(?<![\\w/-])${name}(?![\\w/-])[^\\d\\n]*(?:\\n\\s*)?[^\\d\\n]*(\\d+\\.\\d[\\w.-]*)`).exec(
    text,
  )?.[1];
  if (version === undefined) throw new Error(`${manifests.join(', ')} of ${folder} does not name ${client}`);
  return version;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The command that failed, and the last line that it printed. */
function reasonIn(absent: string): string {
  const [first = '', ...more] = absent.split(/:?\n\s*/).filter((line) => line !== '');
  return [first, more.at(-1)?.replace(/\.$/, '')].filter((line) => line !== undefined).join(': ');
}

function sectionOf({ language, version, absent, trials, faults }: Result): string {
  const title = `## ${language.name}`;
  if (absent !== undefined) return `${title}\n\nNot tried on this machine: ${reasonIn(absent)}.\n`;
  const rows = trials.map(
    ({ client, what, setting, outcome, detail }) =>
      `| ${cell(`${client} ${versionOf(language, client)}`.trim())} | ${cell(what)} | ${WORDS[outcome]} | ${cell(setting || (outcome === 'works' ? '' : detail))} |`,
  );
  const page = language.page === undefined ? '' : ' The caller and the API of the page run.';
  const ending = faults.length === 0 ? page : ` ${faults.length} faults.`;
  return `${title}\n\nToolchain: ${version}.${ending}\n\n| library | what was tried | works | setting, or why not |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

export function formatPage(results: readonly Result[], dotnet: string | undefined): string {
  const all = results.flatMap(({ trials }) => trials);
  const works = all.filter(({ outcome }) => outcome === 'works');
  const settings = works.filter(({ setting }) => setting !== '');
  const fast = results.filter(({ language }) => language.fast).map(({ language }) => language.name);
  return `# Libraries

\`npm run interop\` wrote this page. It installs the released packages by name and version into a folder outside the repository, starts a
server over HTTPS, and runs a program for each library. It also runs the programs of
[With your library](../start/with-your-library.md), and unmodified servers of others beside ours
([across domains](../guides/across-domains.md)). [CONTRIBUTING.md](../../CONTRIBUTING.md#a-client-library) says how to add a library.
CI runs ${new Intl.ListFormat('en').format(fast)} (\`npm run interop -- --fast\`).

${all.length} trials: ${works.length} work, ${settings.length} of them with a setting. ${all.length - works.length} do not work, and the row says why.

${results.map(sectionOf).join('\n')}
## C#

Not tried: ${dotnet === undefined ? '`dotnet` cannot be run on this machine' : `${dotnet} is here, but no program tries it yet`}. The two programs on the page are not run.
`;
}
