// GET /console: the console, a page of static files. It calls the admin API as a client that people sign in to.
import { CONSOLE_PATH } from '../../model/console.ts';
import { Refusal } from '../../primitives/refusal.ts';
import type { ConsoleFiles } from '../console-files.ts';
import type { Endpoint, Exchange, HttpServices } from '../endpoint.ts';
import type { Answer } from '../request.ts';

/**
 * Scripts and styles are files of this server, and nothing else runs or loads. The page cannot be framed, shares no process with pages
 * that opened it, and sends no form.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SHARED = {
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
} as const;

const PAGE_HEADERS = {
  ...SHARED,
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': POLICY,
  'X-Frame-Options': 'DENY',
  // A browser asks each time whether the page changed.
  'Cache-Control': 'no-cache',
} as const;

/** The name of an asset has the digest of its content. */
const ASSET_SECONDS = 31_536_000;

const isThere = ({ console: files }: HttpServices): boolean => files !== undefined;

/** @throws Refusal console_not_built */
function filesOf({ console: files }: HttpServices): ConsoleFiles {
  if (files === undefined) throw new Refusal('path_unknown');
  if (files === 'not built') throw new Refusal('console_not_built', { detail: 'run npm run build:console' });
  return files;
}

/** The script shows the page of the URL: every path of a page has the same answer. */
function answerPage({ request, services }: Exchange): Answer {
  const { page } = filesOf(services);
  const headers = { ...PAGE_HEADERS, ETag: page.etag };
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.includes(page.etag)) return { status: 304, headers };
  return { status: 200, headers, body: page.html };
}

const shared = { place: 'below', methods: ['GET'], face: 'page', cors: false, audit: undefined, isThere } as const;

export const consolePage = { ...shared, path: CONSOLE_PATH, answer: answerPage } as const satisfies Endpoint;

/** A person types the slash, too. */
export const consoleFolder = { ...shared, path: `${CONSOLE_PATH}/`, answer: answerPage } as const satisfies Endpoint;

export const consoleSubpage = {
  ...shared,
  path: `${CONSOLE_PATH}/:page`,
  segments: { page: /^[a-z][a-z-]{0,39}$/ },
  answer: answerPage,
} as const satisfies Endpoint;

export const consoleAsset = {
  ...shared,
  path: `${CONSOLE_PATH}/assets/:file`,
  segments: { file: /^[\w-][\w.-]{0,99}$/ },
  cacheFor: ASSET_SECONDS,
  answer: async ({ request, services }) => {
    const accepted = request.headers['accept-encoding']?.toString();
    const file = await filesOf(services).readAsset(request.parameters.file ?? '', accepted);
    if (file === undefined) throw new Refusal('path_unknown');
    const { type, encoding, bytes } = file;
    return {
      status: 200,
      headers: {
        ...SHARED,
        'Content-Type': type,
        'Cache-Control': `public, max-age=${ASSET_SECONDS}, immutable`,
        Vary: 'Accept-Encoding',
        ...(encoding !== undefined && { 'Content-Encoding': encoding }),
      },
      body: bytes,
    };
  },
} as const satisfies Endpoint;
