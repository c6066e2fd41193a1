// How long are keys of another issuer good, when are they asked for again, and what if they cannot be had?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertIssued } from '../support/basics.ts';
import { start } from '../support/harness.ts';
import { DISCOVERY, entry, JWKS, newKey, startIssuer, status, trusting } from '../support/issuer.ts';
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
