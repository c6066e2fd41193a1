// Holds at most so many connections. At the limit a newcomer takes the place of the one that has made us wait for longest: for
// a request, for the rest of one, or for its answer to be read. Only while we work for all others is a newcomer refused.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface Connections {
  readonly open: () => number;
  /** Makes the connections of this server count. */
  readonly watch: (server: Server) => void;
  /** It is our turn: a request is there. */
  readonly works: (socket: Socket) => void;
  /** It is the caller's turn: to send the rest of a request, or to read its answer. */
  readonly waits: (socket: Socket) => void;
  /** It sent something of what we wait for. */
  readonly progress: (socket: Socket) => void;
  /** It was told to go: it is the first to make room. */
  readonly leaves: (socket: Socket) => void;
}

interface Held {
  readonly name: string;
  readonly socket: Socket;
  /** Requests that we work for. */
  working: number;
  isOpen: boolean;
}

/** Milliseconds within which a caller that was told to go reads that. */
const LINGER_MS = 1000;

/** @param refuse answers a newcomer */
export function createConnections(most: number, refuse: (socket: Socket) => void): Connections {
  const all = new Map<string, Held>();
  const known = new WeakMap<Socket, Held>();
  /** Those for whom we do nothing, the one that has made us wait for longest first. */
  const waiting = new Set<Held>();
  /** Those that were told to go, the first first. */
  const leaving = new Set<Held>();

  /** With TLS a request has another socket than its connection, and the same ends. */
  const find = (socket: Socket): Held | undefined => {
    let found = known.get(socket);
    if (found === undefined) {
      found = all.get(nameOf(socket));
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
    const held = { name: nameOf(socket), socket, working: 0, isOpen: true };
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

/** Both ends: one caller may reach two addresses of ours from the same port. */
const nameOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;

/** Copies nothing. */
function first<T>(set: ReadonlySet<T>): readonly T[] {
  for (const one of set) return [one];
  return [];
}
