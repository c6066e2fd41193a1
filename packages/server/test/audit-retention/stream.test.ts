// Every row reaches its sink at least once, also after failures, and no exchange waits for a sink.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { after, test } from 'node:test';
import type { AuditEvent } from '../../src/audit/event.ts';
import { configuration, exchange } from '../support/basics.ts';
import { type Configuration, changed } from '../support/configuration.ts';
import { freePort, start } from '../support/harness.ts';
import { life } from '../support/life.ts';
import { eventually, shared } from '../support/node.ts';
import { startPostgres } from '../support/postgres.ts';

type Behaviour = 'takes' | 'fails' | 'hangs';
type Test = { readonly after: (work: () => Promise<void>) => void };

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Starts a sink with a behaviour that the test sets. */
async function startSink(t: Test, port = 0) {
  const received: Received[] = [];
  const sink = { behaviour: 'takes' as Behaviour, received, asked: 0 };
  const hanging = new Set<ServerResponse>();
  const server = createServer(async (request, response) => {
    sink.asked++;
    let text = '';
    for await (const chunk of request) text += chunk;
    if (sink.behaviour === 'hangs') return void hanging.add(response);
    if (sink.behaviour === 'fails') return void response.writeHead(500).end();
    received.push({ headers: request.headers, text });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  t.after(close);
  return Object.assign(sink, { close, port: typeof address === 'object' && address !== null ? address.port : 0 });
}

const streaming = (type: string, port: number, base = configuration): Configuration =>
  changed(base, {
    audit: {
      stream: [
        {
          type,
          url: `http://127.0.0.1:${port}/in`,
          headers: { Authorization: { plain: 'Bearer x' } },
          allowPrivateNetwork: true,
        },
      ],
    },
  });

const eventsOf = (received: readonly Received[]): (AuditEvent & { link: { chain: string; position: number } })[] =>
  received.flatMap(({ text }) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );

const idsOf = (received: readonly Received[]): Set<string> =>
  new Set(eventsOf(received).map(({ requestId }) => requestId));

test('a webhook receives every row, in the order of its chain, with the configured headers', async (t) => {
  const sink = await startSink(t as Test);
  const server = await start(t, streaming('webhook', sink.port));
  const answers = [await exchange(server), await exchange(server, { subject_token: 'no token' })];
  await eventually(
    async () => idsOf(sink.received),
    (ids) => answers.every(({ headers }) => ids.has(headers.get('x-request-id') ?? '')),
  );
  const events = eventsOf(sink.received);
  assert.deepEqual(
    events.map(({ link }) => link.position),
    events.map((_, index) => index + 1),
  );
  assert.deepEqual(
    [sink.received[0]?.headers.authorization, sink.received[0]?.headers['content-type']],
    ['Bearer x', 'application/x-ndjson'],
  );
  const { link: _, ...event } = events.at(-1) as (typeof events)[number];
  assert.deepEqual(event, server.audit(answers[1] as never), 'without the salt');
});

for (const behaviour of ['fails', 'hangs'] as const) {
  test(`a sink that ${behaviour} delays no exchange, and receives every row after a restart`, async (t) => {
    const keep = { after: () => undefined };
    const sink = await startSink(t as Test);
    sink.behaviour = behaviour;
    const yaml = streaming('webhook', sink.port);
    const server = await start(keep, yaml);
    const answers = [await exchange(server), await exchange(server)];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );
    await eventually(
      async () => sink.asked,
      (asked) => asked > 0,
    );
    assert.equal(sink.received.length, 0);
    await server.close();
    sink.behaviour = 'takes';
    // After the lease, another process takes over the rows.
    const again = await start(t, yaml, { folder: server.folder, now: server.clock.now + 120_000 });
    answers.push(await exchange(again));
    await eventually(
      async () => idsOf(sink.received),
      (ids) => answers.every(({ headers }) => ids.has(headers.get('x-request-id') ?? '')),
    );
  });
}

test('a sink that was unreachable receives the rows later, without a restart', async (t) => {
  const port = await freePort();
  const server = await start(t, streaming('webhook', port));
  const answer = await exchange(server);
  assert.equal(answer.status, 200);
  const sink = await startSink(t as Test, port);
  await eventually(
    async () => idsOf(sink.received),
    (ids) => ids.has(answer.headers.get('x-request-id') ?? ''),
  );
});

test('a new sink receives only rows written after it was configured', async (t) => {
  const keep = { after: () => undefined };
  const lasting = changed(configuration, { issuer: 'https://login.example' });
  const before = await start(keep, lasting);
  const old = await exchange(before);
  await before.close();
  const sink = await startSink(t as Test);
  const yaml = streaming('webhook', sink.port, lasting);
  const server = await start(t, yaml, { folder: before.folder });
  const answer = await exchange(server);
  await eventually(
    async () => idsOf(sink.received),
    (ids) => ids.has(answer.headers.get('x-request-id') ?? ''),
  );
  assert.equal(idsOf(sink.received).has(old.headers.get('x-request-id') ?? ''), false);
});

test('an OTLP sink receives log records', async (t) => {
  const sink = await startSink(t as Test);
  const server = await start(t, streaming('otlp', sink.port));
  const refused = await exchange(server, { subject_token: 'no token' });
  const id = refused.headers.get('x-request-id');
  const records = () =>
    sink.received.flatMap(
      ({ text }) => JSON.parse(text).resourceLogs[0].scopeLogs[0].logRecords as Record<string, unknown>[],
    );
  await eventually(
    async () => records(),
    (all) => all.some(({ body }) => JSON.stringify(body).includes(String(id))),
  );
  const record = records().find(({ body }) => JSON.stringify(body).includes(String(id)));
  assert.deepEqual([record?.severityText, record?.severityNumber], ['WARN', 13]);
  assert.equal(record?.timeUnixNano, `${server.clock.now}000000`);
  assert.ok(JSON.stringify(record?.attributes).includes('"cambio.outcome","value":{"stringValue":"refused"}'));
});

test('two nodes on one PostgreSQL each deliver their own rows, and a node delivers those of a stopped one', async (t) => {
  const postgres = await startPostgres({ after });
  const sink = await startSink(t as Test);
  const yaml = shared(await postgres.database(), streaming('webhook', sink.port, life()));
  const keep = { after: () => undefined };
  const [one, two] = [await start(keep, yaml), await start(t, yaml)];
  const answers = await Promise.all([exchange(one), exchange(two), exchange(one), exchange(two)]);
  const delivered = () =>
    eventually(
      async () => idsOf(sink.received),
      (ids) => answers.every(({ headers }) => ids.has(headers.get('x-request-id') ?? '')),
    );
  await delivered();
  sink.behaviour = 'fails';
  answers.push(await exchange(one));
  await one.close();
  sink.behaviour = 'takes';
  const three = await start(t, yaml, { now: one.clock.now + 120_000 });
  answers.push(await exchange(three));
  await delivered();
});
