// Reports each trial as a line, and has what the trials share.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { ISSUER = '', HELPER = '', FILES = '', CALLBACK = '' } = process.env;

export { CALLBACK, ISSUER };
export const ORDERS = 'https://orders.example.com';
export const REPORTS = 'https://reports.example.com';
export const LEDGER = 'https://ledger.example.com';
export const URN = 'urn:ietf:params:oauth:token-type:';
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

export interface Expected {
  /** What a user must know. */
  readonly setting?: string;
  /** The error that the library or the server must give. */
  readonly fails?: RegExp;
  /** In words. */
  readonly because?: string;
}

export async function trial(
  client: string,
  what: string,
  work: () => Promise<unknown>,
  { setting = '', fails, because = '' }: Expected = {},
): Promise<void> {
  let outcome = fails === undefined ? 'works' : 'wrong';
  let detail = '';
  try {
    await work();
  } catch (error) {
    const text = described(error);
    const isExpected = fails?.test(text) ?? false;
    outcome = isExpected ? 'fails' : 'wrong';
    detail = isExpected ? because : text;
  }
  console.log(['trial', client, what, setting, outcome, detail.replace(/\s+/g, ' ')].join('\t'));
}

function described(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error);
  const { cause, error: code, error_description } = error as Error & Record<string, unknown>;
  return [error.message, code, error_description, cause === undefined ? '' : described(cause)]
    .filter(Boolean)
    .join(': ');
}

export const readText = (name: string): string => readFileSync(join(FILES, name), 'utf8');
export const pathOf = (name: string): string => join(FILES, name);

/** Asks the person, or the platform, of the harness. */
async function ask(path: string, url = ''): Promise<string> {
  const response = await fetch(`${HELPER}${path}?url=${encodeURIComponent(url)}`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}

export const platformToken = (): Promise<string> => ask('/platform-token');
/** Signs in, and returns the URL that the browser is sent back to. */
export const signIn = (url: string): Promise<string> => ask('/sign-in', url);
/** The status, the URL and the text of the last page of an application. */
export const visit = (url: string): Promise<string> => ask('/visit', url);
export const approve = (url: string): Promise<string> => ask('/approve', url);

/** A token of a client, by a plain request. */
export async function ownToken(audience = ORDERS, scope = 'read write'): Promise<string> {
  const form = { grant_type: 'client_credentials', client_id: 'post', client_secret: 'post-secret', audience, scope };
  const response = await fetch(`${ISSUER}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
  return String(((await response.json()) as { access_token?: string }).access_token);
}

export const claimsOf = (token: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString());

/** @param token must be for the API, with this subject */
export function assertFor(token: unknown, sub: string, audience = ORDERS): void {
  const claims = claimsOf(token);
  assert.deepEqual([claims.sub, claims.aud], [sub, audience]);
}
