// Sends the requests of the load over persistent connections, and records each in the ledger before it is sent.
import { Agent, request } from 'node:http';
import { encode, type Form } from '../support/harness.ts';
import type { Attempt, Expectation, Kind, Ledger, Told } from './ledger.ts';
import { accessTokenIn } from './ledger.ts';

/** A server, or a balancer in front of several. */
export interface Target {
  readonly url: string;
  /** Does the load use it now? */
  up: boolean;
  /** How often the harness ended it. A missing answer is excused then. */
  ended: number;
  /** When one of its workers was last killed, in milliseconds of this process. */
  workerKilledAt?: number;
  /** A balancer: its nodes learn of each other's changes within a second. */
  readonly several?: true;
}

export interface Caller {
  readonly ledger: Ledger;
  /** Milliseconds since 1970, by the clock of the servers. */
  readonly clock: () => number;
  readonly ask: (kind: Kind, target: Target, form: Form, expects?: Expectation) => Promise<Told | undefined>;
  readonly close: () => void;
}

const paths: Readonly<Record<Kind, string>> = {
  own: '/oauth/token',
  exchange: '/oauth/token',
  'single-use': '/oauth/token',
  code: '/oauth/token',
  assertion: '/oauth/token',
  refresh: '/oauth/token',
  revoke: '/oauth/revoke',
  introspect: '/oauth/introspect',
};

/** A request without an answer is given up after this time. */
const MAX_WAIT_MS = 10_000;

/** Would an API accept this token? */
export interface Verifier {
  /** @returns why the token is invalid; undefined if it is valid */
  readonly complaint: (token: string) => Promise<string | undefined>;
  /** How often it has fetched the keys. */
  readonly fetched: () => number;
}

/** @param verifiers check every JWT that is received */
export function openCaller(ledger: Ledger, verifiers: readonly Verifier[], clock: () => number = Date.now): Caller {
  const agent = new Agent({ keepAlive: true });
  return {
    ledger,
    clock,
    ask: async (kind, target, form, expects = 'good') => {
      const attempt: Attempt = { kind, url: target.url, form, expects, sentAt: performance.now() };
      const { ended } = target;
      ledger.attempts.push(attempt);
      const told = await post(target.url + paths[kind], form, agent);
      attempt.took = performance.now() - attempt.sentAt;
      if (told === undefined) attempt.excused = target.ended > ended || isHandedToTheDead(target, attempt);
      else attempt.told = told;
      const token = accessTokenIn(told);
      if (token?.startsWith('ey')) {
        const complaints = await Promise.all(verifiers.map((verifier) => verifier.complaint(token)));
        const [complaint] = complaints.filter((one) => one !== undefined);
        if (complaint !== undefined) attempt.unverified = complaint;
      }
      return told;
    },
    close: () => agent.destroy(),
  };
}

/** A connection may belong to a dead worker for this long without notice. */
const UNNOTICED = 100;

const isHandedToTheDead = ({ workerKilledAt = -UNNOTICED }: Target, { sentAt }: Attempt): boolean =>
  sentAt - workerKilledAt < UNNOTICED;

/** @returns undefined if no complete answer came */
export function post(url: string, form: Form, agent: Agent | false = false): Promise<Told | undefined> {
  const body = encode(form);
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) };
  return send(url, { method: 'POST', headers, agent, timeout: MAX_WAIT_MS }, body);
}

export const get = (url: string): Promise<(Told & { readonly keptFor: number }) | undefined> =>
  send(url, { agent: false, timeout: MAX_WAIT_MS });

type Options = NonNullable<Parameters<typeof request>[1]>;

function send(
  url: string,
  options: Options,
  body?: string,
): Promise<(Told & { readonly keptFor: number }) | undefined> {
  return new Promise((resolve) => {
    const asked = request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('error', () => resolve(undefined));
      response.on('end', () => {
        if (!response.complete) return resolve(undefined);
        const { 'x-request-id': requestId, 'cache-control': kept, 'content-type': type } = response.headers;
        resolve({
          status: response.statusCode ?? 0,
          requestId: String(requestId ?? ''),
          body: type?.includes('json') && text !== '' ? JSON.parse(text) : {},
          keptFor: Number(/max-age=(\d+)/.exec(kept ?? '')?.[1] ?? 0),
        });
      });
    });
    asked.on('error', () => resolve(undefined));
    asked.on('timeout', () => asked.destroy());
    asked.end(body);
  });
}
