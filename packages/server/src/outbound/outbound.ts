// The one function that makes requests of ours: https, no redirects, no proxies, no cookies; the address checked on the
// socket's own resolution, size bounded after decompression, time bounded in all, a few at once for each issuer.
import { ADDRCONFIG, lookup } from 'node:dns';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { describeError } from '../primitives/failure.ts';
import { type JsonObject, parseJsonObject } from '../primitives/strict-json.ts';
import { step, traceHeaders } from '../primitives/tracing.ts';
import { decodeUtf8 } from '../primitives/utf8.ts';
import { mayConnect, type Reach, reachOf, urlProblem } from './address.ts';
import { shareLookups } from './lookups.ts';

/** Milliseconds for the whole of what is asked of an issuer at once, however many requests that takes. */
const DEADLINE_MS = 3000;
/** Bytes of an answer, once decompressed. */
const MAX_BODY_BYTES = 524_288;
/** Requests under way for one issuer; what comes on top fails at once and holds nothing up. */
const MAX_CONCURRENT = 64;
/** Those of them that one client may cause, so that it takes the places of no other and of no request of ours. */
const MAX_CONCURRENT_PER_CLIENT = MAX_CONCURRENT / 4;

/** It could not be had: a dependency failed, and the caller of ours is not to blame. */
export class OutboundFailure extends Error {
  /** Of the answer, where there was one and it was not 200. */
  readonly status: number | undefined;

  constructor(message: string, options: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.status = options.status;
  }
}

export interface OutboundRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The id of the client whose request needs it; absent where it serves all of them. */
  readonly causedBy?: string;
}

/** @throws OutboundFailure */
type Requester<T> = (request: OutboundRequest, deadline?: AbortSignal) => Promise<T>;

/** One for each issuer. @returns the JSON object of a 200 */
export type Outbound = Requester<JsonObject>;

/** One for each place that is told something. @returns the text of an answer of 2xx; empty where it is not UTF-8 */
export type Delivery = Requester<string>;

/** For requests that share their time. */
export const startDeadline = (): AbortSignal => AbortSignal.timeout(DEADLINE_MS);

export const createOutbound = (network: 'public' | 'private'): Outbound => createRequester(network, readObject);

export const createDelivery = (network: 'public' | 'private'): Delivery => createRequester(network, readAccepted);

function createRequester<T>(
  network: 'public' | 'private',
  read: (answer: IncomingMessage) => Promise<T>,
): Requester<T> {
  // Agents of its own, which follow no proxy of the environment; TLS is verified whatever the environment says.
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
      const status = error instanceof OutboundFailure ? error.status : undefined;
      throw new OutboundFailure(`${origin}${pathname}: ${why}`, { status, cause: error });
    } finally {
      underWay--;
      const left = (shares.get(causedBy) ?? 0) - 1;
      if (left > 0) shares.set(causedBy, left);
      else shares.delete(causedBy);
    }
  };
}

/**
 * Settles with the work, or at the deadline: the one place that bounds a request, whichever events Node emits for it. The
 * timer keeps the process alive, which the signal of a timeout does not.
 */
async function settleByDeadline<T>(deadline: AbortSignal, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const give = (): void => late.reject(new Error('the deadline has passed'));
  const timer = setTimeout(give, DEADLINE_MS);
  if (deadline.aborted) give();
  deadline.addEventListener('abort', give);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    deadline.removeEventListener('abort', give);
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
      // Another protocol (101) ends a request with neither an answer nor an error.
      const onClose = (): void => reject(new Error('the connection ended without an answer'));
      request.on('close', onClose);
      request.on('error', (error: NodeJS.ErrnoException) => {
        // A kept connection that its server closed as we wrote: nothing was read, and it is asked again on a new one.
        if (!request.reusedSocket || error.code !== 'ECONNRESET') return reject(error);
        request.off('close', onClose);
        attempt();
      });
      request.end(body);
    };
    attempt();
  });
}

/** The threads for lookups belong to the process, and so does the record of who holds them. */
const lookUp = shareLookups((name, answer) => lookup(name, { all: true, hints: ADDRCONFIG }, answer));

/** Resolves a name and refuses it where any of its addresses is out of reach; the socket connects to what was checked. */
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

async function readObject(response: IncomingMessage): Promise<JsonObject> {
  if (response.statusCode !== 200) throw statusFailure(response);
  const text = decodeUtf8(await readBody(response));
  if (text === undefined) throw new OutboundFailure('the answer is not UTF-8');
  const json = parseJsonObject(text);
  if (json === undefined) throw new OutboundFailure('the answer is no JSON object');
  return json;
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

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new OutboundFailure(`more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const encoding = response.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return body;
  if (encoding !== 'gzip') throw new OutboundFailure('an encoding that was not asked for');
  return gunzipSync(body, { maxOutputLength: MAX_BODY_BYTES });
}
