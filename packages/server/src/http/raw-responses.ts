// Answers bytes that are not an HTTP request, and connections above the limit. Node has no response object for these.
import type { Socket } from 'node:net';
import { STATUS_CODES } from '../primitives/node-http.ts';
import { newId } from '../primitives/random.ts';
import { type Reason, Refusal } from '../primitives/refusal.ts';
import { commonHeaders, JSON_TYPE, renderJson } from './render.ts';

/** @returns undefined if there is nobody to answer */
export function refusalOfBytes(error: NodeJS.ErrnoException, socket: Socket): Refusal | undefined {
  if (error.code === 'ECONNRESET' || !socket.writable) return undefined;
  return new Refusal(reasonsOfBytes[error.code ?? ''] ?? 'http_malformed');
}

const reasonsOfBytes: Readonly<Record<string, Reason>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'http_slow',
};

/** Sends an answer without a request, and ends the connection. */
export function sendBytes(socket: Socket, refusal: Refusal): void {
  const requestId = newId();
  const { status, headers, body } = renderJson(refusal, {
    requestId,
    tokenErrorCode: 'invalid_grant',
    developer: undefined,
  });
  const text = JSON.stringify(body);
  const all = {
    'Content-Type': JSON_TYPE,
    'Content-Length': Buffer.byteLength(text),
    ...commonHeaders(requestId),
    ...headers,
    Connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', text].join('\r\n'));
}
