// What is answered to bytes that never became a request, or to a connection too many? Written by hand: there is no response.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { newId } from '../primitives/random.ts';
import { publicAnswer, type Reason, Refusal } from '../primitives/refusal.ts';
import { RETRY_AFTER } from './answer.ts';

export function refuseBytes(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  sendBytes(socket, new Refusal(byteReasons[error.code ?? ''] ?? 'http_malformed'));
}

const byteReasons: Readonly<Record<string, Reason>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'http_slow',
};

/** An answer where there is no request, and the end of the connection. */
export function sendBytes(socket: Socket, refusal: Refusal): void {
  const { status, error: code, description } = publicAnswer(refusal, 'invalid_grant');
  const body = JSON.stringify({ error: code, error_description: description });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Pragma: no-cache',
    ...(status === 503 ? [`Retry-After: ${RETRY_AFTER}`] : []),
    `X-Request-Id: ${newId()}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
