// Tokens with our own signature and invalid claims, which only a fault of this server or another server with its key could sign.
// Each is refused with the one public sentence, beside a valid token that differs in nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  API,
  assertTokenAccepted as accept,
  agentBasic,
  configuration,
  exchange,
  forgedToken,
  assertTokenRefused as refuse,
  startBasic,
  subjectToken,
} from '../support/basics.ts';
import { changed, edited } from '../support/configuration.ts';
import { claimsOf, start, type } from '../support/harness.ts';

const ELSEWHERE = 'https://idp.example';

test('refuses claims nested a hundred thousand deep at low cost', async (t) => {
  const server = await startBasic(t);
  const text = JSON.stringify(claimsOf(await subjectToken(server))).slice(0, -1);
  const nested = (depth: number, [open, close]: string): string =>
    server.forgeText(`${text},"x":${open?.repeat(depth)}${close?.repeat(depth)}}`);
  for (const depth of [100, 20_000, 100_000]) await refuse(server, nested(depth, '[]'), 'malformed', `${depth}`);
  await refuse(server, server.forgeText(`${text},"x":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`), 'malformed');
  await accept(server, nested(50, '[]'));
});

test('requires exp and iat to be times (RFC 9068 section 2.2; JW-13)', async (t) => {
  const server = await startBasic(t);
  const now = Math.floor(server.clock.now / 1000);
  for (const time of [undefined, null, `${now + 60}`, -1, Number.MAX_SAFE_INTEGER, [now + 60], true]) {
    await refuse(server, await forgedToken(server, { exp: time }), 'claims', `exp ${time}`);
    await refuse(server, await forgedToken(server, { iat: time }), 'claims', `iat ${time}`);
  }
  await accept(server, await forgedToken(server, { exp: now + 60.5, iat: now - 3600 }));
});

test('requires typ at+jwt in any case, and refuses all other kinds of JWT (RFC 9068 section 4; AT-08, JW-12)', async (t) => {
  const server = await startBasic(t);
  const good = claimsOf(await subjectToken(server));
  for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt']) await accept(server, server.forge(good, { typ }), typ);
  const others = ['JWT', 'dpop+jwt', 'logout+jwt', 'oauth-id-jag+jwt', 'client-authentication+jwt', 'id_token', ''];
  for (const typ of [...others, 'at+jwt ', 'application/application/at+jwt', undefined]) {
    const token = server.forge(good, { typ });
    await refuse(server, token, 'wrong_type', typ);
    const asJwt = await exchange(server, { subject_token: token, subject_token_type: type('jwt') });
    assert.deepEqual([asJwt.status, asJwt.body.error], [400, 'invalid_grant'], `${typ} as jwt`);
  }
  for (const typ of [1, null, ['at+jwt']]) await refuse(server, server.forge(good, { typ }), 'malformed');
});

test('requires sub, jti, client_id and aud to be printable names (RFC 9068 section 2.2)', async (t) => {
  const issuers = [{ issuer: ELSEWHERE, name: 'elsewhere', accepts: ['jwt'], audiences: [API] }];
  const server = await start(t, changed(configuration, { issuers }));
  const bad = [undefined, null, '', 1, true, {}, ['x', 1], 'x'.repeat(1025), 'a\0b', 'a\nb', 'a\u202eb', '\ud800'];
  for (const name of ['sub', 'jti', 'client_id', 'aud']) {
    for (const value of bad) {
      const token = await forgedToken(server, { [name]: value });
      await refuse(server, token, ['claims', 'malformed'], `${name}: ${JSON.stringify(value)}`);
    }
  }
  for (const aud of [[], [[]], ['https://api.example', 1]])
    await refuse(server, await forgedToken(server, { aud }), 'claims');
  for (const sub of ['x'.repeat(1024), 'Zoë 😀'])
    await accept(server, await forgedToken(server, { sub, sub_id: { format: 'iss_sub', iss: ELSEWHERE, sub } }));
  await accept(server, await forgedToken(server, { aud: ['a', 'b'] }));
});

test('refuses malformed act, may_act and scope (RFC 8693 section 4; TE-60)', async (t) => {
  const server = await startBasic(t);
  const bad = {
    act: ['agent', 'string', null, [{ sub: 'agent' }], {}, { iss: 'x' }, { sub: 1 }, { sub: 'a', act: 'b' }],
    may_act: ['agent', null, [], {}, { sub: 1 }, { iss: 1, sub: 'a' }, { exp: 1 }],
    scope: [['read'], 'read  write', ' ', 1, null, 'r"d'],
  };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      await refuse(server, await forgedToken(server, { [name]: value }), 'claims', `${name} ${JSON.stringify(value)}`);
    }
  }
  await accept(
    server,
    await forgedToken(server, { act: { sub: 'agent', exp: 'x', act: { sub: 'stranger' } }, scope: 'read' }),
  );
  await accept(server, await forgedToken(server, { may_act: { sub: 'gateway', exp: 1, nbf: 'x' } }));
});

test('accepts a token of another client if the rule names that client as its origin', async (t) => {
  const named = changed(configuration, { rules: edited('gateway', { subject: { clients: ['agent'] } }) });
  for (const [yaml, status] of [
    [configuration, 400],
    [named, 200],
  ] as const) {
    const server = await start(t, yaml);
    const { body } = await server.token({ grant_type: 'client_credentials' }, agentBasic);
    const answer = await exchange(server, { subject_token: String(body.access_token) });
    assert.equal(answer.status, status);
    const mismatched = server.audit(answer)?.mismatches?.map(({ part }) => part);
    assert.deepEqual(mismatched, status === 200 ? [] : ['subject']);
  }
});
