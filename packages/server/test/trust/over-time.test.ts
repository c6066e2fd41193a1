// How long the keys of another issuer are valid, when they are fetched again, and what happens if that fails.
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
import { assertSubjectRefused, assertUnavailable, COOL_DOWN, freshToken, present } from '../support/trusting.ts';

test('answers 503 for an unknown key while its issuer fails, since the caller is not at fault', async (t) => {
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

test('answers 503 for an unknown key while the key set may not be fetched again, and 400 when it is fetched for the token', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  assertIssued(server, await present(server, freshToken(server, idp)));
  const stranger = () => present(server, freshToken(server, idp, { key: newKey() }));
  assertSubjectRefused(server, await stranger(), 'unknown_key');
  const rotated = newKey();
  idp.keys.push(rotated);
  server.clock.now += 4000;
  const fresh = await present(server, freshToken(server, idp, { key: rotated }));
  assert.deepEqual(
    [fresh.status, fresh.body.error, fresh.headers.get('retry-after')],
    [503, 'temporarily_unavailable', '6'],
  );
  assert.equal(server.audit(fresh)?.reason, 'issuer_keys_recent');
  for (const answer of await Promise.all(Array.from({ length: 20 }, stranger))) assert.equal(answer.status, 503);
  assertIssued(server, await present(server, freshToken(server, idp)), 'the known key');
  assert.equal(idp.count(JWKS), 2);
  server.clock.now += 6000;
  assertIssued(server, await present(server, freshToken(server, idp, { key: rotated })));
  server.clock.now += COOL_DOWN;
  assertSubjectRefused(server, await stranger(), 'unknown_key');
});

test('fetches the keys once for any number of concurrent tokens', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  const answers = await Promise.all(Array.from({ length: 50 }, () => present(server, freshToken(server, idp))));
  for (const answer of answers) assertIssued(server, answer);
  assert.deepEqual([idp.count(DISCOVERY), idp.count(JWKS)], [1, 1]);
});

test('neither stops fetching keys nor loses cached ones when the clock is set back', async (t) => {
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

test('uses cached keys while their issuer does not answer, and drops them at an answer that withdraws them', async (t) => {
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
