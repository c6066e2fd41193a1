// A wire to the database that can fail: cut, silent (half-open: nothing arrives, nothing is refused), or slow.
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export interface Proxy {
  readonly port: number;
  /** Every connection ends, and new ones end at once. */
  readonly cut: () => void;
  /** What is sent goes nowhere, for ever on connections that are open now. */
  readonly silence: () => void;
  /** Each piece arrives so many milliseconds late, on connections old and new. */
  readonly delay: (milliseconds: number) => void;
  /** New connections work again, and those that only were slow. */
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
  /** Of these, those that lead to the database. */
  const upstreams = new Set<Socket>();
  /** Connections over which nothing passes any more, whatever becomes of the wire. */
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
      // Nothing arrives, so the database never hears of it.
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
      // The database hears that nobody is at the other end; the one who was has to find out by himself.
      for (const socket of upstreams) if (dead.has(socket)) socket.destroy();
    },
  };
}
