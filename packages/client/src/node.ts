// Reads tokens from files, and opens connections with a certificate, in Node, Deno and Bun.
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { Readable } from 'node:stream';

/** A function that reads a token from a file, each time: Kubernetes and SPIRE replace it. White space at its end is cut off. */
export const tokenFile =
  (path: string): (() => Promise<string>) =>
  async () =>
    (await readFile(path, 'utf8')).trimEnd();

export interface Certificate {
  /** PEM, the certificate of the client with its intermediates. */
  readonly cert: string;
  readonly key: string;
  /** PEM, the authorities of servers. Default: those of the runtime. */
  readonly ca?: string;
}

/**
 * A `fetch` that presents a certificate, for `mtls(...)`. It follows no redirect.
 * @param certificate or a function that returns the current one, if it is renewed
 */
export const tlsAgent =
  (certificate: Certificate | (() => Certificate)): typeof globalThis.fetch =>
  async (input, init) => {
    const asked = new Request(input, init);
    const body = new Uint8Array(await asked.arrayBuffer());
    const current = typeof certificate === 'function' ? certificate() : certificate;
    return new Promise((resolve, reject) => {
      const sent = request(asked.url, {
        ...current,
        method: asked.method,
        headers: { ...Object.fromEntries(asked.headers), 'content-length': body.length },
        signal: asked.signal,
      });
      sent.on('error', reject).on('response', (answer) => resolve(responseOf(answer)));
      sent.end(body);
    });
  };

/** Statuses whose answers have no body: `Response` refuses one. */
const EMPTY = new Set([101, 103, 204, 205, 304]);

function responseOf(answer: IncomingMessage): Response {
  const { statusCode: status = 500, rawHeaders } = answer;
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '');
  if (EMPTY.has(status)) answer.resume();
  const body = EMPTY.has(status) ? null : Readable.toWeb(answer);
  return new Response(body as ConstructorParameters<typeof Response>[0], { status, headers });
}
