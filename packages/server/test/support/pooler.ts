// A pooler of PostgreSQL that gives each transaction another session, as PgBouncer does in transaction mode: settings of a session are
// refused at the start, and whatever a session keeps is gone in the next transaction.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Pooler {
  /** The URL of a database, through the pooler. */
  readonly through: (url: string) => string;
  /** How many transactions each session had. */
  readonly transactions: () => readonly number[];
}

/** PgBouncer accepts these at the start of a connection, and refuses others. */
const ACCEPTED = ['user', 'database', 'client_encoding', 'application_name'];
const SESSIONS = 6;

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type, 0);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const text = (...words: readonly string[]): Buffer => Buffer.from(words.map((word) => `${word}\0`).join(''));
const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const startMessage = (words: readonly string[]): Buffer => {
  const body = Buffer.concat([number(196_608), text(...words), Buffer.from([0])]);
  return Buffer.concat([number(body.length + 4), body]);
};

/** Calls back with the type and the body of each whole message. */
function readMessages(onMessage: (type: string, body: Buffer, whole: Buffer) => void): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= 5) {
      const length = rest.readInt32BE(1) + 1;
      if (rest.length < length) return;
      const whole = rest.subarray(0, length);
      rest = rest.subarray(length);
      onMessage(String.fromCharCode(Number(whole[0])), whole.subarray(5), whole);
    }
  };
}

interface Session {
  readonly socket: Socket;
  transactions: number;
  client: Socket | undefined;
}

/** @param url of a database, with a user and a password for all sessions */
export async function startPooler(
  t: { readonly after: (work: () => Promise<void>) => void },
  url: string,
): Promise<Pooler> {
  const { username, password, pathname, port } = new URL(url);
  const sessions: Session[] = [];
  const waiting: { readonly client: Socket; readonly resolve: (session: Session) => void }[] = [];
  let turn = 0;
  let ended = false;

  /** A session whose client leaves in the middle of a transaction is closed. Another one takes the place of a closed session. */
  const openSession = async (place: number): Promise<void> => {
    const socket = connect(Number(port), '127.0.0.1').setNoDelay();
    const session: Session = { socket, transactions: 0, client: undefined };
    const ready = Promise.withResolvers<void>();
    socket
      .on('error', () => undefined)
      .on('connect', () => {
        socket.write(startMessage(['user', username, 'database', pathname.slice(1)]));
      });
    socket.on(
      'data',
      readMessages((type, body, whole) => {
        if (type === 'R' && body.readInt32BE(0) === 3) socket.write(message('p', text(password)));
        session.client?.write(whole);
        if (type !== 'Z') return;
        ready.resolve();
        // The status I: no transaction is open.
        if (body[0] === 0x49) release(session);
      }),
    );
    await ready.promise;
    socket.on('close', () => {
      session.client?.destroy();
      if (!ended) openSession(place).catch(() => undefined);
    });
    sessions[place] = session;
    lend(session);
  };
  const release = (session: Session): void => {
    if (session.client === undefined) return;
    session.client = undefined;
    session.transactions++;
    lend(session);
  };
  /** Gives a free session to the client that has waited longest. */
  const lend = (session: Session): void => {
    const next = waiting.shift();
    if (next === undefined) return;
    session.client = next.client;
    next.resolve(session);
  };
  /** Each time the next free session, so that a client seldom gets the same twice. */
  const take = (client: Socket): Promise<Session> => {
    for (let tried = 0; tried < SESSIONS; tried++) {
      const session = sessions[turn++ % SESSIONS];
      if (session === undefined || session.socket.destroyed || session.client !== undefined) continue;
      session.client = client;
      return Promise.resolve(session);
    }
    return new Promise<Session>((resolve) => waiting.push({ client, resolve }));
  };
  for (let place = 0; place < SESSIONS; place++) await openSession(place);

  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client.setNoDelay());
    client.on('error', () => undefined);
    client.on('close', () => {
      clients.delete(client);
      for (const session of sessions) if (session.client === client) session.socket.destroy();
    });
    client.once('data', (start) => {
      const words = start.subarray(8).toString().split('\0');
      const refused = words
        .filter((_, index) => index % 2 === 0)
        .find((name) => name !== '' && !ACCEPTED.includes(name));
      if (refused !== undefined)
        return void client.end(
          message('E', text('SFATAL', 'C08P01', `Munsupported startup parameter: ${refused}`, '')),
        );
      const status = (name: string, value: string) => message('S', text(name, value));
      client.write(
        Buffer.concat([
          message('R', number(0)),
          status('server_version', '18.0'),
          status('client_encoding', 'UTF8'),
          message('K', Buffer.concat([number(1), number(1)])),
          message('Z', Buffer.from('I')),
        ]),
      );
      let session = Promise.resolve<Session | undefined>(undefined);
      client.on(
        'data',
        readMessages((type, _body, whole) => {
          if (type === 'X') return void client.end();
          session = session.then(async (held) => {
            const used = held?.client === client && !held.socket.destroyed ? held : await take(client);
            used.socket.write(whole);
            return used;
          });
        }),
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    ended = true;
    for (const socket of [...clients, ...sessions.map((session) => session.socket)]) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const own = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    through: (direct) => `${direct.replace(`:${port}/`, `:${own}/`)}?pooler=transaction`,
    transactions: () => sessions.map((session) => session.transactions),
  };
}
