// Builds the pages of the repository into a static site, with a search that needs no server.
import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { anchorOf, copyLinkedFiles, linksOfRepository } from './links.ts';
import { ROOT, rewrites, sidebar } from './pages.ts';

const isPage = new Set(Object.keys(rewrites));

export default defineConfig({
  title: 'Cambio',
  description: 'An OAuth 2.0 token exchange server (RFC 8693)',
  lang: 'en',
  srcDir: ROOT,
  outDir: join(ROOT, 'dist/site'),
  cacheDir: join(ROOT, 'node_modules/.cache/vitepress'),
  srcExclude: [
    '**/node_modules/**',
    '**/dist/**',
    '{bench,deploy,examples,scripts,site,.*}/**/*.md',
    'packages/{console,server}/**/*.md',
  ],
  rewrites: { ...rewrites },
  ignoreDeadLinks: 'localhostLinks',
  markdown: {
    config: linksOfRepository,
    anchor: { slugify: anchorOf },
    languageAlias: { text: 'txt' },
  },
  transformHtml: (html, id) => {
    const [foreign] =
      /<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href|srcset)="(?:https?:)?\/\/[^"]*"/.exec(html) ?? [];
    if (foreign !== undefined) throw new Error(`${id} loads from another host: ${foreign}`);
  },
  buildEnd: ({ outDir, pages }) => {
    const surplus = pages.filter((page) => !isPage.has(page) && !Object.values(rewrites).includes(page));
    if (surplus.length > 0) throw new Error(`not a page of the site: ${surplus.join(', ')}`);
    copyLinkedFiles(outDir);
  },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/overview' },
      { text: 'Guides', link: '/guides/policy' },
      { text: 'Reference', link: '/reference/configuration' },
    ],
    sidebar,
    outline: [2, 3],
    // A name such as invalid_grant is two words: a result must hold both.
    search: {
      provider: 'local',
      options: { miniSearch: { searchOptions: { fuzzy: 0.1, prefix: true, combineWith: 'AND' } } },
    },
  },
});
