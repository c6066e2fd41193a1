// Reads the body of a request: uncompressed, within the limit, and in time.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Refusal } from '../primitives/refusal.ts';
import type { Connections } from './connections.ts';

export interface Bodies {
  /** @throws Refusal body_encoded, body_too_large, http_malformed, http_slow */
  readonly read: (request: IncomingMessage) => Promise<Uint8Array> | Uint8Array;
  /** Refuses the request whose body this connection still owes. @returns whether there is one */
  readonly tooLate: (socket: Socket) => boolean;
}

export const NO_BODY: Uint8Array = new Uint8Array();

/** @param most bytes of a body */
export function createBodies(most: number, connections: Connections): Bodies {
  const owed = new WeakMap<Socket, (refusal: Refusal) => void>();
  const readAll = (request: IncomingMessage): Promise<Uint8Array> => {
    const { socket } = request;
    return new Promise<Uint8Array>((resolve, refuse) => {
      const chunks: Buffer[] = [];
      let length = 0;
      let over = false;
      /** @returns whether it was not over before */
      const end = (): boolean => {
        if (over) return false;
        over = true;
        owed.delete(socket);
        connections.works(socket);
        return true;
      };
      const reject = (refusal: Refusal): void => {
        if (end()) refuse(refusal);
      };
      owed.set(socket, reject);
      request.on('data', (chunk: Buffer) => {
        if (over) return;
        connections.progress(socket);
        length += chunk.length;
        if (length > most) reject(tooLarge());
        else chunks.push(chunk);
      });
      request.once('end', () => {
        if (end()) resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
      });
      request.once('error', (cause) => reject(brokenOff(cause)));
    });
  };
  return {
    read: (request) => {
      refuseEncoded(request);
      const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
      if (coding === undefined && Number(length ?? 0) === 0) return NO_BODY;
      if (Number(length) > most) throw tooLarge();
      if (request.destroyed) throw brokenOff();
      connections.waits(request.socket);
      return readAll(request);
    },
    tooLate: (socket) => {
      const refuse = owed.get(socket);
      refuse?.(new Refusal('http_slow', { headers: CLOSE }));
      return refuse !== undefined;
    },
  };
}

/** What is left of the body is not waited for. */
const CLOSE = { Connection: 'close' };

const tooLarge = (): Refusal => new Refusal('body_too_large', { headers: CLOSE });
const brokenOff = (cause?: unknown): Refusal => new Refusal('http_malformed', { detail: 'it broke off', cause });

/** None of ours is compressed. */
function refuseEncoded({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw new Refusal('body_encoded');
}
