// Finds the files of the built console. They are read when a browser asks for them.
import { hash } from 'node:crypto';
import { CONSOLE_PATH } from '../model/console.ts';
import { qualityOf } from '../primitives/quality.ts';
import { decodeUtf8 } from '../primitives/utf8.ts';
import { type ConsoleSource, openConsoleSource } from './console-source.ts';

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
  const source = await openConsoleSource();
  if (source === undefined) return 'not built';
  const template = decodeUtf8(source.page);
  return template === undefined ? 'not built' : filesOf(source, fillIn(template, issuer));
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

function filesOf({ assets: names, readAsset }: ConsoleSource, html: string): ConsoleFiles {
  return {
    page: { html, etag: `"${hash('sha256', html, 'base64url')}"` },
    readAsset: async (name, accepted) => {
      const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
      if (type === undefined || !names.has(name)) return undefined;
      const { encoding, suffix } = ENCODINGS.find((one) => names.has(name + one.suffix) && accepts(accepted, one)) ?? {
        encoding: undefined,
        suffix: '',
      };
      return { type, encoding, bytes: await readAsset(name + suffix) };
    },
  };
}

/** RFC 9110 section 12.5.3. */
const accepts = (header: string | undefined, { encoding }: { readonly encoding: string }): boolean =>
  (header ?? '').split(',').some((range) => {
    const [name, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return name === encoding && qualityOf(parameters) > 0;
  });
