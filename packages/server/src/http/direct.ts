// The short way, for endpoints that are asked thousands of times a second: straight from Node's server, without the framework,
// which costs a tenth of an exchange. Everything else, and every other method, goes the long way.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditEvent } from '../audit/event.ts';
import { Refusal } from '../primitives/refusal.ts';
import { refusalAnswer } from './answer.ts';
import type { Call, Reply } from './call.ts';
import type { Endpoint, HttpServices, PlainEndpoint } from './endpoint.ts';
import { type Answered, type Life, OVERLOAD, refuseEncoded } from './life.ts';
import { inTrace } from './trace.ts';
import type { Turns } from './turns.ts';

export interface DirectWay {
  readonly endpoint: PlainEndpoint;
  /** Its path on this server. */
  readonly url: string;
  readonly endpoints: readonly Endpoint[];
  readonly current: () => HttpServices;
  readonly life: Life;
  readonly turns: Turns;
  readonly addressOf: (request: IncomingMessage) => string;
  /** Bytes of a request body. */
  readonly bodyLimit: number;
  readonly answered: (answer: Answered) => void;
}

const JSON_TYPE = 'application/json; charset=utf-8';

export type Listener = (request: IncomingMessage, response: ServerResponse) => void;

export function directWay({ endpoint, url, endpoints, current, life, ...options }: DirectWay): Listener {
  const answer = async (call: Call, reply: Reply, event: AuditEvent, request: IncomingMessage): Promise<unknown> => {
    life.limit(endpoint, call);
    refuseEncoded(call);
    const body = await readBody(request, options.bodyLimit);
    const exchange = { request: { ...call, body }, reply, services: current(), event, endpoints };
    return inTrace(call, { route: url, event }, () => endpoint.answer(exchange));
  };
  return (request, response) => {
    const since = performance.now();
    const { headers, socket } = request;
    const call = { id: life.newId(), method: 'POST', headers, body: undefined, ip: options.addressOf(request), socket };
    const said: Record<string, string> = {};
    const reply: Reply = {
      header: (name, value) => {
        said[name] = value;
      },
    };
    let event: AuditEvent | undefined;
    const finish = (status: number, headers: Readonly<Record<string, string>>, body: unknown): void => {
      const tell = (): void => {
        const seconds = (performance.now() - since) / 1000;
        options.answered({ requestId: call.id, endpoint: url, status, seconds, event: event ?? {} });
      };
      send(response, status, headers, body);
      // Whoever asked may be gone.
      if (response.destroyed) tell();
      else response.once('close', tell);
    };
    const refuse = async (error: unknown): Promise<void> => {
      const refusal = await life.refuse(error, call, event);
      const { status, headers: more, body } = refusalAnswer(refusal, current().tokenErrorCode);
      finish(status, { ...said, ...more }, body);
    };
    const begin = async (): Promise<void> => {
      try {
        event = life.meet(endpoint, call, reply);
        const body = await answer(call, reply, event, request);
        finish(200, said, body);
      } catch (error) {
        await refuse(error);
      }
    };
    life.prepare(reply, call.id);
    if (options.turns.take(begin)) return;
    event = life.begin(call, 'none');
    refuse(OVERLOAD);
  };
}

/** @throws Refusal body_too_large, http_malformed */
function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  // What is left of it is not waited for.
  const tooLarge = (): Refusal => new Refusal('body_too_large', { headers: { Connection: 'close' } });
  if (Number(request.headers['content-length']) > limit) throw tooLarge();
  const brokenOff = (cause?: unknown): Refusal => new Refusal('http_malformed', { detail: 'it broke off', cause });
  if (request.destroyed) throw brokenOff();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) reject(tooLarge());
      else chunks.push(chunk);
    });
    request.once('end', () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    request.once('error', (cause) => reject(brokenOff(cause)));
  });
}

/** @param body text as it is, all else as JSON */
function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const length = Buffer.byteLength(text);
  response.writeHead(status, { 'Content-Type': JSON_TYPE, ...headers, 'Content-Length': length }).end(text);
}
