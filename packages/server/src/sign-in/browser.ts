// What does a browser send to the pages, and what does it get? And did one of our own pages send it?
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Parameters } from '../primitives/parameters.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { KnownVisitor } from './cookies.ts';
import type { LibraryAnswer } from './library.ts';
import type { Drawing } from './pages/look.ts';

export interface BrowserRequest {
  readonly query: Parameters;
  /** Of a POST. */
  readonly form: Parameters | undefined;
  /** The last segment of a path that ends in a name. */
  readonly uid: string;
  readonly cookie: string | undefined;
  readonly origin: string | undefined;
  /** Sec-Fetch-Site: what the browser itself says of where the request comes from. */
  readonly fetchSite: string | undefined;
  readonly address: string;
}

export interface BrowserAnswer {
  readonly status: number;
  /** Drawn when it is sent: then its language is known. */
  readonly page?: Drawing;
  /** The languages in which the client asked for its pages, where the request itself does not say. */
  readonly uiLocales?: string | undefined;
  readonly location?: string;
  readonly cookies?: readonly string[];
  /** Said to the client by way of the browser, and recorded. */
  readonly refusal?: Refusal;
}

/** As the library answered. */
export const passOn = ({ status, location, cookies, body, oidc }: LibraryAnswer): BrowserAnswer => ({
  status,
  cookies,
  uiLocales: uiLocalesOf(oidc?.params),
  ...(location !== undefined && { location }),
  ...(location === undefined && typeof body === 'function' && { page: body as Drawing }),
});

/** @param params of an authorization request, as the library keeps them */
export const uiLocalesOf = (params: { readonly ui_locales?: unknown } | undefined): string | undefined =>
  typeof params?.ui_locales === 'string' ? params.ui_locales : undefined;

/** The browser keeps the secret by which it is known again. */
export const remember = ({ cookie }: KnownVisitor, answer: BrowserAnswer): BrowserAnswer => ({
  ...answer,
  cookies: [...(answer.cookies ?? []), cookie],
});

/** Bytes of a query: a request with its cookies has to stay below the 16 KiB that headers may have. */
const MAX_QUERY = 8192;

/**
 * What is posted from elsewhere is told to come back by GET: only then does a browser bring its session along.
 * @throws Refusal authorization_request_invalid
 */
export function askByGet(said: URLSearchParams): BrowserAnswer {
  const location = `?${said}`;
  if (location.length > MAX_QUERY) throw new Refusal('authorization_request_invalid', { detail: 'it is too long' });
  return { status: 303, location };
}

/** @throws Refusal post_cross_site. Browsers that do not say where a request comes from say its origin at least. */
export function refuseCrossSite({ fetchSite, origin }: BrowserRequest, issuer: string): void {
  const own = fetchSite === undefined ? origin === undefined || origin === new URL(issuer).origin : isOwn(fetchSite);
  if (!own) throw new Refusal('post_cross_site');
}

/** `none`: nobody but the person began it. */
const isOwn = (fetchSite: string): boolean => fetchSite === 'same-origin' || fetchSite === 'none';

/** Which form is it, and for which browser? */
export interface FormOwner {
  /** The interaction. */
  readonly uid: string;
  /** The digest of the browser's secret. */
  readonly browser: string;
}

/** What the forms of an interaction carry: nobody who lacks the key can tell it. */
export const formToken = (key: string, { uid, browser }: FormOwner): string =>
  createHmac('sha256', key).update(`form ${uid} ${browser}`).digest('base64url');

/** @throws Refusal interaction_unknown */
export function checkFormToken(key: string, owner: FormOwner, given: string | undefined): void {
  const expected = Buffer.from(formToken(key, owner));
  const actual = Buffer.from(given ?? '');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) throw new Refusal('interaction_unknown');
}
