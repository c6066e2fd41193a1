// The callers of a soak. Each goes through the life of a token again and again, and begins anew after a failure.
import { setTimeout as wait } from 'node:timers/promises';
import { paths } from './cambio.ts';
import { type Answer, type Connection, openConnection, writeRequest } from './connection.ts';
import type { Issuers } from './issuers.ts';
import { CLIENT, exchange, type Form, urn } from './request.ts';

export interface Callers {
  /** Ids of requests that were granted, until they are found in the audit. */
  readonly granted: Set<string>;
  readonly counts: { granted: number; refused: number; unanswered: number };
  /** Milliseconds that granted requests took, since the last call. */
  readonly takeLatencies: () => readonly number[];
  readonly stop: () => Promise<void>;
}

/** Of a request that got no answer, or 503. */
const RETRY_MS = 100;

type Ask = (path: string, form: Form) => Promise<Readonly<Record<string, unknown>>>;

/** @param rate requests in a second, of all callers together */
export function startCallers(port: number, issuers: Issuers, rate: number, callers = 8): Callers {
  const granted: Callers['granted'] = new Set();
  const counts = { granted: 0, refused: 0, unanswered: 0 };
  let latencies: number[] = [];
  let stopped = false;

  const count = (path: string, { status, head }: Answer, took: number): void => {
    if (status !== 200) {
      counts.refused++;
      throw new Error(`status ${status}`);
    }
    counts.granted++;
    latencies.push(took);
    const [, id] = /\r\nx-request-id: (\S+)/i.exec(head) ?? [];
    // An introspection has no row.
    if (id !== undefined && path !== paths.introspection) granted.add(id);
  };

  const call = async (): Promise<void> => {
    let connection: Connection | undefined;
    const ask: Ask = async (path, form) => {
      await wait((1000 * callers) / rate);
      connection ??= await openConnection(port);
      const began = performance.now();
      const answer = await connection.send(writeRequest(path, form));
      count(path, answer, performance.now() - began);
      return answer.body.length === 0 ? {} : JSON.parse(answer.body.toString());
    };
    for (let life = 0; !stopped; life++) {
      const refused = counts.refused;
      try {
        await live(ask, issuers, life);
      } catch {
        if (counts.refused === refused) counts.unanswered++;
        connection?.close();
        connection = undefined;
        await wait(RETRY_MS);
      }
    }
    connection?.close();
  };
  const all = Array.from({ length: callers }, call);
  return {
    granted,
    counts,
    takeLatencies: () => {
      const taken = latencies;
      latencies = [];
      return taken;
    },
    stop: async () => {
      stopped = true;
      await Promise.all(all);
    },
  };
}

/** A token is exchanged, used, refreshed and in one life of four revoked. */
async function live(ask: Ask, issuers: Issuers, life: number): Promise<void> {
  issuers.nextRound();
  const [subject = ''] = issuers.people.tokens(1);
  const { access_token: own } = await ask(paths.token, exchange(subject));
  const again = await ask(paths.token, exchange(String(own), 'access_token'));
  await ask(paths.introspection, { ...CLIENT, token: String(again.access_token) });
  const asked = { ...exchange(String(own), 'access_token'), requested_token_type: urn('refresh_token') };
  const { access_token: refresh } = await ask(paths.token, asked);
  const form = { grant_type: 'refresh_token', ...CLIENT, refresh_token: String(refresh) };
  const { refresh_token: next } = await ask(paths.token, form);
  if (life % 4 === 0) await ask('/oauth/revoke', { ...CLIENT, token: String(next) });
}
