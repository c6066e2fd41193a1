// An authorization server over real HTTP that answers as a test says.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';

export interface Seen {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or text as it is. */
  readonly body?: unknown;
  /** Breaks the connection: before the answer, or in it. */
  readonly broken?: 'before' | 'within';
}

export interface Scripted {
  readonly issuer: string;
  /** Requests to the token endpoint and the revocation endpoint. */
  readonly seen: Seen[];
  /** The next answers of these endpoints. Without one, each request gets a new token. */
  readonly next: ((seen: Seen) => Reply | Promise<Reply>)[];
  /** Requests for metadata. */
  metadataRequests: number;
  metadata: Record<string, unknown>;
  metadataStatus: number;
}

export const issued = (token: string, more: Record<string, unknown> = {}): Reply => ({
  body: {
    access_token: token,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: 300,
    ...more,
  },
});

export async function startScripted(t: Pick<TestContext, 'after'>): Promise<Scripted> {
  let count = 0;
  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    if (path.startsWith('/.well-known/')) {
      scripted.metadataRequests++;
      const status = path.includes('oauth-authorization-server') ? scripted.metadataStatus : 404;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(scripted.metadata));
      return;
    }
    const seen = { path, headers: request.headers, form: new URLSearchParams(await text(request)) };
    scripted.seen.push(seen);
    const say = scripted.next.shift() ?? (() => issued(`token-${++count}`));
    const { status = 200, headers = {}, body = {}, broken } = await say(seen);
    if (broken === 'before') return request.socket.destroy();
    response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': `request-${count}`, ...headers });
    if (broken === 'within') return response.write('{"access_', () => request.socket.destroy());
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const scripted: Scripted = {
    issuer,
    seen: [],
    next: [],
    metadataRequests: 0,
    metadataStatus: 200,
    metadata: { issuer, token_endpoint: `${issuer}/token`, revocation_endpoint: `${issuer}/revoke` },
  };
  return scripted;
}

/** A JWT that expires after that many seconds; nobody verifies its signature. */
export function jwt(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'ES256' })}.${part(claims)}.c2lnbmF0dXJl`;
}
