// Turns a link between files of the repository into a link of the site.
import { cpSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';
import { ROOT, rewrites } from './pages.ts';

/** Files that pages link to and that are not pages. The site carries a copy of each, as text. */
const copies = new Set<string>();

/** @param from the page, as a path in the repository */
function linkInSite(from: string, target: string): string {
  const [path = '', anchor] = target.split('#');
  const file = join(dirname(from), decodeURI(path));
  const suffix = anchor === undefined ? '' : `#${anchor}`;
  const page = rewrites[file];
  if (page !== undefined) return `/${page}${suffix}`;
  if (file.startsWith('..') || !existsSync(join(ROOT, file)))
    throw new Error(`${from} links to ${target}: no such file`);
  if (statSync(join(ROOT, file)).isDirectory())
    throw new Error(`${from} links to the folder ${target}: link to a file`);
  copies.add(file);
  return `/files/${file}.txt`;
}

/** Light and dark drawings: the site chooses by its own switch, which a `<picture>` does not know. */
function pictureInSite(from: string, html: string): string {
  const [, dark = '', light = '', alt = ''] =
    /<source [^>]*srcset="([^"]+)"[^>]*>\s*<img src="([^"]+)"[^>]*alt="([^"]+)"/.exec(html) ?? [];
  const image = (target: string, theme: string): string => {
    const file = join(dirname(from), target);
    copies.add(file);
    return `<img class="${theme}-only" :src="'/files/${file}'" alt="${alt}">`;
  };
  return `${image(light, 'light')}${image(dark, 'dark')}`;
}

export function linksOfRepository(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('links-of-repository', ({ tokens, env }) => {
    const from = relative(ROOT, env.realPath ?? env.path);
    for (const token of tokens) {
      if (token.type === 'html_block' && token.content.startsWith('<picture>'))
        token.content = pictureInSite(from, token.content);
      for (const child of token.children ?? []) {
        const target = child.type === 'link_open' ? child.attrGet('href') : null;
        if (target === null || /^(?:[a-z]+:|#)/.test(target)) continue;
        child.attrSet('href', linkInSite(from, target));
        if (child.attrGet('href')?.startsWith('/files/')) child.attrSet('target', '_self');
      }
    }
  });
}

export function copyLinkedFiles(outDir: string): void {
  for (const file of copies) {
    const copy = join(outDir, 'files', file.endsWith('.svg') ? file : `${file}.txt`);
    mkdirSync(dirname(copy), { recursive: true });
    cpSync(join(ROOT, file), copy);
  }
}

/** The anchor of a heading, as GitHub makes it. */
export const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\s-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
