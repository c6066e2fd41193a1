// How many connections are held? At most so many: the one that has been quiet for longest makes way for a new one, be it kept
// alive, silent or sending its header byte by byte, so that whoever holds connections open shuts nobody out.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface Connections {
  readonly open: () => number;
}

/** @param refuse answers where every connection has a request under way */
export function limitConnections(server: Server, most: number, refuse: (socket: Socket) => void): Connections {
  const all = new Set<string>();
  /** Without a request under way, the one that has been so for longest first. */
  const quiet = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket);
    all.add(name);
    socket.once('close', () => {
      all.delete(name);
      quiet.delete(name);
    });
    if (all.size > most) {
      const [longest] = quiet;
      if (longest === undefined) return refuse(socket);
      quiet.delete(longest[0]);
      all.delete(longest[0]);
      longest[1].destroy();
    }
    quiet.set(name, socket);
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const name = nameOf(socket);
    const connection = quiet.get(name);
    if (connection === undefined) return;
    quiet.delete(name);
    response.once('close', () => all.has(name) && quiet.set(name, connection));
  });
  return { open: () => all.size };
}

const names = new WeakMap<Socket, string>();

/** With TLS a request has another socket than its connection, and the same ends. */
function nameOf(socket: Socket): string {
  const name = names.get(socket) ?? `${socket.remoteAddress} ${socket.remotePort}`;
  names.set(socket, name);
  return name;
}
