// Can a request be followed through the server? With the OpenTelemetry SDK as an operator loads it: spans, their context, and
// nothing in them that is a secret.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { acting, exchange, gateway, startBasic, subjectToken } from '../support/basics.ts';
import { start } from '../support/harness.ts';
import { DISCOVERY, entry, JWKS, startIssuer, trusting } from '../support/issuer.ts';
import { spans as exporter } from '../support/spans.ts';
import { present } from '../support/trusting.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };

/** The spans of the trace, by name. */
function spansOf(traceId: string): ReadonlyMap<string, ReadableSpan> {
  const spans = exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId);
  return new Map(spans.map((span) => [span.name, span]));
}

const parentOf = (span: ReadableSpan | undefined): string | undefined => span?.parentSpanContext?.spanId;
const idOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().spanId;

test("a request is one span in its caller's trace, and each step a span below it", async (t) => {
  const server = await startBasic(t);
  const form = { ...(await acting(server)), subject_token: await subjectToken(server) };
  exporter.reset();
  const answer = await server.token(
    {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      ...gateway,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      ...form,
    },
    CALLER,
  );
  assert.equal(answer.status, 200, answer.text);
  const spans = spansOf(TRACE);
  const request = spans.get('POST /oauth/token');
  assert.equal(parentOf(request), 'b7ad6b7169203331');
  assert.deepEqual(request?.attributes, {
    'http.request.method': 'POST',
    'http.route': '/oauth/token',
    'cambio.request_id': answer.headers.get('x-request-id'),
    'cambio.grant': 'token_exchange',
    'cambio.client': 'gateway',
    'cambio.rule': 'gateway',
    'cambio.outcome': 'issued',
  });
  for (const step of ['parse', 'authenticate', 'subject', 'actor', 'decide', 'sign', 'commit']) {
    assert.equal(parentOf(spans.get(step)), idOf(request), step);
  }
  assert.ok([idOf(spans.get('subject')), idOf(spans.get('actor'))].includes(parentOf(spans.get('verify'))));
});

test('a refusal is told by its reason; no token, no secret and no subject is in a span', async (t) => {
  const server = await startBasic(t);
  exporter.reset();
  const token = await subjectToken(server);
  const answer = await exchange(server, { subject_token: `${token}x`, scope: 'probe-scope' });
  assert.equal(answer.status, 400);
  assert.equal((await exchange(server, { subject_token: token })).status, 200);
  const all = exporter.getFinishedSpans();
  const failed = all.filter(({ attributes }) => attributes['error.type'] !== undefined);
  assert.deepEqual(
    failed.map(({ name, attributes, status }) => [name, attributes['error.type'], status.code]),
    [
      ['subject', 'subject_token_malformed', 2],
      ['POST /oauth/token', 'subject_token_malformed', 2],
    ],
  );
  const told = JSON.stringify(
    all.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
  );
  for (const secret of [token.slice(0, 40), 'gateway-secret', 'probe-scope'])
    assert.equal(told.includes(secret), false);
});

test('what is fetched for a request carries its trace on', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  exporter.reset();
  assert.equal((await present(server, idp.sign())).status, 200);
  const fetched = idp.seen.filter(({ path }) => path === DISCOVERY || path === JWKS);
  const fetches = exporter.getFinishedSpans().filter(({ name }) => name === 'fetch');
  assert.equal(fetches.length, 2);
  assert.deepEqual(
    fetched.map(({ headers }) => headers.traceparent),
    fetches.map((span) => `00-${span.spanContext().traceId}-${idOf(span)}-01`),
  );
});
