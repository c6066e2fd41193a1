// The paths that write and that no life of a token takes: sign-in with a code, a device, an operator, a registration. Each is
// walked again and again beside the load. What was answered must be true afterwards.
import { setTimeout as wait } from 'node:timers/promises';
import { createBrowser, formOf, type Page } from '../support/browser.ts';
import { read } from '../support/harness.ts';
import { authorizationUrl, VERIFIER } from '../support/people.ts';
import type { Target } from './caller.ts';
import { API, type Beside, CALLBACK, gateway, LOGIN } from './cast.ts';
import { readRows } from './cluster.ts';
import type { Session } from './session.ts';

const ADMIN = `${LOGIN}/admin`;
const REGISTRAR = 'initial-access-token';
const operator = { client_id: 'operator', client_secret: 'operator-secret' };
const device = { client_id: 'tv' };
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** What the paths need in the configuration. */
export const otherPaths: Beside = {
  accounts: ['{ username: ada, password: { plain: lovelace } }'],
  resources: [`{ audience: ${ADMIN}, scopes: [admin:read, admin:write] }`],
  clients: [
    `{ id: operator, auth: client_secret_post, secret: { plain: ${operator.client_secret} }, grants: [client_credentials], audiences: [${ADMIN}], scopes: [admin:read, admin:write] }`,
    `{ id: ${device.client_id}, auth: none, grants: [device_code], audiences: [${API}], scopes: [read] }`,
  ],
  registration: `{ initialAccessToken: { plain: ${REGISTRAR} }, audiences: [${API}], scopes: [read] }`,
};

interface Said {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly etag: string | null;
}

/** A request whose answer was not 503 and not cut off. A path that gets another begins anew. */
type Ask = (path: string, init: RequestInit) => Promise<Said>;

class Unanswered extends Error {}

/** Milliseconds between two walks of a path. Each sign-in hashes a password. */
const PAUSE_MS = 250;
/** As for the load. */
const IN_TIME_MS = 2000;
const PATIENCE_MS = 5000;
/** Less than the lifetime of a code. */
const CODE_MS = 50_000;

/** What an answer promised, to be examined after the fault. @returns what is wrong */
type Promised = () => Promise<string | undefined>;

export interface Walkers {
  /** Ends all walks and examines what was promised. @returns how many answers were good, and how many 503 */
  readonly judge: () => Promise<string>;
}

/** Walks all paths at one server until `judge`. */
export function walkOtherPaths({ store, blame }: Session, target: Target): Walkers {
  const promised: Promised[] = [];
  const committed: string[] = [];
  const counts = { good: 0, failed: 0 };
  let stopped = false;

  const ask = async (path: string, init: RequestInit, wanted: readonly number[]): Promise<Said> => {
    const began = performance.now();
    const { ended } = target;
    const response = await fetch(target.url + path, { ...init, redirect: 'manual' }).catch(() => undefined);
    const text = await response?.text().catch(() => undefined);
    if (response === undefined || text === undefined) {
      if (target.ended === ended && target.up) blame('I8', `${path}: no answer`);
      throw new Unanswered();
    }
    const { status, headers } = response;
    judgeStatus(path, status, performance.now() - began, wanted);
    const id = headers.get('x-request-id');
    if (id !== null && init.method === 'POST' && status < 400) committed.push(id);
    const body = headers.get('content-type')?.includes('json') && text !== '' ? JSON.parse(text) : {};
    return { status, body, etag: headers.get('etag') };
  };
  const judgeStatus = (path: string, status: number, took: number, wanted: readonly number[]): void => {
    if (status === 503) {
      counts.failed++;
      if (took > IN_TIME_MS) blame('I8', `${path}: 503 after ${Math.round(took)} ms`);
      throw new Unanswered();
    }
    if (!wanted.includes(status)) {
      blame('I8', `${path}: ${status}`);
      throw new Unanswered();
    }
    counts.good++;
  };
  const asking =
    (...wanted: readonly number[]): Ask =>
    (path, init) =>
      ask(path, init, wanted);

  const walks = [
    () => signIn(target, judgeStatus, asking, promised),
    () => beginDevice(asking, promised),
    () => changeClients(asking, promised),
    // The rate of registrations is limited.
    () => asking(201, 429)('/oauth/register', withJson({ redirect_uris: [CALLBACK] }, REGISTRAR)),
  ];
  const walking = walks.map(async (walk) => {
    while (!stopped) {
      if (target.up) await walk().catch(ignoreUnanswered);
      await wait(PAUSE_MS);
    }
  });
  return {
    judge: async () => {
      stopped = true;
      await Promise.all(walking);
      const { good, failed } = counts;
      for (const promise of promised) {
        const wrong = await patiently(promise);
        if (wrong !== undefined) blame('I9', wrong);
      }
      const rows = Map.groupBy(await readRows(store), ({ requestId }) => requestId);
      for (const id of committed) {
        const count = rows.get(id)?.length ?? 0;
        if (count !== 1) blame('I3', `request ${id} has ${count} audit rows`);
      }
      return `on other paths ${good} answers were good, ${failed} were 503`;
    },
  };
}

function ignoreUnanswered(error: unknown): void {
  // A page that never came is an error of `fetch`.
  if (!(error instanceof Unanswered || error instanceof TypeError)) throw error;
}

/** Repeats on 503, as callers do. */
async function patiently(promise: Promised): Promise<string | undefined> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await promise();
    } catch (error) {
      if (performance.now() > until) return `not answered in time: ${error}`;
      ignoreUnanswered(error);
      await wait(PAUSE_MS);
    }
  }
}

const withForm = (form: Record<string, string>): RequestInit => ({ method: 'POST', body: new URLSearchParams(form) });

const bearer = (method: string, token: string, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method,
  headers: { authorization: `Bearer ${token}`, ...headers },
});

const withJson = (body: unknown, token: string): RequestInit => ({
  ...bearer('POST', token, { 'content-type': 'application/json' }),
  body: JSON.stringify(body),
});

type Asking = (...wanted: readonly number[]) => Ask;

/** A person signs in, and the client redeems the code: once, and not twice. Every other code is redeemed after the fault. */
async function signIn(
  { url }: Target,
  judgeStatus: (path: string, status: number, took: number, wanted: readonly number[]) => void,
  asking: Asking,
  promised: Promised[],
): Promise<void> {
  const browser = createBrowser(url, async (asked, init) => read(await fetch(asked, init)));
  const timed = async (asked: () => Promise<Page>): Promise<Page> => {
    // A page may be the end of several redirects, so its time says little.
    const page = await asked();
    judgeStatus('sign-in', page.status, 0, [200, 302, 303]);
    return page;
  };
  const first = authorizationUrl({ client_id: gateway.client_id, redirect_uri: CALLBACK, scope: 'read' });
  let page = await timed(() => browser.get(first));
  for (let step = 0; step < 12; step++) {
    const { leftTo } = page;
    if (leftTo?.href.startsWith(CALLBACK)) {
      const form = {
        grant_type: 'authorization_code',
        ...gateway,
        code: leftTo.searchParams.get('code') ?? '',
        redirect_uri: CALLBACK,
        code_verifier: VERIFIER,
      };
      const redeem = async (): Promise<undefined> => {
        await asking(200)('/oauth/token', withForm(form));
        await asking(400)('/oauth/token', withForm(form));
      };
      // A long fault is examined when the first codes have expired.
      const until = performance.now() + CODE_MS;
      if (promised.length % 2 === 0) promised.push(async () => (performance.now() < until ? redeem() : undefined));
      else await redeem();
      return;
    }
    page = await timed(() => {
      if (leftTo !== undefined) return browser.get(leftTo.pathname + leftTo.search);
      const { action, hidden } = formOf(page);
      return browser.post(action, { ...hidden, username: 'ada', password: 'lovelace', agree: 'yes' });
    });
  }
}

/** A device that was told a code may wait for its person. */
async function beginDevice(asking: Asking, promised: Promised[]): Promise<void> {
  const { body } = await asking(200)('/oauth/device_authorization', withForm({ ...device, scope: 'read' }));
  const form = { grant_type: DEVICE_GRANT, ...device, device_code: String(body.device_code) };
  promised.push(async () => {
    const { error } = (await asking(400)('/oauth/token', withForm(form))).body;
    // It may have polled just before, and got 503.
    return error === 'authorization_pending' || error === 'slow_down'
      ? undefined
      : `a device code that was told is ${error}`;
  });
}

let registered = 0;

/** An operator registers a client, and deletes every other one again. */
async function changeClients(asking: Asking, promised: Promised[]): Promise<void> {
  const id = `batch-${registered++}`;
  const getToken = async (): Promise<string> => {
    const form = { grant_type: 'client_credentials', ...operator };
    return String((await asking(200)('/oauth/token', withForm(form))).body.access_token);
  };
  const token = await getToken();
  const entry = { id, auth: 'client_secret_post', grants: ['client_credentials'], audiences: [API], scopes: ['read'] };
  const { etag } = await asking(201)('/admin/v1/clients', withJson(entry, token));
  let status = 200;
  if (registered % 2 === 0) {
    await asking(200, 204)(`/admin/v1/clients/${id}`, bearer('DELETE', token, { 'if-match': etag ?? '' }));
    status = 404;
  }
  promised.push(async () => {
    const found = await asking(200, 404)(`/admin/v1/clients/${id}`, bearer('GET', await getToken()));
    return found.status === status ? undefined : `client ${id} is ${found.status} instead of ${status}`;
  });
}
