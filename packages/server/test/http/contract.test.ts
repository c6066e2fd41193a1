// The contract of all endpoints. Tests the whole list, so a new endpoint is covered without a line here.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, suite, test } from 'node:test';
import { type Endpoint, pathOf } from '../../src/http/endpoint.ts';
import { betweenRegions } from '../../src/http/endpoints/regions.ts';
import { publicAnswer, type Reason, Refusal } from '../../src/primitives/refusal.ts';
import { adminToken, withOperators } from '../support/admin-api.ts';
import { changed } from '../support/configuration.ts';
import { buildConsole, consoleOf } from '../support/console.ts';
import { type Answer, encode, freePort, start, type TestServer } from '../support/harness.ts';
import { allEndpoints, type HttpAlone, startHttpAlone, until } from '../support/http-alone.ts';
import { configuration, web } from '../support/people.ts';
import { scrape } from '../support/scrape.ts';
import { spans } from '../support/spans.ts';
import { answerOf } from '../support/wire.ts';

interface Place {
  readonly path: string;
  /** The path in metrics and traces. */
  readonly label: string | undefined;
  /** One for each of its methods. The first sets the form of refusals for other methods. */
  readonly endpoints: readonly Endpoint[];
  readonly allow: string;
}

/** Each named segment is `x`. */
const places: readonly Place[] = [...Map.groupBy(allEndpoints, (endpoint) => pathOf(endpoint, 'http://127.0.0.1'))].map(
  ([label, endpoints]) => {
    const methods = endpoints.flatMap(({ methods }) => methods);
    return {
      path: label.replaceAll(/:\w+/g, 'x').replace(/\{.*$/, '/x'),
      label: methods.length === 0 ? undefined : label,
      endpoints,
      allow: methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', '),
    };
  },
);

/** Every endpoint with each of its methods. */
const asked = places.flatMap(({ path, label, endpoints }) =>
  endpoints.flatMap((endpoint) => endpoint.methods.map((method) => ({ path, label, endpoint, method }))),
);
/** Includes endpoints without a method: their refusals have a form, too. */
const refusing = places.map(({ endpoints: [endpoint], ...place }) => ({ ...place, endpoint: endpoint as Endpoint }));

const FORM = encode({ ...web, grant_type: 'client_credentials', token: 'x' });

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function assertCommon({ headers, status }: Answer, what: string): void {
  assert.ok(status < 500, `${what}: ${status}`);
  assert.match(headers.get('x-request-id') ?? '', UUID, what);
  assert.equal(headers.get('x-content-type-options'), 'nosniff', what);
  const caching = headers.get('cache-control');
  const isPage = caching === 'no-cache' && headers.get('etag') !== null;
  const kept = status === 200 && (caching === 'public, max-age=300' || isPage);
  assert.equal(kept || `${caching} ${headers.get('pragma')}` === 'no-store no-cache', true, what);
}

/** A refusal in the form of the endpoint. */
function assertFace(answer: Answer, { face, cors }: Endpoint, reason: Reason, what: string): void {
  const { status, error, description } = publicAnswer(new Refusal(reason), 'invalid_grant');
  const { headers, text, body } = answer;
  const requestId = headers.get('x-request-id');
  assert.equal(answer.status, status, `${what}: ${text}`);
  assert.equal(headers.get('access-control-allow-origin'), cors ? '*' : null, what);
  assert.equal(headers.get('retry-after'), status === 503 ? '1' : null, what);
  const type = headers.get('content-type');
  if (face === 'page') {
    assert.match(type ?? '', /^text\/html/, what);
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/, what);
    assert.ok(text.includes(`${description}.`) && text.includes(`<code>${requestId}</code>`), what);
  } else if (face === 'problem') {
    assert.match(type ?? '', /^application\/problem\+json/, what);
    const named = [body.status, body.title, body.instance, body.request_id];
    assert.deepEqual(named, [status, description, `urn:uuid:${requestId}`, requestId], what);
    assert.equal(body.type, `urn:cambio:error:${error}`, what);
  } else {
    assert.match(type ?? '', /^application\/json/, what);
    assert.deepEqual(body, { error, error_description: description, request_id: requestId }, what);
  }
}

suite('every endpoint of a server', () => {
  let server: TestServer;
  let metricsPort: number;
  let bearer: string;
  const endings: (() => Promise<void>)[] = [];
  after(async () => {
    for (const end of endings) await end();
  });
  before(async () => {
    buildConsole();
    metricsPort = await freePort();
    const seen = changed(withOperators(configuration), {
      server: { metrics: { port: metricsPort }, limits: { body: 1024 } },
      registration: { open: true, scopes: ['openid'] },
      regions: {
        name: 'eu',
        secret: { plain: 'a secret of at least 32 characters' },
        peers: [{ name: 'us', url: 'http://127.0.0.1:9' }],
        singleUse: 'eu',
        allowPrivateNetwork: true,
      },
      ...consoleOf('ada'),
    });
    server = await start({ after: (end) => void endings.push(end), name: 'the contract' }, seen);
    bearer = `Bearer ${await adminToken(server)}`;
  });

  /** Its path, with the request of a caller that has all rights. */
  const send = async (method: string, path: string, headers: readonly string[] = [], body = ''): Promise<Answer> => {
    const head = [`${method} ${path} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n');
    return answerOf(await server.raw(head + body));
  };
  const full = ({ endpoint, method, path }: (typeof asked)[number], body: string, headers: readonly string[] = []) => {
    const isProblem = endpoint.face === 'problem';
    const type = isProblem ? 'application/json' : 'application/x-www-form-urlencoded';
    const sent = [`Content-Type: ${type}`, `Content-Length: ${body.length}`, ...headers];
    return send(method, path, [...sent, ...(isProblem ? [`Authorization: ${bearer}`] : [])], body);
  };
  const assertRefused = (
    answer: Answer,
    endpoint: Endpoint,
    label: string | undefined,
    reason: Reason,
    what: string,
  ) => {
    assertCommon(answer, what);
    assertFace(answer, endpoint, reason, what);
    const row = server.audit(answer);
    assert.deepEqual(
      [row?.action, row?.reason, row?.outcome],
      endpoint.audit === undefined ? [undefined, undefined, undefined] : [endpoint.audit, reason, 'refused'],
      what,
    );
    const span = spanOf(answer);
    assert.deepEqual([span?.['http.route'], span?.['error.type']], [label, reason], what);
  };
  const spanOf = ({ headers }: Answer) =>
    spans.getFinishedSpans().find(({ attributes }) => attributes['cambio.request_id'] === headers.get('x-request-id'))
      ?.attributes;

  test('lists pages, endpoints for programs and operations, each with a form of refusals', () => {
    assert.deepEqual(new Set(allEndpoints.map(({ face }) => face)), new Set(['json', 'page', 'problem']));
    assert.ok(asked.length > 40, String(asked.length));
  });

  test('answers 405 with the allowed methods to another method, in the form of the endpoint (OA-01, PA-03)', async () => {
    for (const { endpoint, label, path, allow } of refusing) {
      for (const method of ['PATCH', 'TRACE', 'PROPFIND']) {
        const answer = await send(method, path);
        const what = `${method} ${path}`;
        assertRefused(answer, endpoint, label, allow === '' ? 'path_unknown' : 'method_not_allowed', what);
        assert.equal(answer.headers.get('allow'), allow === '' ? null : allow, what);
      }
    }
  });

  test('answers OPTIONS with the same methods, and tells other origins which of them they may use', async () => {
    for (const { endpoint, path, allow } of refusing) {
      if (allow === '') continue;
      const answer = await send('OPTIONS', path, ['Origin: https://elsewhere.example']);
      assertCommon(answer, path);
      assert.deepEqual([answer.status, answer.headers.get('allow'), answer.text], [204, allow, ''], path);
      const wanted = endpoint.cors ? allow.replace(', HEAD', '') : null;
      assert.equal(answer.headers.get('access-control-allow-methods'), wanted, path);
      assert.equal(answer.headers.get('access-control-allow-origin'), endpoint.cors ? '*' : null, path);
      assert.equal(server.audit(answer), undefined, path);
    }
  });

  test('answers HEAD like GET, without the body', async () => {
    for (const one of asked.filter(({ method }) => method === 'GET')) {
      const [get, head] = [await full(one, ''), await full({ ...one, method: 'HEAD' as 'GET' }, '')];
      assertCommon(get, one.path);
      assert.deepEqual([head.status, head.text], [get.status, ''], one.path);
      for (const name of ['content-type', 'cache-control', 'allow', 'www-authenticate'])
        assert.equal(head.headers.get(name), get.headers.get(name), `${one.path} ${name}`);
    }
  });

  test('refuses a compressed or oversized body before reading it', async () => {
    for (const one of asked) {
      const { endpoint, label, method, path } = one;
      const what = `${method} ${path}`;
      const compressed = await full(one, FORM, ['Content-Encoding: gzip']);
      assertRefused(compressed, endpoint, label, 'body_encoded', what);
      const large = await full(one, 'x'.repeat(1025));
      assertRefused(large, endpoint, label, 'body_too_large', what);
      assert.equal(large.headers.get('connection'), 'close', what);
      const chunk = `401\r\n${'x'.repeat(1025)}\r\n0\r\n\r\n`;
      const chunked = await send(method, path, ['Transfer-Encoding: chunked'], chunk);
      assertRefused(chunked, endpoint, label, 'body_too_large', what);
    }
  });

  test('reads path segments strictly and within limits, so that no stranger causes a fault', async () => {
    const segments = ['x'.repeat(1025), 'x'.repeat(12_000), '%ff', '%ed%a0%80', '%c0%af', '%zz', '%', '%00', '%0d%0ax'];
    segments.push(
      '..',
      '.',
      '%2e%2e',
      '%2f',
      '..%2f..%2foauth%2ftoken',
      ';x',
      'x;y=1',
      '%25',
      '%2525',
      '%F0%9F%92%A9',
      '\xff',
    );
    for (const { label, endpoint, path } of refusing.filter(({ label }) => label?.includes(':'))) {
      for (const segment of segments) {
        const what = `${path} ${segment.slice(0, 40)}`;
        for (const method of endpoint.methods) {
          const answer = await full({ endpoint, method, path: path.replace('/x', `/${segment}`), label }, '');
          assertCommon(answer, what);
          assert.ok(answer.status >= 400, what);
        }
      }
      const longest = await full(
        { endpoint, method: 'GET', path: path.replace('/x', `/${'x'.repeat(1025)}`), label },
        '',
      );
      assertFace(longest, endpoint, 'path_unknown', path);
    }
  });

  test('writes a row when a client fails to authenticate at any endpoint that authenticates, and none elsewhere', async () => {
    const credentials = { client_id: 'web', grant_type: 'client_credentials', token: 'x', scope: 'openid' };
    const places: string[] = [];
    for (const one of asked) {
      const guess = await full(one, encode({ ...credentials, client_secret: 'a guess' }));
      if (guess.body.error !== 'invalid_client') continue;
      const { label = '', method } = one;
      places.push(label);
      const { action, outcome, reason, clientClaimed } = server.audit(guess) ?? {};
      assert.deepEqual(
        [action, outcome, reason, clientClaimed],
        [one.endpoint.audit, 'refused', 'client_credentials', 'web'],
        `${method} ${label}`,
      );
      const twin = server.audit(await full(one, encode({ ...credentials, ...web })));
      assert.notEqual(twin?.reason, 'client_credentials', label);
      assert.equal(twin?.clientClaimed, undefined, label);
    }
    for (const path of ['token', 'introspect', 'revoke', 'par', 'device_authorization'])
      assert.ok(places.includes(`/oauth/${path}`), path);
  });

  test('reports each request in metrics and a span, with its endpoint, client and outcome', async () => {
    const clients = new Map<string, string>();
    for (const one of asked) {
      const { endpoint, label = '', method, path } = one;
      const answer = await full(one, endpoint.face === 'problem' ? '{}' : FORM);
      const what = `${method} ${path}`;
      assertCommon(answer, what);
      const span = spanOf(answer);
      assert.deepEqual([span?.['http.route'], span?.['http.request.method']], [label, method], what);
      // An authenticated client is named.
      const registers = endpoint.audit === 'register';
      // A region is not a client.
      const others = registers || endpoint === betweenRegions;
      const isClient = endpoint.face === 'json' && !endpoint.methods.includes('GET') && !others;
      const client = endpoint.authorize !== undefined ? 'operator' : isClient ? 'web' : undefined;
      if (client !== undefined) {
        assert.equal(span?.['cambio.client'], client, what);
        clients.set(label, client);
      }
      if (answer.status >= 400) assert.equal(typeof span?.['error.type'], 'string', what);
    }
    const { text } = await scrape(metricsPort);
    const counted = text.split('\n').filter((line) => line.startsWith('cambio_requests_total'));
    for (const { label = '' } of asked) {
      const own = counted.filter((line) => line.includes(`endpoint="${label}"`));
      for (const reason of ['method_not_allowed', 'body_encoded', 'body_too_large'])
        assert.ok(
          own.some((line) => line.includes(`reason="${reason}"`)),
          `${label} ${reason}`,
        );
      const client = clients.get(label);
      if (client !== undefined)
        assert.ok(
          own.some((line) => line.includes(`client="${client}"`)),
          `${label} ${client}`,
        );
    }
    assert.equal(
      counted.find((line) => line.includes('outcome="refused"') && line.includes('reason=""')),
      undefined,
    );
  });
});

suite('every endpoint, while requests do not arrive as they should', () => {
  const headOf = ({ method, path }: (typeof asked)[number], length: number, more = ''): string =>
    `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${length}\r\n${more}\r\n`;

  /** The report on the request, and its row if the endpoint is audited. */
  const assertTold = ({ answered, rows }: HttpAlone, reason: Reason, what: string): void => {
    assert.deepEqual(
      answered.map(({ endpoint, event }) => `${endpoint} ${event.reason}`).toSorted(),
      asked.map(({ label }) => `${label} ${reason}`).toSorted(),
      what,
    );
    const audited = asked.filter(({ endpoint }) => endpoint.audit !== undefined);
    assert.deepEqual(
      rows.map(({ action, reason: told }) => `${action} ${told}`).toSorted(),
      audited.map(({ endpoint }) => `${endpoint.audit} ${reason}`).toSorted(),
      what,
    );
  };

  test('answers 408 if a body does not arrive in time', async (t) => {
    const server = await startHttpAlone(t, { requestDeadlineMs: 1000 });
    await Promise.all(
      asked.map(async (one) => {
        const { closed } = await server.hold(`${headOf(one, 10)}abc`);
        assertFace(answerOf(await closed), one.endpoint, 'http_slow', `${one.method} ${one.path}`);
      }),
    );
    await until(() => server.answered.length === asked.length);
    assertTold(server, 'http_slow', 'too late');
  });

  test('reports no fault of the server if a body breaks off, even by a reset', async (t) => {
    const server = await startHttpAlone(t, {});
    for (const one of asked) {
      const { socket } = await server.hold(headOf(one, 10, 'Expect: 100-continue\r\n'));
      await once(socket, 'data');
      socket.resetAndDestroy();
    }
    await until(() => server.answered.length === asked.length);
    assertTold(server, 'http_malformed', 'broken off');
  });

  test('refuses requests above the limit alike, except health checks', async (t) => {
    const server = await startHttpAlone(t, { waiting: 0 });
    server.beSlow();
    server.letGo();
    for (const one of asked) {
      // Two in one packet: the first takes a whole turn, so that the second would have to wait.
      const { closed } = await server.hold(`GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n${headOf(one, 0)}`);
      const [, second = ''] = (await closed).split(/(?<="request_id":"[\w-]+"\})/);
      const answer = answerOf(second);
      if (one.endpoint.urgent) assert.equal(answer.status, 200, one.path);
      else assertFace(answer, one.endpoint, 'overload', `${one.method} ${one.path}`);
    }
    await until(() => server.answered.length === 2 * asked.length);
    assert.deepEqual(server.rows, [], 'there are thousands of them: metrics count them');
    const told = server.answered.filter(({ event }) => event.reason === 'overload');
    assert.equal(told.length, asked.filter(({ endpoint }) => !endpoint.urgent).length);
  });
});
