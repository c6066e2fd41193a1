// Reads tokens of platforms that hand them out at a URL: GitHub Actions, and metadata services.
import { textOfBody } from './body.ts';
import { checkText, secureUrl } from './check.ts';
import { membersOf } from './json.ts';

export interface TokenUrlOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** The member of the answer that has the token. Without it the answer is the token. */
  readonly field?: string;
  /** Milliseconds. Default 5000. */
  readonly timeout?: number;
  readonly fetch?: typeof globalThis.fetch;
}

const DEFAULT_TIMEOUT_MS = 5000;

/** A function that asks a URL for a token. Redirects are refused, because the headers may have a secret. */
export function tokenUrl(
  url: string,
  { headers = {}, field, timeout = DEFAULT_TIMEOUT_MS, fetch = globalThis.fetch }: TokenUrlOptions = {},
): () => Promise<string> {
  return async () => {
    const response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(timeout) });
    if (!response.ok) throw new Error(`${new URL(url).origin} answered ${response.status} to a request for a token`);
    const text = await textOfBody(response);
    if (field === undefined) return text.trim();
    return checkText(`${field} of the answer of ${new URL(url).origin}`, membersOf(text)[field]);
  };
}

/**
 * The ID token of a job of GitHub Actions. The workflow needs `permissions: { id-token: write }`.
 * @param environment `process.env`
 */
export function githubActions(
  environment: Readonly<Record<string, string | undefined>>,
  { audience, ...options }: { readonly audience: string } & Pick<TokenUrlOptions, 'fetch' | 'timeout'>,
): () => Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: place, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret } = environment;
  if (place === undefined || secret === undefined)
    throw new TypeError('not a job of GitHub Actions that may have a token: add permissions: { id-token: write }');
  const url = secureUrl('ACTIONS_ID_TOKEN_REQUEST_URL', place);
  url.searchParams.set('audience', checkText('audience', audience));
  return tokenUrl(url.href, { ...options, headers: { authorization: `Bearer ${secret}` }, field: 'value' });
}
