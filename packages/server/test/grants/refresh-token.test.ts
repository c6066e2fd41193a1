// Refresh tokens: how a client gets one, what it grants, its limits, and its end (RFC 6749 section 6).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  API,
  acting,
  assertIssued,
  assertRefused,
  BACKEND,
  exchange,
  SUBJECT_REFUSED,
  subjectToken,
} from '../support/basics.ts';
import { changed } from '../support/configuration.ts';
import { claimsOf, start, type TestServer, type } from '../support/harness.ts';
import {
  BESIDE,
  exchanged,
  ISSUER,
  introspect,
  life,
  other,
  plain,
  REFRESH,
  refresh,
  refreshTokenOf,
  VAULT,
} from '../support/life.ts';
import { assertSubjectRefused } from '../support/trusting.ts';

const REFRESH_REFUSED = { error: 'invalid_grant', description: 'The provided refresh token is invalid or expired' };

test('returns a requested refresh token in access_token, where it is not accepted as an access token (RFC 8693 section 2.2.1; TE-31, TE-33, TE-34, TE-38)', async (t) => {
  const server = await start(t, life());
  const answer = await exchange(server, { ...REFRESH, scope: 'read' });
  assertIssued(server, answer);
  const { access_token, ...members } = answer.body;
  assert.deepEqual(members, {
    issued_token_type: type('refresh_token'),
    token_type: 'N_A',
    expires_in: 86_400,
    scope: 'read',
  });
  assert.match(String(access_token), /^cambio_rt_/);
  assert.deepEqual(
    server.audit(answer)?.issued?.map((one) => one.type),
    ['refresh_token'],
  );
});

test('adds a refresh token to an access token with refreshToken in the rule, for clients that may refresh (TE-37)', async (t) => {
  const server = await start(t, life());
  for (const form of [{}, { requested_token_type: type('jwt') }, { audience: VAULT }]) {
    const { body } = await exchange(server, form);
    assert.deepEqual([body.token_type, typeof body.refresh_token], ['Bearer', 'string'], JSON.stringify(form));
  }
  const own = { ...plain, subject_token: await subjectToken(server, plain) };
  const without = await exchange(server, own);
  assertIssued(server, without);
  assert.equal(without.body.refresh_token, undefined);
  assertRefused(server, await exchange(server, { ...own, ...REFRESH }), {
    error: 'invalid_request',
    description: 'The requested_token_type is not supported',
    reason: 'requested_token_type_needs_grant',
  });
  const quiet = await start(t, life([changed(BESIDE, { grant: { refreshToken: undefined } })]));
  assert.equal((await exchange(quiet)).body.refresh_token, undefined);
});

test('returns a new access token and the successor, without the members of an exchange (RFC 6749 section 5.1)', async (t) => {
  const server = await start(t, life());
  const first = await exchange(server, { ...(await acting(server)), scope: 'read' });
  const answer = await refresh(server, first.body.refresh_token);
  assertIssued(server, answer);
  const { access_token, refresh_token, ...members } = answer.body;
  assert.deepEqual(members, { token_type: 'Bearer', expires_in: 3600, scope: 'read' });
  assert.notEqual(refresh_token, first.body.refresh_token);
  const [before, after] = [first.body.access_token, access_token].map(claimsOf);
  for (const name of ['sub', 'aud', 'act', 'client_id', 'scope']) assert.deepEqual(after?.[name], before?.[name], name);
  assert.notEqual(after?.jti, before?.jti);
  assert.deepEqual(after?.lineage, before?.lineage, 'both derive from the family');
  const row = server.audit(answer);
  assert.deepEqual([row?.grant, row?.rule, row?.subject?.type], ['refresh_token', 'beside', 'refresh_token']);
});

test('issues opaque tokens for an opaque resource at every refresh', async (t) => {
  const server = await start(t, life());
  const first = await exchange(server, { audience: VAULT });
  const again = await refresh(server, first.body.refresh_token);
  for (const { body } of [first, again]) assert.match(String(body.access_token), /^cambio_at_/);
});

test('narrows scope and target for one refresh, and grants all of them at the next (RFC 6749 section 6, RFC 8707 section 2.2; OA-15, RI-02, RI-05)', async (t) => {
  const server = await start(t, life());
  let current = await refreshTokenOf(server, { audience: [API, BACKEND], scope: 'read' });
  const step = async (form: Parameters<typeof refresh>[2]) => {
    const answer = await refresh(server, current, form);
    assertIssued(server, answer, JSON.stringify(form));
    current = String(answer.body.refresh_token);
    return [claimsOf(answer.body.access_token).aud, answer.body.scope];
  };
  assert.deepEqual(await step({ audience: BACKEND }), [BACKEND, 'read']);
  assert.deepEqual(await step({ resource: `${API}/v1/orders` }), [API, 'read']);
  assert.deepEqual(await step({}), [[API, BACKEND], 'read']);
  const wide = await refreshTokenOf(server, { audience: API });
  assert.deepEqual((await refresh(server, wide, { scope: 'write' })).body.scope, 'write');
});

test('refuses everything that is not a valid refresh token with the same answer', async (t) => {
  const server = await start(t, life());
  const good = await refreshTokenOf(server);
  const [head, generation, mac = ''] = good.split('.');
  const strange = [
    'x',
    `${head}.${Number(generation) + 1}.${mac}`,
    `${head}.0${generation}.${mac}`,
    `${head}.${generation}.${mac.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
    `${head}.${generation}.${mac}=`,
    `${head}.${generation}`,
    `${good} `,
    good.toUpperCase(),
    good.replace(/_rt_......../, '_rt_00000000'),
    await subjectToken(server),
    'x'.repeat(100_000),
  ];
  for (const token of strange) {
    assertRefused(
      server,
      await refresh(server, token),
      { ...REFRESH_REFUSED, reason: 'refresh_token_unknown' },
      token.slice(0, 70),
    );
  }
  const missing = {
    error: 'invalid_request',
    description: 'The parameter refresh_token is missing',
    reason: 'parameter_missing',
  };
  assertRefused(server, await refresh(server, ''), missing);
  assertIssued(server, await refresh(server, good));
});

test('exchanges a refresh token of the client itself, without rotating it (RFC 8693 section 2.1)', async (t) => {
  const server = await start(t, life());
  const token = await refreshTokenOf(server, { scope: 'read' });
  const presented = { subject_token: token, subject_token_type: type('refresh_token') };
  for (const _time of [1, 2]) {
    const answer = await exchange(server, presented);
    assertIssued(server, answer);
    assert.equal(answer.body.scope, 'read');
  }
  const refreshed = await refresh(server, token);
  assertIssued(server, refreshed);
  assertSubjectRefused(
    server,
    await exchange(server, presented),
    'revoked',
    'it was rotated: send the newest refresh token',
  );
  const newer = { ...presented, subject_token: String(refreshed.body.refresh_token) };
  assertIssued(server, await exchange(server, newer));
  const stolen = await exchange(server, { ...newer, ...other });
  assert.deepEqual(
    [stolen.status, server.audit(stolen)?.reason],
    [200, undefined],
    'the rule names the clients of its subjects',
  );
  const strict = await start(t, life([changed(BESIDE, { subject: { clients: undefined } })]));
  const own = { subject_token: await refreshTokenOf(strict), subject_token_type: type('refresh_token') };
  assertIssued(strict, await exchange(strict, own));
  assert.equal(strict.audit(await exchange(strict, { ...own, ...other }))?.reason, 'no_rule_for_subject');
  const silent = await start(t, life([changed(BESIDE, { subject: { types: undefined } })]));
  const unnamed = { subject_token: await refreshTokenOf(silent), subject_token_type: type('refresh_token') };
  const refused = await exchange(silent, unnamed);
  assertRefused(silent, refused, { ...SUBJECT_REFUSED, reason: 'no_rule_for_subject' });
  assert.equal(silent.audit(refused)?.mismatches?.[0]?.what, 'subject.types');
  assertIssued(silent, await exchange(silent));
});

test('refreshes after the subject token expired, until refreshLifetime ends, and no access token outlives it', async (t) => {
  const server = await start(t, life([changed(BESIDE, { grant: { refreshLifetime: '3h' } })]));
  let current = await refreshTokenOf(server);
  for (const [hours, lifetime] of [
    [1.5, 3600],
    [2.5, 1800],
  ] as const) {
    server.clock.now = hoursAfterStart(server, hours);
    const answer = await refresh(server, current);
    assertIssued(server, answer, `${hours} hours`);
    assert.equal(answer.body.expires_in, lifetime);
    current = String(answer.body.refresh_token);
  }
  server.clock.now = hoursAfterStart(server, 3);
  assertRefused(server, await refresh(server, current), { ...REFRESH_REFUSED, reason: 'refresh_token_expired' });
  assert.deepEqual((await introspect(server, current)).body, { active: false });
});

const starts = new WeakMap<TestServer, number>();
const hoursAfterStart = (server: TestServer, hours: number): number => {
  const began = starts.get(server) ?? Math.floor(server.clock.now / 1000) * 1000;
  starts.set(server, began);
  return began + hours * 3_600_000;
};

test('keeps refresh tokens within the maximum lineage over a chain of exchanges', async (t) => {
  const server = await start(t, life([BESIDE]));
  let token = await subjectToken(server);
  let hops = 0;
  for (; hops < 20; hops++) {
    const answer = await exchange(server, { subject_token: token });
    if (answer.status !== 200) {
      assert.equal(server.audit(answer)?.reason, 'lineage_too_long');
      break;
    }
    token = String(answer.body.access_token);
    assert.ok((claimsOf(token).lineage as string[]).length <= 16);
    assertIssued(server, await refresh(server, answer.body.refresh_token));
  }
  assert.equal(hops, 8, 'each hop adds a token and a family');
  assert.equal(claimsOf(await exchanged(server, await subjectToken(server))).iss, ISSUER);
});
