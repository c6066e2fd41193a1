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
  readonly socket: Socket;
  /** Requests that we work for. */
  working: number;
}

/** Milliseconds within which a caller that was told to go reads that. */
const LINGER_MS = 1000;

/** @param refuse answers a newcomer */
export function createConnections(most: number, refuse: (socket: Socket) => void): Connections {
  const all = new Map<string, Held>();
  /** Those for whom we do nothing, the one that has made us wait for longest first. */
  const waiting = new Map<string, Held>();
  /** Those that were told to go, the first first. */
  const leaving = new Map<string, Held>();

  const names = new WeakMap<Socket, string>();
  /** With TLS a request has another socket than its connection, and the same ends. */
  const nameOf = (socket: Socket): string => {
    const known = names.get(socket);
    if (known !== undefined) return known;
    const name = `${socket.remoteAddress} ${socket.remotePort}`;
    names.set(socket, name);
    return name;
  };
  const forget = (name: string): void => {
    for (const held of [all, waiting, leaving]) held.delete(name);
  };
  const isLast = (name: string, held: Held): void => {
    waiting.delete(name);
    waiting.set(name, held);
  };
  const leaves = (socket: Socket): void => {
    const name = nameOf(socket);
    const held = all.get(name);
    if (held === undefined) return void socket.destroy();
    waiting.delete(name);
    leaving.set(name, held);
    setTimeout(() => held.socket.destroy(), LINGER_MS).unref();
  };
  const arrive = (socket: Socket): void => {
    const name = nameOf(socket);
    const held = { socket, working: 0 };
    all.set(name, held);
    socket.once('close', () => forget(name));
    waiting.set(name, held);
    if (all.size <= most) return;
    const [longest = [name, held]] = [...first(leaving), ...first(waiting)];
    if (longest[0] === name) {
      refuse(socket);
    } else {
      forget(longest[0]);
      longest[1].socket.destroy();
    }
  };
  return {
    open: () => all.size,
    watch: (server) => void server.on('connection', arrive),
    works: (socket) => {
      const name = nameOf(socket);
      const held = all.get(name);
      if (held === undefined) return;
      held.working++;
      waiting.delete(name);
    },
    waits: (socket) => {
      const name = nameOf(socket);
      const held = all.get(name);
      if (held === undefined) return;
      held.working--;
      if (held.working === 0 && !leaving.has(name)) isLast(name, held);
    },
    progress: (socket) => {
      const name = nameOf(socket);
      const held = waiting.get(name);
      if (held !== undefined) isLast(name, held);
    },
    leaves,
  };
}

/** Copies nothing. */
function first<K, V>(map: ReadonlyMap<K, V>): readonly (readonly [K, V])[] {
  for (const entry of map) return [entry];
  return [];
}
