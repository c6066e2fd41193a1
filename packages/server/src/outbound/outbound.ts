// Makes all outgoing requests: https, without redirects, proxies or cookies. Checks the address that the socket connects to, and
// limits the size after decompression, the total time, and the concurrent requests for each issuer.
import { ADDRCONFIG, lookup } from 'node:dns';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { describeError } from '../primitives/failure.ts';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from '../primitives/node-http.ts';
import { type JsonObject, parseJsonObject } from '../primitives/strict-json.ts';
import { step, traceHeaders } from '../primitives/tracing.ts';
import { decodeUtf8 } from '../primitives/utf8.ts';
import { mayConnect, type Reach, reachOf, urlProblem } from './address.ts';
import { shareLookups } from './lookups.ts';

/** Time for everything that one request needs of an issuer, in however many requests of ours. */
const DEADLINE_MS = 3000;
/** The maximum size of an answer, decompressed. */
const MAX_BODY_BYTES = 524_288;
/** The maximum size of a client's document (draft-ietf-oauth-client-id-metadata-document section 6.6). */
const MAX_DOCUMENT_BYTES = 5120;
/** Requests in progress for one issuer. A further one fails at once. */
const MAX_CONCURRENT = 64;
/** Requests in progress that one client may cause, so that it does not use up the limit for others or for us. */
const MAX_CONCURRENT_PER_CLIENT = MAX_CONCURRENT / 4;

/** A request failed. A dependency is at fault, not the caller of this server. */
export class OutboundFailure extends Error {
  /** The status of the answer, if there was one and it was not 200. */
  readonly status: number | undefined;
  /** The answer is 200, and is too large or not JSON. */
  readonly isUnusable: boolean;

  constructor(
    message: string,
    options: { readonly status?: number | undefined; readonly isUnusable?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.status = options.status;
    this.isUnusable = options.isUnusable === true;
  }
}

export interface OutboundRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The id of the client whose request needs it; absent if it serves all clients. */
  readonly causedBy?: string;
}

/** @throws OutboundFailure */
type Requester<T> = (request: OutboundRequest, deadline?: AbortSignal) => Promise<T>;

/** One for each issuer. @returns the JSON object of a 200 answer */
export type Outbound = Requester<JsonObject>;

/** One for each receiver of deliveries. @returns the text of a 2xx answer; empty if it is not UTF-8 */
export type Delivery = Requester<string>;

/** An answer with the time that its server gives it, for checks. */
export interface TimedAnswer {
  readonly json: JsonObject;
  /** Milliseconds since 1970; undefined if the answer has no time. */
  readonly time: number | undefined;
}

/** A deadline for requests that share their time. */
export const startDeadline = (): AbortSignal => AbortSignal.timeout(DEADLINE_MS);

export const createOutbound = (network: 'public' | 'private'): Outbound =>
  createRequester(network, (answer) => readObject(answer));

export const createProbe = (network: 'public' | 'private'): Requester<TimedAnswer> =>
  createRequester(network, async (answer) => ({ json: await readObject(answer), time: readTime(answer) }));

/** A document with the seconds for which it may be cached; undefined if its server does not say. */
export interface CacheableAnswer {
  readonly json: JsonObject;
  readonly maxAge: number | undefined;
}

/** For documents that clients publish about themselves. */
export const createDocumentReader = (network: 'public' | 'private'): Requester<CacheableAnswer> =>
  createRequester(network, async (answer) => {
    const json = await readObject(answer, MAX_DOCUMENT_BYTES);
    if (!/^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i.test(answer.headers['content-type'] ?? ''))
      throw new OutboundFailure('its Content-Type is not JSON', { isUnusable: true });
    return { json, maxAge: readMaxAge(answer) };
  });

export const createDelivery = (network: 'public' | 'private'): Delivery => createRequester(network, readAccepted);

function createRequester<T>(
  network: 'public' | 'private',
  read: (answer: IncomingMessage) => Promise<T>,
): Requester<T> {
  // Agents of our own ignore the proxies of the environment. TLS is verified, whatever the environment says.
  const agents = {
    http: new HttpAgent({ keepAlive: true }),
    https: new HttpsAgent({ keepAlive: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' }),
  };
  let underWay = 0;
  const shares = new Map<string, number>();
  return async (request, deadline = startDeadline()) => {
    const problem = urlProblem(request.url, network);
    if (problem !== undefined) throw new OutboundFailure(`${request.url} ${problem}`);
    if (underWay >= MAX_CONCURRENT) throw new OutboundFailure('too many requests to it are under way');
    const { causedBy = '' } = request;
    const share = shares.get(causedBy) ?? 0;
    if (causedBy !== '' && share >= MAX_CONCURRENT_PER_CLIENT)
      throw new OutboundFailure('too many requests to it are under way for this client');
    const { origin, pathname } = new URL(request.url);
    shares.set(causedBy, share + 1);
    underWay++;
    try {
      return await step('fetch', () =>
        settleByDeadline(deadline, fetchAnswer(read, request, network, agents, deadline)),
      );
    } catch (error) {
      const why = deadline.aborted ? `no answer within ${DEADLINE_MS} ms` : describeError(error);
      const { status, isUnusable = false } = error instanceof OutboundFailure ? error : {};
      throw new OutboundFailure(`${origin}${pathname}: ${why}`, { status, isUnusable, cause: error });
    } finally {
      underWay--;
      const left = (shares.get(causedBy) ?? 0) - 1;
      if (left > 0) shares.set(causedBy, left);
      else shares.delete(causedBy);
    }
  };
}

/**
 * Settles with the work, or at the deadline. This is the one place that limits the time of a request, whichever events Node emits.
 * Unlike the signal of a timeout, the timer keeps the process running.
 */
async function settleByDeadline<T>(deadline: AbortSignal, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const expire = (): void => late.reject(new Error('the deadline has passed'));
  const timer = setTimeout(expire, DEADLINE_MS);
  if (deadline.aborted) expire();
  deadline.addEventListener('abort', expire);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    deadline.removeEventListener('abort', expire);
  }
}

async function fetchAnswer<T>(
  read: (answer: IncomingMessage) => Promise<T>,
  ...about: Parameters<typeof connect>
): Promise<T> {
  return readAnswer(read, await connect(...about));
}

function connect(
  { url: text, method, headers, body }: OutboundRequest,
  network: 'public' | 'private',
  agents: { readonly http: HttpAgent; readonly https: HttpsAgent },
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const url = new URL(text);
  const plain = url.protocol === 'http:';
  const options = {
    method,
    signal,
    lookup: checkedLookup(reachOf(url, network)),
    headers: {
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'user-agent': 'cambio',
      ...traceHeaders(),
      ...headers,
    },
  };
  return new Promise((resolve, reject) => {
    const attempt = (): void => {
      const request = plain
        ? requestHttp(url, { ...options, agent: agents.http })
        : requestHttps(url, { ...options, agent: agents.https });
      request.on('response', resolve);
      // A change of protocol (101) ends a request with neither an answer nor an error.
      const onClose = (): void => reject(new Error('the connection ended without an answer'));
      request.on('close', onClose);
      request.on('error', (error: NodeJS.ErrnoException) => {
        // The server closed a kept connection while we wrote. It read nothing, so the request is sent again on a new connection.
        if (!request.reusedSocket || error.code !== 'ECONNRESET') return reject(error);
        request.off('close', onClose);
        attempt();
      });
      request.end(body);
    };
    attempt();
  });
}

/** Lookup threads belong to the process, so all requesters share this function. */
const lookUp = shareLookups((name, answer) => lookup(name, { all: true, hints: ADDRCONFIG }, answer));

/** Resolves a name, and refuses it if any of its addresses is not allowed. The socket connects to the address that was checked. */
const checkedLookup =
  (reach: Reach): LookupFunction =>
  (hostname, options, callback) => {
    lookUp(hostname, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => mayConnect(address, reach))) {
        return callback(new Error(`${hostname} resolves to an address that is not allowed`), '', 0);
      }
      if (options.all) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };

async function readAnswer<T>(read: (answer: IncomingMessage) => Promise<T>, response: IncomingMessage): Promise<T> {
  try {
    return await read(response);
  } catch (error) {
    response.destroy();
    throw error;
  }
}

async function readObject(response: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<JsonObject> {
  if (response.statusCode !== 200) throw statusFailure(response);
  const text = decodeUtf8(await readBody(response, maxBytes));
  if (text === undefined) throw new OutboundFailure('the answer is not UTF-8');
  // A byte order mark (RFC 8259 section 8.1).
  const json = parseJsonObject(text.replace(/^\uFEFF/, ''));
  if (json === undefined) throw new OutboundFailure('the answer is not a JSON object', { isUnusable: true });
  return json;
}

/** A cache between says in `Age` for how long it has held the answer (RFC 9111 section 5.1). */
function readTime({ headers: { date = '', age = '0' } }: IncomingMessage): number | undefined {
  const time = Date.parse(date) + Number(age) * 1000;
  return Number.isNaN(time) ? undefined : time;
}

/** RFC 9111 sections 4.2 and 5.2. */
function readMaxAge({ headers: { 'cache-control': control = '', age = '0' } }: IncomingMessage): number | undefined {
  if (/\bno-(?:store|cache)\b/i.test(control)) return 0;
  const [, seconds] = /(?:^|[\s,])max-age="?(\d{1,10})"?/i.exec(control) ?? [];
  return seconds === undefined ? undefined : Number(seconds) - (Number(age) || 0);
}

async function readAccepted(response: IncomingMessage): Promise<string> {
  const { statusCode: status = 0 } = response;
  if (status < 200 || status > 299) throw statusFailure(response);
  return decodeUtf8(await readBody(response)) ?? '';
}

function statusFailure({ statusCode: status = 0 }: IncomingMessage): OutboundFailure {
  const redirect = status >= 300 && status < 400 ? ', a redirect, which is not followed' : '';
  return new OutboundFailure(`status ${status}${redirect}`, { status });
}

async function readBody(response: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new OutboundFailure(`more than ${maxBytes} bytes`, { isUnusable: true });
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return body;
  // RFC 9110 section 8.4.1.3: x-gzip is gzip.
  if (encoding !== 'gzip' && encoding !== 'x-gzip') throw new OutboundFailure('an encoding that was not asked for');
  return gunzipSync(body, { maxOutputLength: maxBytes });
}
