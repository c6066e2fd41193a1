// Sends token requests as bytes that no client library would send, and parses their answers.
import { gateway } from './basics.ts';
import { type Answer, encode } from './harness.ts';

export const FORM = encode({ grant_type: 'client_credentials', ...gateway });
export const LENGTH = `Content-Length: ${FORM.length}`;

/** The connection closes after the answer. */
export function request(headers: readonly string[], { line = 'POST /oauth/token HTTP/1.1', body = FORM } = {}): string {
  const all = [line, 'Connection: close', 'Content-Type: application/x-www-form-urlencoded', ...headers];
  return `${all.join('\r\n')}\r\n\r\n${body}`;
}

/** The first of the answers, with the rest in its text. */
export function answerOf(bytes: string): Answer {
  const [head = '', ...rest] = bytes.replace(/^HTTP\/1\.1 100 .*\r\n\r\n/, '').split('\r\n\r\n');
  const [line = '', ...lines] = head.split('\r\n');
  const headers = new Headers(
    lines.map((text): [string, string] => [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1).trim()]),
  );
  const text = rest.join('\r\n\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1]);
  return { status, headers, text, body: headers.get('content-type')?.includes('json') && text ? JSON.parse(text) : {} };
}
