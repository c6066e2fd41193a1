// The one function that makes requests of ours: https, no redirects, no proxies, no cookies; the address checked on the
// socket's own resolution, size bounded after decompression, time bounded in all, a few at once for each issuer.
import { lookup } from 'node:dns';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { type JsonObject, parseJsonObject } from '../primitives/strict-json.ts';
import { mayConnect, type Reach, reachOf, urlProblem } from './address.ts';

/** Milliseconds for the whole of a request. */
const DEADLINE = 3000;
/** Bytes of an answer, once decompressed. */
const MAX_BODY = 524_288;
/** Requests under way for one issuer; what comes on top fails at once and holds nothing up. */
const AT_ONCE = 16;

/** It could not be had: a dependency failed, and the caller of ours is not to blame. */
export class OutboundFailure extends Error {}

export interface OutboundRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface OutboundAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

/** One for each issuer. @throws OutboundFailure */
export type Outbound = (request: OutboundRequest) => Promise<OutboundAnswer>;

export function createOutbound(network: 'public' | 'private'): Outbound {
  let underWay = 0;
  return async (request) => {
    const problem = urlProblem(request.url, network);
    if (problem !== undefined) throw new OutboundFailure(`${request.url} ${problem}`);
    if (underWay >= AT_ONCE) throw new OutboundFailure('too many requests to this issuer are under way');
    underWay++;
    try {
      return await send(request, network);
    } finally {
      underWay--;
    }
  };
}

async function send(request: OutboundRequest, network: 'public' | 'private'): Promise<OutboundAnswer> {
  const url = new URL(request.url);
  const signal = AbortSignal.timeout(DEADLINE);
  try {
    const response = await connect(url, request, reachOf(url, network), signal);
    const body = await readBody(response);
    const json = parseJsonObject(body.toString('utf8'));
    if (json === undefined) throw new OutboundFailure('the answer is no JSON object');
    return { status: response.statusCode ?? 0, body: json };
  } catch (error) {
    const why = signal.aborted ? `no answer within ${DEADLINE} ms` : (error as Error).message;
    throw new OutboundFailure(`${url.origin}${url.pathname}: ${why}`, { cause: error });
  }
}

function connect(
  url: URL,
  { method, headers, body }: OutboundRequest,
  reach: Reach,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const make = url.protocol === 'http:' ? requestHttp : requestHttps;
  return new Promise((resolve, reject) => {
    const request = make(url, {
      method,
      agent: false,
      signal,
      lookup: checkedLookup(reach),
      headers: { accept: 'application/json', 'accept-encoding': 'gzip', 'user-agent': 'cambio', ...headers },
    });
    request.on('response', resolve);
    request.on('error', reject);
    request.end(body);
  });
}

/** Resolves a name and refuses it where any of its addresses is out of reach; the socket connects to what was checked. */
const checkedLookup =
  (reach: Reach): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => mayConnect(address, reach))) {
        return callback(new Error(`${hostname} resolves to an address that is not allowed`), '', 0);
      }
      if (options.all) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const { statusCode = 0, headers } = response;
  if (statusCode >= 300 && statusCode < 400)
    throw new OutboundFailure(`a redirect (${statusCode}), which is not followed`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new OutboundFailure(`more than ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return body;
  if (encoding !== 'gzip') throw new OutboundFailure('an encoding that was not asked for');
  return gunzipSync(body, { maxOutputLength: MAX_BODY });
}
