// One persistent connection of the driver over a bare socket, with one request at a time. It must be cheap, because the driver
// shares the machine with the server that it measures.
import { once } from 'node:events';
import { createConnection } from 'node:net';

export interface Answer {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly body: Buffer;
}

export interface Connection {
  /** @throws Error if the connection ends before the answer */
  readonly send: (request: Buffer) => Promise<Answer>;
  readonly close: () => void;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');

export async function openConnection(port: number): Promise<Connection> {
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let received = Buffer.alloc(0);
  let waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void } | undefined;
  const fail = (error: Error): void => {
    waiting?.reject(error);
    waiting = undefined;
  };
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answer = readAnswer(received);
    if (answer === undefined) return;
    received = Buffer.alloc(0);
    const { resolve } = waiting ?? {};
    waiting = undefined;
    resolve?.(answer);
  });
  socket.on('error', fail).on('close', () => fail(new Error('the connection was closed before the answer')));
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        if (socket.writable) socket.write(request);
        else fail(new Error('the connection is closed'));
      }),
    close: () => socket.destroy(),
  };
}

function readAnswer(received: Buffer): Answer | undefined {
  const end = received.indexOf(END_OF_HEAD);
  if (end === -1) return undefined;
  const head = received.toString('latin1', 0, end);
  const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
  if (length === undefined) throw new Error(`an answer without a length: ${head}`);
  const body = received.subarray(end + END_OF_HEAD.length);
  return body.length < Number(length) ? undefined : { status: Number(head.slice(9, 12)), head, body };
}

/** The bytes of a GET. */
export const writeGet = (path: string, headers: Readonly<Record<string, string>>): Buffer =>
  writeHead([`GET ${path} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]);

const writeHead = ([first, ...lines]: readonly string[], body = ''): Buffer =>
  Buffer.from(`${[first, 'Host: 127.0.0.1', ...lines].join('\r\n')}\r\n\r\n${body}`, 'latin1');

/** The bytes of a POST of a form. */
export function writeRequest(path: string, form: Readonly<Record<string, string>>): Buffer {
  const body = new URLSearchParams(form).toString();
  const lines = ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`];
  return writeHead([`POST ${path} HTTP/1.1`, ...lines], body);
}
