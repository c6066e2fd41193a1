// Requests and answers of browsers, and the checks that one of our own pages sent a form.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Parameters } from '../primitives/parameters.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { KnownVisitor } from './cookies.ts';
import type { LibraryAnswer } from './library.ts';
import type { PageRenderer } from './pages/look.ts';

export interface BrowserRequest {
  readonly query: Parameters;
  /** The body of a POST. */
  readonly form: Parameters | undefined;
  /** The last segment of the path, if it is variable. */
  readonly uid: string;
  readonly cookie: string | undefined;
  readonly origin: string | undefined;
  /** Sec-Fetch-Site: the browser's statement of where the request comes from. */
  readonly fetchSite: string | undefined;
  readonly address: string;
}

export interface BrowserAnswer {
  readonly status: number;
  /** Rendered when it is sent, since its language is known then. */
  readonly page?: PageRenderer;
  /** `ui_locales` of the client's request, for when the current request has none. */
  readonly uiLocales?: string | undefined;
  readonly location?: string;
  readonly cookies?: readonly string[];
  /** Sent to the client through the browser, and recorded. */
  readonly refusal?: Refusal;
}

/** Converts an answer of the library. */
export const toBrowserAnswer = ({ status, location, cookies, body, oidc }: LibraryAnswer): BrowserAnswer => ({
  status,
  cookies,
  uiLocales: uiLocalesOf(oidc?.params),
  ...(location !== undefined && { location }),
  ...(location === undefined && typeof body === 'function' && { page: body as PageRenderer }),
});

/** @param params of an authorization request, as the library stores them */
export const uiLocalesOf = (params: { readonly ui_locales?: unknown } | undefined): string | undefined =>
  typeof params?.ui_locales === 'string' ? params.ui_locales : undefined;

/** Adds the cookie that identifies the browser. */
export const withBrowserCookie = ({ cookie }: KnownVisitor, answer: BrowserAnswer): BrowserAnswer => ({
  ...answer,
  cookies: [...(answer.cookies ?? []), cookie],
});

/** A request with its cookies must stay below the 16 KiB of headers. */
const MAX_QUERY_BYTES = 8192;

/**
 * Redirects a form from another site to GET: browsers send the session cookie only then.
 * @throws Refusal authorization_request_invalid
 */
export function redirectToGet(parameters: URLSearchParams): BrowserAnswer {
  const location = `?${parameters}`;
  if (location.length > MAX_QUERY_BYTES)
    throw new Refusal('authorization_request_invalid', {
      detail: `its parameters have more than ${MAX_QUERY_BYTES} bytes`,
    });
  return { status: 303, location };
}

/** @throws Refusal post_cross_site. Browsers without Sec-Fetch-Site are checked by their Origin. */
export function refuseCrossSite({ fetchSite, origin }: BrowserRequest, issuer: string): void {
  const own = fetchSite === undefined ? origin === undefined || origin === new URL(issuer).origin : isOwn(fetchSite);
  if (!own) throw new Refusal('post_cross_site');
}

/** `none`: the person started the request, for example from the address bar. */
const isOwn = (fetchSite: string): boolean => fetchSite === 'same-origin' || fetchSite === 'none';

/** The interaction and the browser that a form belongs to. */
export interface FormOwner {
  /** The id of the interaction. */
  readonly uid: string;
  /** The digest of the browser's secret. */
  readonly browser: string;
}

/** The token in the forms of an interaction. It cannot be computed without the key. */
export const formToken = (key: string, { uid, browser }: FormOwner): string =>
  createHmac('sha256', key).update(`form ${uid} ${browser}`).digest('base64url');

/** @throws Refusal interaction_unknown */
export function checkFormToken(key: string, owner: FormOwner, given: string | undefined): void {
  const expected = Buffer.from(formToken(key, owner));
  const actual = Buffer.from(given ?? '');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) throw new Refusal('interaction_unknown');
}
