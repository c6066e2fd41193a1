// Collects the body of a request: uncompressed, within the limits, and in time.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Refusal } from '../primitives/refusal.ts';
import { Collector } from './collector.ts';
import type { Connections } from './connections.ts';

export interface Body {
  /** @throws Refusal body_encoded, body_too_large, http_malformed, http_slow, overload */
  readonly read: () => Promise<Uint8Array> | Uint8Array;
  /**
   * Frees the memory. The rest of the body is dropped as it arrives, within the same limits.
   * @returns false if the connection must end with the answer
   */
  readonly release: () => boolean;
}

export interface Bodies {
  /**
   * Starts to collect as soon as the head is there, before admission. Otherwise Node would keep up to 65,536 pieces of a body that
   * nobody reads, and a piece of one byte takes a hundred bytes and more.
   */
  readonly open: (request: IncomingMessage) => Body;
  /** Refuses the request whose body is still arriving on this connection, if any. */
  readonly refuse: (socket: Socket, refusal: Refusal) => void;
}

export const NO_BODY: Uint8Array = new Uint8Array();

const NONE: Body = { read: () => NO_BODY, release: () => true };

/**
 * The maximum memory for all bodies together, each until its request is answered. Above it, the longest unfinished body is
 * refused.
 */
const MAX_HELD_BYTES = 67_108_864;

/** A body that is still arriving. */
interface Unfinished {
  readonly held: () => number;
  readonly end: (result: Uint8Array | Refusal) => void;
  /** Ends it, unless all of it has arrived. */
  readonly refuse: (refusal: Refusal) => void;
}

/** The state that all bodies share. */
interface Shared {
  /** The maximum bytes of a body. */
  readonly most: number;
  readonly connections: Connections;
  readonly unfinished: Set<Unfinished>;
  readonly bySocket: WeakMap<Socket, Unfinished>;
  /** @param bytes that are taken, or freed if negative */
  readonly hold: (bytes: number) => void;
}

/** @param most the maximum bytes of a body */
export function createBodies(most: number, connections: Connections): Bodies {
  const bySocket = new WeakMap<Socket, Unfinished>();
  const unfinished = new Set<Unfinished>();
  let heldBytes = 0;
  const hold = (bytes: number): void => {
    heldBytes += bytes;
    if (bytes <= 0 || heldBytes <= MAX_HELD_BYTES) return;
    let longest: Unfinished | undefined;
    for (const one of unfinished) if (longest === undefined || one.held() > longest.held()) longest = one;
    longest?.refuse(new Refusal('overload', { headers: CLOSE }));
  };
  const shared: Shared = { most, connections, unfinished, bySocket, hold };
  return {
    open: (request) => {
      const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
      return coding === undefined && Number(length ?? 0) === 0 ? NONE : collect(request, shared);
    },
    refuse: (socket, refusal) => bySocket.get(socket)?.refuse(refusal),
  };
}

function collect(request: IncomingMessage, { most, connections, unfinished, bySocket, hold }: Shared): Body {
  const { socket } = request;
  const collector = new Collector(most, request, hold);
  let result: Uint8Array | Refusal | undefined = refusalOf(request, most);
  let settle: (() => void) | undefined;
  let isTooMuch = false;
  let isReleased = false;
  const end: Unfinished['end'] = (ended) => {
    if (!unfinished.delete(body)) return;
    bySocket.delete(socket);
    connections.works(socket);
    result ??= ended;
    if (result instanceof Refusal) collector.drop();
    settle?.();
  };
  const body: Unfinished = {
    held: () => collector.held(),
    end,
    refuse: (refusal) => end(request.complete ? collector.bytes() : refusal),
  };
  unfinished.add(body);
  bySocket.set(socket, body);
  connections.waits(socket);
  if (result !== undefined) collector.drop();
  request.on('data', (piece: Buffer) => {
    connections.progress(socket);
    if (isTooMuch || collector.add(piece)) return;
    isTooMuch = true;
    // Parse nothing more, and end the connection with the answer.
    socket.pause();
    if (isReleased) socket.destroySoon();
    else end(tooLarge());
  });
  request.on('end', () => end(collector.bytes()));
  request.on('error', (cause) => end(brokenOff(cause)));
  // Read now, to collect the pieces that came with the head, too.
  request.read(0);
  return {
    read: () => {
      if (result instanceof Refusal) throw result;
      if (result !== undefined) return result;
      return new Promise((resolve, reject) => {
        settle = () => (result instanceof Refusal ? reject(result) : resolve(result ?? NO_BODY));
      });
    },
    release: () => {
      isReleased = true;
      end(NO_BODY);
      collector.drop();
      return !isTooMuch;
    },
  };
}

/** Do not wait for the rest of the body. */
const CLOSE = { Connection: 'close' };

const tooLarge = (): Refusal => new Refusal('body_too_large', { headers: CLOSE });
const brokenOff = (cause?: unknown): Refusal => new Refusal('http_malformed', { detail: 'it broke off', cause });

/** Checks the headers for the body. No compressed coding is supported, neither of content nor of transfer. */
function refusalOf({ headers }: IncomingMessage, most: number): Refusal | undefined {
  const { 'content-encoding': encoding = 'identity', 'content-length': length, 'transfer-encoding': coding } = headers;
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    // RFC 9112 section 6.3: if chunked is not the last coding, the end of the body is unknown.
    const reason = /\bchunked$/i.test(coding) ? 'body_encoded' : 'http_malformed';
    return new Refusal(reason, { headers: CLOSE });
  }
  if (encoding.toLowerCase() !== 'identity') return new Refusal('body_encoded');
  return Number(length) > most ? tooLarge() : undefined;
}
