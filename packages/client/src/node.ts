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
export function tlsAgent(certificate: Certificate | (() => Certificate)): typeof globalThis.fetch {
  if (typeof certificate !== 'function') checkCertificate(certificate);
  return async (input, init) => {
    const asked = new Request(input, init);
    const body = new Uint8Array(await asked.arrayBuffer());
    const current = typeof certificate === 'function' ? certificate() : certificate;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(asked.url, {
        ...current,
        method: asked.method,
        headers: { ...Object.fromEntries(asked.headers), 'content-length': body.length },
        signal: asked.signal,
      });
      const reset = (): void => reject(new Error('the connection was closed without an answer'));
      sent.on('error', reject).on('response', resolve).on('close', reset);
      sent.end(body);
    });
    return responseOf(answer);
  };
}

/** Without a certificate the connection succeeds, and the server refuses the client. @throws TypeError */
function checkCertificate(certificate: Certificate): void {
  const { cert, key, ca } = Object(certificate);
  for (const [name, pem] of Object.entries({ cert, key, ...(ca !== undefined && { ca }) }))
    if (!String(pem).includes('-----BEGIN '))
      throw new TypeError(`${name} of the certificate must be a PEM itself, not the path of its file`);
}

/** Statuses whose answers have no body: `Response` refuses one. */
const EMPTY = new Set([204, 205, 304]);

/** @throws TypeError for a status that `Response` does not have */
function responseOf(answer: IncomingMessage): Response {
  const { statusCode: status = 500, rawHeaders } = answer;
  if (status < 200 || status > 599) {
    answer.destroy();
    throw new TypeError(`the server answered with the status ${status}`);
  }
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '');
  if (EMPTY.has(status)) answer.resume();
  const body = EMPTY.has(status) ? null : Readable.toWeb(answer);
  return new Response(body as ConstructorParameters<typeof Response>[0], { status, headers });
}
