// Tokens with our own signature and claims that must not pass: what only a fault of ours, or another server with our key,
// could have signed. Each is refused with the one sentence, beside a good token that differs from it in nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeProtectedHeader } from 'jose';
import {
  assertTokenAccepted as accept,
  agentBasic,
  assertIssued,
  assertRefused,
  configuration,
  exchange,
  forgedToken,
  assertTokenRefused as refuse,
  SUBJECT_REFUSED,
  startBasic,
  subjectToken,
} from './basics.ts';
import { claimsOf, start, type } from './harness.ts';

test('header and claims are JSON objects that every parser reads alike (RFC 7519 section 4; JW-08)', async (t) => {
  const server = await startBasic(t);
  const good = claimsOf(await subjectToken(server));
  const text = JSON.stringify(good);
  const within = (member: string): string => `${text.slice(0, -1)},${member}}`;
  for (const payload of [
    within('"sub":"admin"'),
    within('"s\\u0075b":"admin"'),
    within('"x":{"a":1,"a":2}'),
    within('"x":NaN'),
    within('"x":01'),
    within("'x':1"),
    within('"x":1,'),
    within('"x":1 // comment'),
    within('"x":/* */1'),
    within('"x":"\t"'),
    `\ufeff${text}`,
    Buffer.from(text, 'utf16le'),
    Buffer.from(within('"x":"\xff"'), 'latin1'),
    `[${text}]`,
    JSON.stringify(text),
    'null',
    '1',
    '',
    `${text}${text}`,
  ]) {
    await refuse(server, server.forgeText(payload), 'malformed', String(payload));
  }
  const { alg, kid } = decodeProtectedHeader(server.forge(good));
  const header = `{"alg":"${alg}","typ":"at+jwt","kid":"${kid}"`;
  await refuse(server, server.forgeText(text, `${header},"kid":"${kid}"}`), 'malformed');
  await refuse(server, server.forgeText(text, `[${header}}]`), 'malformed');
  await accept(server, server.forgeText(text, `${header}}`));
  await accept(
    server,
    server.forgeText(` ${within('"x":{"a":1,"b":{"a":2}},"sub2":"é"')}\n`),
    'blanks and new members',
  );
});

test('claims nested a hundred thousand deep cost no more than a refusal', async (t) => {
  const server = await startBasic(t);
  const text = JSON.stringify(claimsOf(await subjectToken(server))).slice(0, -1);
  const nested = (depth: number, [open, close]: string): string =>
    server.forgeText(`${text},"x":${open?.repeat(depth)}${close?.repeat(depth)}}`);
  for (const depth of [100, 20_000, 100_000]) await refuse(server, nested(depth, '[]'), 'malformed', `${depth}`);
  await refuse(server, server.forgeText(`${text},"x":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`), 'malformed');
  await accept(server, nested(50, '[]'));
});

test('members called __proto__ or constructor are members like any other', async (t) => {
  const server = await startBasic(t);
  const good = claimsOf(await subjectToken(server));
  const evil = '{"sub":"admin","scope":"admin","aud":"https://private.example","isAdmin":true}';
  const text = `${JSON.stringify(good).slice(0, -1)},"__proto__":${evil},"constructor":{"prototype":${evil}}}`;
  const answer = await exchange(server, { subject_token: server.forgeText(text) });
  assertIssued(server, answer);
  assert.deepEqual([claimsOf(answer.body.access_token).sub, answer.body.scope], ['gateway', 'read write']);
  const { sub, ...others } = good;
  const inherited = `${JSON.stringify(others).slice(0, -1)},"__proto__":{"sub":"${sub}"}}`;
  await refuse(server, server.forgeText(inherited), 'claims', 'sub only in __proto__');
});

test('exp has no leeway, which would add up along a chain; iat and nbf allow for clocks that differ by half a minute (JW-13)', async (t) => {
  const server = await startBasic(t);
  const now = Math.floor(server.clock.now / 1000);
  for (const exp of [now + 1, now + 1.5, now + 3600])
    await accept(server, await forgedToken(server, { exp }), `${exp}`);
  for (const exp of [now, now - 1, now - 30, 0]) await refuse(server, await forgedToken(server, { exp }), 'expired');
  for (const name of ['iat', 'nbf']) {
    for (const time of [now - 3600, now + 30]) await accept(server, await forgedToken(server, { [name]: time }), name);
    await refuse(server, await forgedToken(server, { [name]: now + 31 }), 'not_yet_valid', name);
  }
  for (const time of [undefined, null, `${now + 60}`, -1, 1e300, [now + 60], true]) {
    await refuse(server, await forgedToken(server, { exp: time }), 'claims', `exp ${time}`);
    await refuse(server, await forgedToken(server, { iat: time }), 'claims', `iat ${time}`);
  }
});

test('iss is our issuer letter for letter (RFC 8725 section 3.8)', async (t) => {
  const server = await startBasic(t);
  const { issuer } = server;
  await accept(server, await forgedToken(server, { iss: issuer }));
  const near = [`${issuer}/`, issuer.toUpperCase(), issuer.replace('http:', 'https:'), `${issuer} `, `${issuer}\0`];
  const far = [
    '',
    undefined,
    null,
    1,
    [issuer],
    { issuer },
    issuer.replace('//', '//ada@'),
    issuer.replace('1:', '1.:'),
  ];
  for (const iss of [...near, ...far]) {
    await refuse(server, await forgedToken(server, { iss }), ['unknown_issuer', 'claims'], JSON.stringify(iss));
  }
});

test('typ says at+jwt, in any case; every other kind of JWT is refused (RFC 9068 section 4; AT-08, JW-12)', async (t) => {
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

test('sub, jti, client_id and aud are names that print, and are there (RFC 9068 section 2.2)', async (t) => {
  const server = await startBasic(t);
  const bad = [undefined, null, '', 1, true, {}, ['x', 1], 'x'.repeat(1025), 'a\0b', 'a\nb', 'a\u202eb', '\ud800'];
  for (const name of ['sub', 'jti', 'client_id', 'aud']) {
    for (const value of bad) {
      const token = await forgedToken(server, { [name]: value });
      await refuse(server, token, ['claims', 'malformed'], `${name}: ${JSON.stringify(value)}`);
    }
  }
  for (const aud of [[], [[]], ['https://api.example', 1]])
    await refuse(server, await forgedToken(server, { aud }), 'claims');
  for (const claims of [{ sub: 'x'.repeat(1024) }, { sub: 'Zoë 😀' }, { aud: ['a', 'b'] }]) {
    await accept(server, await forgedToken(server, claims));
  }
});

test('act, may_act and scope have their form, or the token is refused (RFC 8693 section 4; TE-60)', async (t) => {
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
  await accept(server, await forgedToken(server, { act: { sub: 'a', exp: 'x', act: { sub: 'b' } }, scope: 'read' }));
  await accept(server, await forgedToken(server, { may_act: { sub: 'gateway', exp: 1, nbf: 'x' } }));
});

test('a token of another client, addressed to nobody who asks, is refused; unknown origin is no origin', async (t) => {
  const server = await startBasic(t);
  const agents = await server.token({ grant_type: 'client_credentials' }, agentBasic);
  const answer = await exchange(server, { subject_token: String(agents.body.access_token) });
  assertRefused(server, answer, { ...SUBJECT_REFUSED, reason: 'no_rule_for_subject' });
  assert.equal(
    server.audit(answer)?.mismatches?.some(({ part }) => part === 'subject'),
    true,
  );
  await accept(server, await subjectToken(server), 'its own');
  const named = configuration.replace('types: [access_token] }', 'types: [access_token], clients: [agent] }');
  const trusting = await start(t, named);
  const token = await trusting.token({ grant_type: 'client_credentials' }, agentBasic);
  await accept(trusting, String(token.body.access_token), 'named by the rule');
});
