// How does the load speak to a server? Over connections that are kept, writing every request into the ledger before it goes.
import { Agent, request } from 'node:http';
import { encode, type Form } from '../support/harness.ts';
import type { Attempt, Expectation, Kind, Ledger, Told } from './ledger.ts';
import { accessTokenIn } from './ledger.ts';

/** A server, or what stands before several. */
export interface Target {
  readonly url: string;
  /** Does the load go there now? */
  up: boolean;
  /** Counts how often the harness ended it: an answer that did not come for that is excused. */
  ended: number;
  /** When, of its workers, one was killed last, in milliseconds of this process. */
  workerKilledAt?: number;
  /** It stands before several nodes: what one of them knows the others know within a second. */
  readonly several?: true;
}

export interface Caller {
  readonly ledger: Ledger;
  /** Milliseconds since 1970, as the servers have it. */
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

/** Milliseconds after which no answer will come. */
const GIVE_UP = 10_000;

/** Would an API accept this token? */
export interface Verifier {
  /** @returns why the token does not verify; undefined where it does */
  readonly complaint: (token: string) => Promise<string | undefined>;
  /** How often it has asked for the keys. */
  readonly fetched: () => number;
}

/** @param verifiers look at every JWT that is told */
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

/** Milliseconds in which a connection may belong to a worker that is dead, and nobody has noticed. */
const UNNOTICED = 100;

const isHandedToTheDead = ({ workerKilledAt = -UNNOTICED }: Target, { sentAt }: Attempt): boolean =>
  sentAt - workerKilledAt < UNNOTICED;

/** @returns undefined where no whole answer came */
export function post(url: string, form: Form, agent: Agent | false = false): Promise<Told | undefined> {
  const body = encode(form);
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) };
  return send(url, { method: 'POST', headers, agent, timeout: GIVE_UP }, body);
}

export const get = (url: string): Promise<(Told & { readonly keptFor: number }) | undefined> =>
  send(url, { agent: false, timeout: GIVE_UP });

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
