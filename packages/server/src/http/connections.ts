// Limits the number of connections. At the limit, a new connection replaces the one that has kept us waiting for longest: for a
// request, for the rest of one, or for its answer to be read. It is refused only if all others have a request in progress.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface Connections {
  readonly open: () => number;
  /** Counts the connections of this server. */
  readonly watch: (server: Server) => void;
  /** A request is there, and the server works on it. */
  readonly works: (socket: Socket) => void;
  /** The server waits for the caller to send the rest of a request, or to read its answer. */
  readonly waits: (socket: Socket) => void;
  /** The caller sent a part of what the server waits for. */
  readonly progress: (socket: Socket) => void;
  /** The server ends the connection. It is the first to be replaced. */
  readonly leaves: (socket: Socket) => void;
}

interface Held {
  readonly name: string;
  readonly socket: Socket;
  /** Requests in progress. */
  working: number;
  isOpen: boolean;
}

/** Time for the caller to read the answer before the connection ends. */
const LINGER_MS = 1000;

/** @param refuse answers a new connection that is refused */
export function createConnections(most: number, refuse: (socket: Socket) => void): Connections {
  const all = new Map<string, Held>();
  const known = new WeakMap<Socket, Held>();
  /** The connections without a request in progress. The first has kept us waiting for longest. */
  const waiting = new Set<Held>();
  /** The connections that the server ends, in this order. */
  const leaving = new Set<Held>();

  /** With TLS, the socket of a request is another one than that of its connection, with the same ends. */
  const find = (socket: Socket): Held | undefined => {
    let found = known.get(socket);
    if (found === undefined) {
      found = all.get(connectionName(socket));
      if (found !== undefined) known.set(socket, found);
    }
    return found?.isOpen ? found : undefined;
  };
  const forget = (held: Held): void => {
    held.isOpen = false;
    if (all.get(held.name) === held) all.delete(held.name);
    waiting.delete(held);
    leaving.delete(held);
  };
  const isLast = (held: Held): void => {
    waiting.delete(held);
    waiting.add(held);
  };
  const leaves = (socket: Socket): void => {
    const held = find(socket);
    if (held !== undefined) {
      waiting.delete(held);
      leaving.add(held);
    }
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  };
  const arrive = (socket: Socket): void => {
    const held = { name: connectionName(socket), socket, working: 0, isOpen: true };
    all.set(held.name, held);
    waiting.add(held);
    socket.once('close', () => forget(held));
    if (all.size <= most) return;
    const [longest = held] = [...first(leaving), ...first(waiting)];
    if (longest === held) {
      refuse(socket);
    } else {
      forget(longest);
      longest.socket.destroy();
    }
  };
  return {
    open: () => all.size,
    watch: (server) => void server.on('connection', arrive),
    works: (socket) => {
      const held = find(socket);
      if (held === undefined) return;
      held.working++;
      waiting.delete(held);
    },
    waits: (socket) => {
      const held = find(socket);
      if (held === undefined) return;
      held.working--;
      if (held.working === 0 && !leaving.has(held)) isLast(held);
    },
    progress: (socket) => {
      const held = find(socket);
      if (held !== undefined && waiting.has(held)) isLast(held);
    },
    leaves,
  };
}

/** Both ends: a caller may use the same port for two addresses of ours. */
export const connectionName = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;

/** Avoids a copy of the set. */
function first<T>(set: ReadonlySet<T>): readonly T[] {
  for (const one of set) return [one];
  return [];
}
