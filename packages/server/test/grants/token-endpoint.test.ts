// How the token endpoint reads parameters: their grammar, and the order of faults.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  API,
  assertIssued,
  assertRefused,
  BACKEND,
  configuration,
  exchange,
  gateway,
  SCOPE_REFUSED,
  SUBJECT_REFUSED,
  startBasic,
  subjectToken,
  TARGET_REFUSED,
} from '../support/basics.ts';
import { changed, edited } from '../support/configuration.ts';
import { EXCHANGE, encode, type Form, start, type } from '../support/harness.ts';

const invalidRequest = (description: string, reason: string) => ({ error: 'invalid_request', description, reason });
const missing = (name: string) => invalidRequest(`The parameter ${name} is missing`, 'parameter_missing');

test('accepts only the exact names of grants in grant_type (RFC 8693 section 2.1, RFC 6749 section 5.2; TE-01, OA-13, BC-01d)', async (t) => {
  const server = await startBasic(t);
  assertIssued(server, await exchange(server, { grant_type: EXCHANGE }));
  for (const grant_type of [EXCHANGE.toUpperCase(), `${EXCHANGE} `, 'token_exchange', 'password', 'constructor']) {
    assertRefused(server, await exchange(server, { grant_type }), {
      error: 'unsupported_grant_type',
      description: 'The grant_type is not supported',
      reason: 'grant_type_unsupported',
    });
  }
  for (const grant_type of [undefined, '']) {
    assertRefused(server, await exchange(server, { grant_type }), missing('grant_type'));
  }
});

test('requires a subject token together with its type (RFC 8693 section 2.1; TE-02, TE-03)', async (t) => {
  const server = await startBasic(t);
  assertIssued(server, await exchange(server));
  for (const absent of [undefined, '']) {
    for (const name of ['subject_token', 'subject_token_type']) {
      assertRefused(server, await exchange(server, { [name]: absent }), missing(name), `${name}=${absent}`);
    }
  }
});

test('accepts only exact URNs of enabled token types (RFC 8693 sections 2.2.2 and 3; TE-03, TE-11)', async (t) => {
  const server = await startBasic(t);
  const unsupported = ['access_token', type('ACCESS_TOKEN'), type('saml2'), type('access_token '), type('toString')];
  for (const name of ['subject_token_type', 'actor_token_type', 'requested_token_type']) {
    const form = name === 'actor_token_type' ? { actor_token: 'anything' } : {};
    for (const value of unsupported) {
      const refused = invalidRequest(`The ${name} is not supported`, `${name}_unsupported`);
      assertRefused(server, await exchange(server, { ...form, [name]: value }), refused, value);
    }
  }
  assertIssued(server, await exchange(server, { requested_token_type: type('access_token') }));
});

test('returns the issued type, whether or not one was requested (RFC 8693 section 2.2.1; TE-10, TE-32, TE-33)', async (t) => {
  const server = await startBasic(t);
  for (const [asked, stated] of [
    [undefined, type('access_token')],
    [type('access_token'), type('access_token')],
    [type('jwt'), type('jwt')],
  ]) {
    const answer = await exchange(server, { requested_token_type: asked });
    assertIssued(server, answer);
    assert.deepEqual([answer.body.issued_token_type, answer.body.token_type], [stated, 'Bearer']);
  }
});

test('selects the validator by the declared type, and accepts our access token as jwt (RFC 8693 section 3)', async (t) => {
  const server = await startBasic(t);
  const answer = await exchange(server, { subject_token_type: type('jwt') });
  assertIssued(server, answer);
  const { declaredType, type: proven } = server.audit(answer)?.subject ?? {};
  assert.deepEqual([declaredType, proven], ['jwt', 'access_token']);
  const opaque = await exchange(server, { subject_token: 'an-opaque-handle', subject_token_type: type('jwt') });
  assertRefused(server, opaque, { ...SUBJECT_REFUSED, reason: 'subject_token_malformed' });
});

test('accepts repeated audience and resource, mixed, and uses every value (RFC 8693 section 2.1; TE-06)', async (t) => {
  const server = await startBasic(t);
  const form = { audience: [API, BACKEND], resource: [`${API}/v1/a?b=c`, `${BACKEND}/api`], scope: 'read' };
  const answer = await exchange(server, form);
  assertIssued(server, answer);
  const { audiencesAsked, resourcesAsked, targets } = server.audit(answer) ?? {};
  assert.deepEqual([audiencesAsked, resourcesAsked, targets], [form.audience, form.resource, [API, BACKEND]]);
  for (const stranger of [
    { ...form, audience: [...form.audience, 'https://unknown.example'] },
    { ...form, resource: [...form.resource, 'https://unknown.example/api'] },
  ]) {
    assertRefused(server, await exchange(server, stranger), { ...TARGET_REFUSED, reason: 'target_unknown' });
  }
});

test('refuses any other repeated parameter before it authenticates the client (RFC 6749 section 3.2; TE-07, OA-04)', async (t) => {
  const server = await startBasic(t);
  const subject_token = await subjectToken(server);
  const form: Form = { grant_type: EXCHANGE, ...gateway, subject_token, subject_token_type: type('access_token') };
  const names = ['grant_type', 'subject_token', 'subject_token_type', 'actor_token', 'actor_token_type'];
  const clientNames = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'];
  for (const name of [...names, ...clientNames, 'requested_token_type', 'scope']) {
    const one = String(form[name] ?? 'read');
    const refused = invalidRequest(`The parameter ${name} is repeated`, 'parameter_repeated');
    assertRefused(server, await server.token({ ...form, [name]: [one, one] }), refused, name);
    const wrong = { ...form, client_secret: 'wrong', [name]: [one, 'other'] };
    assertRefused(server, await server.token(wrong), refused, `${name} with a wrong secret`);
  }
  assertIssued(server, await server.token({ ...form, scope: ['', 'read', ''] }), 'empty copies are absent');
  assertIssued(server, await server.token({ ...form, colour: ['red', 'green'] }), 'unknown names may repeat');
});

test('treats an empty parameter as absent (RFC 6749 section 3.2; OA-03)', async (t) => {
  const server = await startBasic(t);
  const answer = await exchange(server, { scope: '', audience: '', resource: '', requested_token_type: '' });
  assertIssued(server, answer);
  assert.deepEqual([answer.body.scope, server.audit(answer)?.targets], ['read write', [API]]);
  const withoutValues = `${encode({ grant_type: 'client_credentials', ...gateway })}&scope&audience=&&`;
  assertIssued(server, await server.post('/oauth/token', withoutValues));
  assertRefused(server, await exchange(server, { client_secret: '' }), {
    status: 401,
    error: 'invalid_client',
    description: 'Client authentication is missing: use HTTP Basic, or client_id and client_secret',
    reason: 'client_authentication_missing',
  });
});

test('requires resource to be an absolute URI without fragment and user information (RFC 8707 section 2; TE-08, RI-01)', async (t) => {
  const server = await startBasic(t);
  const bad = ['/v1', 'v1', '//api.example/v1', 'api.example/v1', 'https:', 'https://', `${API}/v1#`, `${API}/v1#a`];
  const worse = [`${API}/v1 x`, `${API}\\v1`, 'https://ada@api.example/v1', `${API}/v1/é`, 'https://[::1/v1', '%'];
  for (const resource of [...bad, ...worse]) {
    assertRefused(
      server,
      await exchange(server, { resource }),
      { ...TARGET_REFUSED, reason: 'target_malformed' },
      resource,
    );
  }
  for (const resource of [`${API}/v1`, `${API}/v1/a?b=c`, 'HTTPS://API.example:443/v1/%C3%A9']) {
    assertIssued(server, await exchange(server, { resource }), resource);
  }
});

test('accepts any text as audience, and compares it exactly unless it is a URL (RFC 8693 section 2.1; TE-09)', async (t) => {
  const audience = 'Billing äpi: 1';
  const named = changed(configuration, {
    resources: edited('https://private.example', { audience }),
    rules: edited('gateway', { grant: { audiences: [audience, API, BACKEND] } }),
  });
  const server = await start(t, named);
  assertIssued(server, await exchange(server, { audience }));
  for (const other of ['billing äpi: 1', 'Billing äpi: 1/', 'Billing a\u0308pi: 1']) {
    assertRefused(server, await exchange(server, { audience: other }), { ...TARGET_REFUSED, reason: 'target_unknown' });
  }
});

test('requires scope to be case-sensitive names separated by one blank (RFC 6749 section 3.3; TE-10, OA-06)', async (t) => {
  const server = await startBasic(t);
  const answer = await exchange(server, { scope: 'write read' });
  assertIssued(server, answer);
  assert.deepEqual(new Set(String(answer.body.scope).split(' ')), new Set(['read', 'write']));
  for (const scope of [
    'read  write',
    ' read',
    'read ',
    'read\twrite',
    '"read"',
    're\\ad',
    'réad',
    'read\r\nwrite',
    ' ',
  ]) {
    assertRefused(
      server,
      await exchange(server, { scope }),
      { ...SCOPE_REFUSED, reason: 'scope_malformed' },
      JSON.stringify(scope),
    );
  }
  for (const scope of ['Read', 'read,write', 'read+write', 'read unknown']) {
    assertRefused(server, await exchange(server, { scope }), { ...SCOPE_REFUSED, reason: 'scope_exceeded' }, scope);
  }
});

test('grants every scope at every target, or refuses (RFC 8693 section 2.1.1; TE-13, AT-05)', async (t) => {
  const server = await startBasic(t);
  const audience = [API, BACKEND];
  const answer = await exchange(server, { audience });
  assertIssued(server, answer);
  assert.equal(answer.body.scope, 'read');
  assertIssued(server, await exchange(server, { audience: API, scope: 'read write' }));
  const wider = await exchange(server, { audience, scope: 'read write' });
  assertRefused(server, wider, { ...SCOPE_REFUSED, reason: 'scope_exceeded' });
});

test('does not consume the subject token in an exchange (RFC 8693 section 2.1; TE-16)', async (t) => {
  const server = await startBasic(t);
  const subject_token = await subjectToken(server);
  const first = await exchange(server, { subject_token });
  const second = await exchange(server, { subject_token });
  for (const answer of [first, second]) assertIssued(server, answer);
  assert.notEqual(first.body.access_token, second.body.access_token);
});

test('checks the client first, then the grant, the request, its tokens, and its targets (RFC 8693 section 2.2.2; TE-45)', async (t) => {
  const server = await startBasic(t);
  // Each request has the fault of its line and of all lines below it.
  const last = { scope: 'unknown' };
  const target = { ...last, audience: 'https://unknown.example' };
  const subject = { ...target, subject_token: 'not.a.token' };
  const request = { ...subject, requested_token_type: 'unknown' };
  const grant = { ...request, grant_type: 'unknown' };
  const caller = { ...grant, client_secret: 'wrong' };
  for (const [form, reason] of [
    [{ ...caller, grant_type: undefined }, 'parameter_missing'],
    [caller, 'client_credentials'],
    [grant, 'grant_type_unsupported'],
    [request, 'requested_token_type_unsupported'],
    [subject, 'subject_token_malformed'],
    [target, 'target_unknown'],
    [last, 'scope_exceeded'],
  ] as const) {
    assert.equal(server.audit(await exchange(server, form))?.reason, reason);
  }
  assertIssued(server, await exchange(server));
});
