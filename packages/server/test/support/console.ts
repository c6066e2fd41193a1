// Builds the console for a test file that needs it, and signs people in to it as its page does.
import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { type Browser, createBrowser, type Page } from './browser.ts';
import { added, type Configuration, changed, edited } from './configuration.ts';
import { type Answer, type Form, read, type TestServer } from './harness.ts';
import { entry, type FakeIssuer } from './issuer.ts';
import { CHALLENGE, configuration, goThrough, VERIFIER } from './people.ts';
import { repository } from './program.ts';
import { newProver, type Prover } from './prover.ts';

/** Builds it if its sources changed. */
export const buildConsole = (): void =>
  void execFileSync(process.execPath, ['scripts/build-console.ts', '--if-stale'], { cwd: repository });

/** The section of a configuration that has the admin API and the account. */
export const consoleOf = (account: string, ...scopes: readonly string[]) => ({
  console: { operators: [{ account, scopes: scopes.length === 0 ? ['admin:read', 'admin:write'] : scopes }] },
});

export type Operator = Readonly<Record<string, unknown>>;

/** People sign in, there is an admin API, and these people may use the console. */
export const withConsole = (operators: readonly Operator[], base: Configuration = configuration): Configuration =>
  changed(base, {
    resources: added({ audience: `\${ISSUER}/admin`, scopes: ['admin:read', 'admin:write'] }),
    console: { operators: [...operators] },
  });

/** An issuer whose people and workloads `agent` exchanges for the admin API. */
export const foreignOperators = (idp: Pick<FakeIssuer, 'url'>): Configuration => ({
  issuers: [entry(idp)],
  clients: edited('agent', { audiences: [`\${ISSUER}/admin`], scopes: ['admin:read'] }),
  rules: added({
    ...{ name: 'foreign operators', client: 'agent', subject: { issuer: 'idp' } },
    grant: { audiences: [`\${ISSUER}/admin`], scopes: { read: ['admin:read'] } },
  }),
});

export const callbackOf = ({ issuer }: Pick<TestServer, 'issuer'>): string => `${issuer}/console/callback`;

/** The authorization request of the page. */
export function consoleRequest(server: Pick<TestServer, 'issuer'>, changed: Form = {}): string {
  const form: Form = {
    client_id: 'cambio-console',
    response_type: 'code',
    redirect_uri: callbackOf(server),
    resource: `${server.issuer}/admin`,
    state: 'the-state',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...changed,
  };
  const sent = Object.entries(form).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return `/oauth/authorize?${new URLSearchParams(sent)}`;
}

/** @returns the page after the sign-in: the console's own, whose URL has the code */
export async function goToConsole(
  server: TestServer,
  who: { readonly username: string; readonly password: string },
  browser: Browser = createBrowser(server.issuer),
): Promise<Page> {
  return goThrough(browser, await browser.get(consoleRequest(server)), who);
}

export interface ConsoleSession {
  readonly answer: Answer;
  readonly access: string;
  readonly refresh: string;
  readonly prover: Prover;
  readonly renew: (changed?: Form, prover?: Prover) => Promise<Answer>;
  /** Calls the admin API. @param what method and path */
  readonly call: (what: string, body?: unknown, prover?: Prover) => Promise<Answer>;
}

/** Redeems the code of the page, with a new key. */
export async function redeemAtConsole(server: TestServer, url: string): Promise<ConsoleSession> {
  const prover = newProver();
  const form = { grant_type: 'authorization_code', client_id: 'cambio-console', code_verifier: VERIFIER };
  const code = new URL(url).searchParams.get('code') ?? '';
  const answer = await server.token(
    { ...form, code, redirect_uri: callbackOf(server) },
    { dpop: prover.prove(server) },
  );
  return sessionOf(server, answer, prover);
}

export function sessionOf(server: TestServer, answer: Answer, prover: Prover): ConsoleSession {
  const { access_token: access = '', refresh_token: refresh = '' } = answer.body as Record<string, string>;
  return {
    answer,
    access,
    refresh,
    prover,
    renew: (changed = {}, by = prover) =>
      server.token(
        { grant_type: 'refresh_token', client_id: 'cambio-console', refresh_token: refresh, ...changed },
        { dpop: by.prove(server) },
      ),
    call: (what, body, by = prover) => callAdmin(server, what, { access, prover: by, body }),
  };
}

interface Presented {
  readonly access: string;
  readonly prover: Prover;
  readonly body?: unknown;
}

async function callAdmin(server: TestServer, what: string, { access, prover, body }: Presented): Promise<Answer> {
  const [method = 'GET', path = ''] = what.split(' ');
  const url = `${server.issuer}/admin/v1${path}`;
  const ath = hash('sha256', access, 'base64url');
  const dpop = prover.prove(server, { htm: method, htu: url.replace(/\?.*$/, ''), ath });
  return read(
    await fetch(url, {
      method,
      headers: {
        authorization: `DPoP ${access}`,
        dpop,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }),
  );
}

/** Signs in and redeems. */
export async function openConsoleAs(
  server: TestServer,
  who: { readonly username: string; readonly password: string },
): Promise<ConsoleSession> {
  return redeemAtConsole(server, (await goToConsole(server, who)).url);
}
