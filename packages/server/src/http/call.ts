// A request and its answer, as far as endpoints know them: what Fastify has of both, and the short way too.
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

/** What is read of a request, by whichever way it came. */
export interface Call {
  readonly id: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  /** Where it came from. */
  readonly ip: string;
  readonly socket: Socket;
}

/** What an endpoint sets of an answer beside its body. */
export interface Reply {
  header(name: string, value: string): unknown;
}
