// How long are keys of another issuer good, when are they asked for again, and what if they cannot be had?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertIssued } from '../support/basics.ts';
import { start } from '../support/harness.ts';
import {
  type Behaviour,
  DISCOVERY,
  entry,
  type FakeKey,
  JWKS,
  json,
  newKey,
  privateJwk,
  startIssuer,
  status,
  trusting,
} from '../support/issuer.ts';
import { assertUnavailable, COOL_DOWN, freshToken, present } from '../support/trusting.ts';

test('whether an unknown key is a good one is not for the caller to answer while its issuer fails', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  assertIssued(server, await present(server, freshToken(server, idp)));
  const rotated = newKey();
  idp.instead.set(JWKS, status(500));
  assertUnavailable(server, await present(server, freshToken(server, idp, { key: rotated })));
  assertIssued(server, await present(server, freshToken(server, idp)), 'the known key');
  idp.instead.clear();
  idp.keys.push(rotated);
  server.clock.now += COOL_DOWN;
  assertIssued(server, await present(server, freshToken(server, idp, { key: rotated })));
});

test('however many tokens come first, the keys are asked for once', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  const answers = await Promise.all(Array.from({ length: 50 }, () => present(server, freshToken(server, idp))));
  for (const answer of answers) assertIssued(server, answer);
  assert.deepEqual([idp.count(DISCOVERY), idp.count(JWKS)], [1, 1]);
});

test('a clock that is set back neither stops the look for keys nor loses those that are held', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  idp.instead.set(JWKS, status(500));
  assertUnavailable(server, await present(server, freshToken(server, idp)));
  idp.instead.clear();
  server.clock.now -= 3_600_000;
  assertIssued(server, await present(server, freshToken(server, idp)));
  idp.instead.set(JWKS, status(500));
  server.clock.now -= 3_600_000;
  assertIssued(server, await present(server, freshToken(server, idp)));
});

test('held keys serve while their issuer gives no answer, and end with an answer that disowns them', async (t) => {
  const idp = await startIssuer(t);
  const [key] = idp.keys as [FakeKey];
  const disowning: Readonly<Record<string, Behaviour>> = {
    'a private key': json({ keys: [privateJwk(key)] }),
    'another private key': json({ keys: [key.jwk, privateJwk(newKey())] }),
    'a symmetric key': json({ keys: [key.jwk, { kty: 'oct', k: 'c2VjcmV0' }] }),
    'no list of keys': json({ keys: 'none' }),
    'gone for good': status(410),
  };
  const silent: Readonly<Record<string, Behaviour>> = { 'a failure': status(500), 'not found': status(404) };
  for (const [what, behaviour] of Object.entries({ ...disowning, ...silent })) {
    idp.instead.clear();
    const server = await start(t, trusting(entry(idp)));
    assertIssued(server, await present(server, freshToken(server, idp)), what);
    idp.instead.set(JWKS, behaviour);
    server.clock.now += 6 * 60_000;
    const answer = await present(server, freshToken(server, idp));
    if (what in silent) {
      assertIssued(server, answer, what);
      continue;
    }
    assertUnavailable(server, answer, what);
    idp.instead.clear();
    server.clock.now += COOL_DOWN;
    assertIssued(server, await present(server, freshToken(server, idp)), `${what}, and good again`);
  }
});
