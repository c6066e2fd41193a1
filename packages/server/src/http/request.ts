// A request and its answer as values: the input and the output of endpoints.
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

export interface Request {
  /** Our id: the X-Request-Id of the answer, and the key of the audit row. */
  readonly id: string;
  readonly method: string;
  /** As it was sent, without the query. */
  readonly path: string;
  /** The text after the question mark; may be empty. */
  readonly query: string;
  /** The segments of the path that the endpoint names, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** Empty if there is none. */
  readonly body: Uint8Array;
  /** The address of the caller, behind trusted proxies. */
  readonly address: string;
  readonly socket: Socket;
}

export type Headers = Readonly<Record<string, string | readonly string[]>>;

export interface Answer {
  readonly status: number;
  /** Added to the headers of every answer. A header of the same name is replaced. */
  readonly headers?: Headers;
  /** A string and bytes are sent as they are, any other value as JSON; undefined: no body. */
  readonly body?: unknown;
}
