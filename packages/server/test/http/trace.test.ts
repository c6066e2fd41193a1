// Tracing with the OpenTelemetry SDK as an operator loads it: the spans of a request and their context, without secrets.
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

test('makes a request one span in the trace of its caller, with a span for each step below it', async (t) => {
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

test('records a refusal by its reason in a span, without token, secret or subject', async (t) => {
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

test('passes the trace on with outgoing requests', async (t) => {
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
