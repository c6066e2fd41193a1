// Finds the files of the built console. They are read from the disk when a browser asks for them.
import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CONSOLE_PATH } from '../model/console.ts';
import { qualityOf } from '../primitives/quality.ts';
import { decodeUtf8 } from '../primitives/utf8.ts';

export interface ConsoleFile {
  readonly type: string;
  /** Content-Encoding; undefined for the file as it is. */
  readonly encoding: 'br' | 'gzip' | undefined;
  readonly bytes: Uint8Array;
}

export interface ConsoleFiles {
  readonly page: { readonly html: string; readonly etag: string };
  /** @param accepted the Accept-Encoding of the request @returns undefined for an unknown file */
  readonly readAsset: (name: string, accepted: string | undefined) => Promise<ConsoleFile | undefined>;
}

/** Beside the bundle, and in the repository. */
const FOLDERS = ['console', '../../../console/dist'].map((folder) => join(import.meta.dirname, folder));

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  svg: 'image/svg+xml',
  wasm: 'application/wasm',
  woff2: 'font/woff2',
};

/** Files that were compressed by the build, the smallest first. */
const ENCODINGS = [
  { encoding: 'br', suffix: '.br' },
  { encoding: 'gzip', suffix: '.gz' },
] as const;

export async function openConsole(issuer: string): Promise<ConsoleFiles | 'not built'> {
  for (const folder of FOLDERS) {
    const page = await readFile(join(folder, 'index.html')).catch(() => undefined);
    const template = page && decodeUtf8(page);
    if (template !== undefined) return filesIn(folder, fillIn(template, issuer));
  }
  return 'not built';
}

/** The page has relative addresses, and learns the issuer from two places in it. */
function fillIn(template: string, issuer: string): string {
  const base = issuer.replace(/\/$/, '');
  const path = new URL(base).pathname.replace(/\/$/, '') + CONSOLE_PATH;
  return template
    .replace('<base href="/console/">', `<base href="${escapeText(path)}/">`)
    .replace('<meta name="cambio-issuer" content="">', `<meta name="cambio-issuer" content="${escapeText(base)}">`);
}

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

async function filesIn(folder: string, html: string): Promise<ConsoleFiles> {
  const assets = join(folder, 'assets');
  const names = new Set(await readdir(assets));
  return {
    page: { html, etag: `"${hash('sha256', html, 'base64url')}"` },
    readAsset: async (name, accepted) => {
      const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
      if (type === undefined || !names.has(name)) return undefined;
      const { encoding, suffix } = ENCODINGS.find((one) => names.has(name + one.suffix) && accepts(accepted, one)) ?? {
        encoding: undefined,
        suffix: '',
      };
      return { type, encoding, bytes: await readFile(join(assets, name + suffix)) };
    },
  };
}

/** RFC 9110 section 12.5.3. */
const accepts = (header: string | undefined, { encoding }: { readonly encoding: string }): boolean =>
  (header ?? '').split(',').some((range) => {
    const [name, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return name === encoding && qualityOf(parameters) > 0;
  });
