// A request and its answer, as values: what endpoints read, and what they return.
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

export interface Request {
  /** Ours: the answer's X-Request-Id, and the key of the audit row. */
  readonly id: string;
  readonly method: string;
  /** As it was sent, without the query. */
  readonly path: string;
  /** What follows the question mark; empty where there is none. */
  readonly query: string;
  /** The parts of the path that the endpoint names, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** Empty where there is none. */
  readonly body: Uint8Array;
  /** The caller's, behind the proxies that are trusted. */
  readonly address: string;
  readonly socket: Socket;
}

export type Headers = Readonly<Record<string, string | readonly string[]>>;

export interface Answer {
  readonly status: number;
  /** Added to those that every answer has; the same name replaces. */
  readonly headers?: Headers;
  /** Text as it is, all else as JSON; undefined where there is none. */
  readonly body?: unknown;
}
