// A proxy to the database that can fail: cut, silent (half-open: nothing arrives, nothing is refused), or slow.
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export interface Proxy {
  readonly port: number;
  /** Ends every connection, and each new one at once. */
  readonly cut: () => void;
  /** Drops all data, permanently on connections that are open now. */
  readonly silence: () => void;
  /** Delays each chunk, on old and new connections. */
  readonly delay: (milliseconds: number) => void;
  /** Lets new connections work again, and those that were only slow. */
  readonly mend: () => void;
}

type Mode = 'whole' | 'cut' | 'silent';

export async function startProxy(
  t: { readonly after: (work: () => Promise<void>) => void },
  to: number,
): Promise<Proxy> {
  let mode: Mode = 'whole';
  let late = 0;
  const sockets = new Set<Socket>();
  /** Of these, the connections to the database. */
  const upstreams = new Set<Socket>();
  /** Connections that stay silent, whatever the proxy does later. */
  const dead = new WeakSet<Socket>();
  const pass = (from: Socket, into: Socket): void => {
    let last = Promise.resolve();
    from.on('data', (bytes) => {
      if (dead.has(from)) return;
      const milliseconds = late;
      last = last.then(async () => {
        if (milliseconds > 0) await wait(milliseconds);
        if (!into.destroyed && !dead.has(from)) into.write(bytes);
      });
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      if (!dead.has(from)) into.destroy();
    });
    sockets.add(from);
  };
  const server = createServer((client) => {
    if (mode === 'cut') return void client.destroy();
    if (mode === 'silent') {
      // Nothing arrives, so the database does not notice.
      sockets.add(client.on('error', () => undefined).on('close', () => sockets.delete(client)));
      return;
    }
    const upstream = connect(to, '127.0.0.1');
    upstreams.add(upstream.on('close', () => upstreams.delete(upstream)));
    pass(client, upstream);
    pass(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  t.after(async () => {
    endAll();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut: () => {
      mode = 'cut';
      endAll();
    },
    silence: () => {
      mode = 'silent';
      for (const socket of sockets) dead.add(socket);
    },
    delay: (milliseconds) => {
      late = milliseconds;
    },
    mend: () => {
      mode = 'whole';
      late = 0;
      // The database sees the connection end. The client has to notice by itself.
      for (const socket of upstreams) if (dead.has(socket)) socket.destroy();
    },
  };
}
