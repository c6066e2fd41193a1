// How long are keys of another issuer good, when are they asked for again, and what if they cannot be had?
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { assertIssued } from './basics.ts';
import { start } from './harness.ts';
import { DISCOVERY, entry, JWKS, json, newKey, privateJwk, startIssuer, status, trusting } from './issuer.ts';
import { assertSubjectRefused, assertUnavailable, COOL_DOWN, freshToken, present } from './trusting.ts';

test('a good set serves on while its issuer fails, for an hour after it was due, and then no more', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  const ask = () => present(server, freshToken(server, idp));
  assertIssued(server, await ask());
  for (const failure of [status(500), status(404), json({ keys: idp.keys.map(privateJwk) })]) {
    idp.instead.set(JWKS, failure);
    server.clock.now += 300_000;
    assertIssued(server, await ask(), 'the last good set');
  }
  server.clock.now += 3_000_000 - COOL_DOWN;
  assertIssued(server, await ask(), 'nearly an hour');
  server.clock.now += COOL_DOWN;
  assertUnavailable(server, await ask());
  idp.instead.clear();
  assertUnavailable(server, await ask(), 'within the cool-down nobody asks again');
  server.clock.now += COOL_DOWN;
  assertIssued(server, await ask(), 'it came back');
});

test('10,000 names of keys that nobody knows cost one request a cool-down, and good keys stay (JW-18)', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  const stranger = () => present(server, freshToken(server, idp, { header: { kid: randomUUID() } }));
  assertIssued(server, await present(server, freshToken(server, idp)));
  for (const fetches of [2, 3]) {
    const answers = await Promise.all(Array.from({ length: 50 }, stranger));
    for (const answer of answers) assertSubjectRefused(server, answer, 'unknown_key');
    assert.equal(idp.count(JWKS), fetches);
    assertIssued(server, await present(server, freshToken(server, idp)));
    server.clock.now += COOL_DOWN;
  }
});

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

test('a key that its issuer adds is known with the first token that it signs; one that it removes is refused after five minutes (JW-18)', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, trusting(entry(idp)));
  const [old, added] = [idp.keys[0], newKey('RS256')];
  const signedWith = (key = old) => present(server, freshToken(server, idp, { key }));
  assertIssued(server, await signedWith());
  idp.keys.push(added);
  assertIssued(server, await signedWith(added));
  assert.equal(idp.count(JWKS), 2);
  idp.keys.shift();
  assertIssued(server, await signedWith(), 'until the set is due');
  server.clock.now += 300_000;
  assertSubjectRefused(server, await signedWith(), 'unknown_key');
  assertIssued(server, await signedWith(added));
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
