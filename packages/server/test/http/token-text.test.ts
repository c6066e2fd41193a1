// A token in any parameter, path, header or command argument appears in no row, line, metric, span or sink.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { commands } from '../../src/cli/index.ts';
import { clientParameters } from '../../src/client-auth/index.ts';
import { operationForms } from '../../src/config/operation-forms.ts';
import { exchangeParameters } from '../../src/exchange/request.ts';
import { grants } from '../../src/grants/index.ts';
import { operationsFor } from '../../src/http/admin/index.ts';
import { pathOf } from '../../src/http/endpoint.ts';
import { endpoints } from '../../src/http/endpoints/index.ts';
import { adminToken, withOperators } from '../support/admin-api.ts';
import { API, client } from '../support/basics.ts';
import { canaries } from '../support/canaries.ts';
import { beside } from '../support/command.ts';
import { added, changed } from '../support/configuration.ts';
import { EXCHANGE, encode, freePort, start, type TestServer, type } from '../support/harness.ts';
import { eventually } from '../support/node.ts';
import { configuration as people, web } from '../support/people.ts';
import { scrape } from '../support/scrape.ts';

const spans: SpanProcessor = {
  onStart: () => undefined,
  onEnd: ({ name, attributes, events, status }) =>
    canaries.look('a span', JSON.stringify([name, attributes, events, status])),
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [spans] }));
after(() => trace.disable());

/** A webhook that searches all that it receives. @returns its port, and the number of rows */
async function startSink(t: { readonly after: (work: () => unknown) => void }) {
  const sink = { rows: 0 };
  const server = createServer(async (request, response) => {
    const body = await text(request);
    canaries.look('a sink', body);
    sink.rows += body.trim().split('\n').length;
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return Object.assign(sink, { port: (server.address() as AddressInfo).port });
}

const VAULT = 'https://vault.example';

/** A token of each form: a JWT, an opaque one, and a refresh token. */
async function tokensOf(server: TestServer): Promise<readonly string[]> {
  const own = { grant_type: 'client_credentials', client_id: 'gateway', client_secret: 'gateway-secret' };
  const jwt = String((await server.token(own)).body.access_token);
  const opaque = String((await server.token({ ...own, audience: VAULT })).body.access_token);
  const exchanged = await server.token({
    ...own,
    grant_type: EXCHANGE,
    subject_token: jwt,
    subject_token_type: type('access_token'),
    requested_token_type: type('refresh_token'),
  });
  const refresh = String(exchanged.body.access_token);
  for (const token of [jwt, opaque, refresh]) {
    assert.notEqual(token, 'undefined');
    canaries.plant(token);
  }
  return [jwt, opaque, refresh];
}

const PARAMETERS = [
  ...new Set<string>([
    ...clientParameters,
    ...exchangeParameters,
    ...grants.flatMap(({ parameters }): readonly string[] => parameters),
    ...[
      'grant_type',
      'token',
      'token_type_hint',
      'scope',
      'state',
      'nonce',
      'prompt',
      'max_age',
      'login_hint',
      'acr_values',
    ],
    ...['id_token_hint', 'post_logout_redirect_uri', 'redirect_uri', 'response_type', 'response_mode', 'request_uri'],
    ...['code_challenge', 'code_challenge_method', 'requested_actor', 'user_code', 'iss', 'error', 'error_description'],
    ...['username', 'password', 'xsrf', 'made_up'],
  ]),
];

const HEADERS = [
  ...['authorization', 'dpop', 'x-request-id', 'user-agent', 'referer', 'origin', 'cookie', 'accept', 'content-type'],
  ...[
    'x-forwarded-for',
    'client-cert',
    'if-match',
    'traceparent',
    'tracestate',
    'accept-language',
    'x-http-method-override',
  ],
];

const configuration = changed(withOperators(people), {
  resources: added({ audience: VAULT, scopes: ['read'], token: { format: 'opaque' } }),
  clients: added(
    client('gateway', { grants: ['client_credentials', 'token_exchange', 'refresh_token'], audiences: [API, VAULT] }),
  ),
  rules: added({
    client: 'gateway',
    subject: { issuer: 'self', types: ['access_token'], clients: ['gateway'] },
    grant: { audiences: [API], scopes: ['read'], types: ['access_token', 'refresh_token'] },
  }),
  log: { level: 'debug' },
});

test('writes a token from any parameter, path, query or header nowhere', async (t) => {
  const sink = await startSink(t);
  const metrics = await freePort();
  const stream = [{ type: 'webhook', url: `http://127.0.0.1:${sink.port}/`, allowPrivateNetwork: true }];
  const server = await start(
    t,
    changed(configuration, { audit: { stream }, server: { trustProxy: ['127.0.0.1'], metrics: { port: metrics } } }),
  );
  const tokens = await tokensOf(server);
  const operator = await adminToken(server);
  let asked = 0;
  const ask = async (path: string, init: RequestInit): Promise<void> => {
    const response = await fetch(server.issuer + path, { redirect: 'manual', ...init }).catch(() => undefined);
    if (response !== undefined && response.status >= 500) assert.equal(response.status, 503, path);
    asked++;
    await response?.text();
  };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const known = { ...web, grant_type: EXCHANGE, response_type: 'code', subject_token_type: type('access_token') };
  for (const endpoint of endpoints) {
    const path = pathOf(endpoint, server.issuer);
    for (const [index, name] of PARAMETERS.entries()) {
      const token = tokens[index % tokens.length] ?? '';
      const good = index % 2 === 0 ? known : {};
      const body = encode({ ...good, [name]: token });
      if (endpoint.methods.includes('POST'))
        await ask(path.replaceAll(/:\w+/g, 'x'), { method: 'POST', headers: form, body });
      else await ask(`${path.replaceAll(/:\w+/g, 'x')}?${body}`, {});
    }
    for (const token of tokens) {
      if (path.includes(':')) await ask(path.replaceAll(/:\w+/g, encodeURIComponent(token)), {});
      await ask(`${path}/${token}`, {});
    }
    for (const [index, name] of HEADERS.entries()) {
      const token = tokens[index % tokens.length] ?? '';
      // Each header has both forms, at half of the endpoints each.
      const value = (index + endpoints.indexOf(endpoint)) % 2 === 0 ? token : `Bearer ${token}`;
      await ask(path.replaceAll(/:\w+/g, 'x'), {
        method: endpoint.methods[0] ?? 'GET',
        headers: { ...form, [name]: value },
        ...(endpoint.methods[0] === 'POST' && { body: encode(known) }),
      });
    }
  }
  const json = { 'content-type': 'application/json', authorization: `Bearer ${operator}` };
  for (const { method, at, query, body } of operationsFor(operationForms)) {
    for (const [place, token] of tokens.entries()) {
      const path = `/admin/v1${at.replaceAll(/\{\w+\}/g, encodeURIComponent(token))}`;
      const members = [
        'id',
        'subject',
        'client',
        'all',
        'auth',
        'grants',
        'audiences',
        'scopes',
        'made_up',
        'form',
        'kid',
      ];
      await ask(path, { method, headers: json, ...(body && { body: '{}' }) });
      for (const name of Object.keys(query?.shape ?? { made_up: 1 }))
        await ask(`${path}?${encode({ [name]: token })}`, { method, headers: json });
      if (body === undefined) continue;
      // Over the three tokens, each member has each form of a value.
      for (const [index, name] of members.entries())
        await ask(path, {
          method,
          headers: { ...json, 'if-match': `"${token}"` },
          body: JSON.stringify({ [name]: [token, [token], { [token]: token }][(index + place) % 3] }),
        });
    }
  }
  await ask(`/${tokens[0]}`, {});
  assert.ok(asked > 1000, String(asked));
  await scrape(metrics);
  await eventually(
    async () => sink.rows,
    (rows) => rows > 100,
  );
  await server.close();
});

test('writes a token from an argument or option of any command nowhere', async (t) => {
  const server = await start(t, changed(configuration, { server: { metrics: 'off' } }));
  const tokens = await tokensOf(server);
  const interactive = ['serve', 'accounts hash-password', 'demo', 'audit tail', 'store rollback'];
  const options = [
    '--client',
    '--subject',
    '--subject-token',
    '--actor-token',
    '--audience',
    '--resource',
    '--scope',
    '--request',
  ];
  const more = [
    '--issuer',
    '--actor',
    '--outcome',
    '--reason',
    '--since',
    '--entry',
    '--against',
    '--token',
    '--keys',
    '--cursor',
    '--access-token',
  ];
  let ran = 0;
  for (const name of Object.keys(commands).filter((one) => !interactive.includes(one))) {
    for (const token of tokens) {
      await beside(t, server, [name, token]);
      ran++;
    }
    const [token = ''] = tokens;
    for (const option of [...options, ...more]) {
      await beside(t, server, [name, option, token]);
      ran++;
    }
  }
  assert.ok(ran > 200, String(ran));
  await server.close();
});
