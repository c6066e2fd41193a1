// Lists the pages of the site: the Markdown files of the repository, each with its path in the site and its title.
import { globSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

/** The pages outside docs/, by their path in the site. */
const OTHERS: Readonly<Record<string, string>> = {
  'README.md': 'overview.md',
  'SECURITY.md': 'security.md',
  'CONTRIBUTING.md': 'contributing.md',
  'ARCHITECTURE.md': 'architecture.md',
  'CHANGELOG.md': 'changelog.md',
  'packages/client/README.md': 'guides/client.md',
  'packages/resource-server/README.md': 'guides/resource-server.md',
};

const inSite = (file: string): string =>
  OTHERS[file] ?? file.replace(/^docs\//, '').replace(/(^|\/)README\.md$/, '$1index.md');

/** The path in the site of each file of the repository that is a page. */
export const rewrites: Readonly<Record<string, string>> = Object.fromEntries(
  [...globSync('docs/**/*.md', { cwd: ROOT }), ...Object.keys(OTHERS)].map((file) => [file, inSite(file)]),
);

const titleOf = (file: string): string =>
  /^# (.*)$/m.exec(readFileSync(join(ROOT, file), 'utf8'))?.[1]?.replaceAll('`', '') ?? file;

const SHELVES = {
  start: 'Start',
  guides: 'Guides',
  'guides/issuers': 'Issuers',
  reference: 'Reference',
  explanation: 'Explanation',
  'explanation/decisions': 'Decisions',
  evidence: 'Evidence',
  'evidence/conformance': 'Conformance',
};

/** The index of the documentation decides the order. Pages that it does not name follow by number and name. */
const INDEX = readFileSync(join(ROOT, 'docs/README.md'), 'utf8');
const placeInIndex = (file: string): number => {
  const place = INDEX.indexOf(`](${relative('docs', file)})`);
  return place === -1 ? INDEX.length : place;
};
const { compare } = new Intl.Collator('en', { numeric: true });
const isIndex = (file: string): number => Number(file.endsWith('/README.md') && file.startsWith('docs/'));

/** One group for each folder; its index comes first. */
export const sidebar = [
  {
    text: 'Cambio',
    items: ['docs/README.md', 'README.md', 'SECURITY.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].map(
      link,
    ),
  },
  ...Object.entries(SHELVES).map(([folder, text]) => ({
    text,
    collapsed: folder.includes('/') || folder === 'evidence',
    items: Object.keys(rewrites)
      .filter((file) => rewrites[file]?.replace(/\/[^/]*$/, '') === folder)
      .toSorted((a, b) => isIndex(b) - isIndex(a) || placeInIndex(a) - placeInIndex(b) || compare(a, b))
      .map(link),
  })),
];

function link(file: string): { readonly text: string; readonly link: string } {
  const text = file === 'README.md' ? 'Overview' : titleOf(file);
  return { text, link: `/${rewrites[file]?.replace(/(?:index)?\.md$/, '')}` };
}
