// How long keys are cached, what a slow issuer costs other callers, and what unknown key ids cause.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  type Behaviour,
  DISCOVERY,
  type FakeIssuer,
  type FakeKey,
  forever,
  JWKS,
  json,
  newKey,
  privateJwk,
  silence,
  status,
} from '../../../support/issuer.ts';
import { COOL_DOWN } from '../../../support/trusting.ts';
import { askEach, type Case } from '../../group.ts';
import { assertUnavailable, present, type World } from './world.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const FRESH = 300_000;
const STALE = 3_600_000;
const FAILURES: Readonly<Record<string, Behaviour>> = {
  500: status(500),
  404: status(404),
  'no answer': ({ socket }) => socket.destroy(),
};
/** The issuer itself declares the cached keys expired. */
const DISOWNED = (idp: FakeIssuer): Readonly<Record<string, Behaviour>> => ({
  'private keys': json({ keys: idp.keys.map(privateJwk) }),
  'a private key of another': json({ keys: [...idp.keys.map(({ jwk }) => jwk), privateJwk(newKey())] }),
  'a symmetric key': json({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }),
  'no list': json({ keys: {} }),
  410: status(410),
});

export const time = {
  X11: async ({ server, take }, { attempt, twin }) => {
    const slow: Readonly<Record<string, readonly [path: string, Behaviour]>> = {
      silence: [JWKS, silence],
      'silence at discovery': [DISCOVERY, silence],
      'headers without end': [JWKS, forever('HTTP/1.1 200 OK\r\n', 'X: y\r\n')],
      'a byte at a time': [JWKS, forever(`${HEAD}\r\n`, ' ')],
    };
    let given = 0;
    const answers = Object.entries(slow).map(async ([what, [path, behaviour]]) => {
      const idp = take();
      idp.instead.set(path, behaviour);
      const answer = await attempt(what, present(server, idp));
      given++;
      assertUnavailable(server, answer, what);
    });
    const other = take();
    for (let round = 0; round < 5; round++) await twin(present(server, other));
    assert.equal(given, 0, 'the others still wait');
    await Promise.all(answers);
  },

  X13: async ({ server, take }, { attempt, twin }) => {
    const idp = take();
    await twin(present(server, idp));
    for (const [what, failure] of Object.entries(FAILURES)) {
      idp.instead.set(JWKS, failure);
      server.clock.now += FRESH;
      await attempt(what, present(server, idp));
    }
    assert.ok(idp.count(JWKS) > 1, 'it was asked again');
    server.clock.now += STALE - 2 * FRESH - COOL_DOWN;
    await attempt('nearly an hour after the set was due', present(server, idp));
  },

  X28: async ({ server, take }, { attempt, twin }) => {
    const idp = take();
    for (const [what, answer] of Object.entries(DISOWNED(idp))) {
      idp.instead.clear();
      server.clock.now += FRESH + COOL_DOWN;
      await twin(present(server, idp));
      idp.instead.set(JWKS, answer);
      server.clock.now += FRESH;
      assertUnavailable(server, await attempt(what, present(server, idp)), what);
    }
  },

  X14: async ({ server, take }, { attempt, twin }) => {
    const idp = take();
    await twin(present(server, idp));
    for (const [what, failure] of Object.entries({ ...FAILURES, ...DISOWNED(idp) })) {
      idp.instead.set(JWKS, failure);
      server.clock.now += FRESH + STALE;
      assertUnavailable(server, await attempt(what, present(server, idp)), what);
      idp.instead.clear();
      assertUnavailable(server, await attempt('within the cool-down', present(server, idp)), what);
      server.clock.now += COOL_DOWN;
      await twin(present(server, idp));
    }
  },

  X15: async ({ server, take }, { attempt, twin }) => {
    const idp = take();
    await twin(present(server, idp));
    const kids = Array.from({ length: 150 }, () => randomUUID());
    for (const fetches of [2, 3]) {
      const asked = askEach(kids, (kid) => attempt(kid, present(server, idp, { header: { kid } })));
      const reasons = new Set((await asked).map(([, answer]) => server.audit(answer)?.reason));
      assert.deepEqual(reasons, new Set(['subject_token_unknown_key', 'issuer_keys_recent']));
      assert.equal(idp.count(JWKS), fetches, 'one request a cool-down');
      await twin(present(server, idp));
      server.clock.now += COOL_DOWN;
    }
  },

  X30: async ({ server, take }, { attempt, twin }) => {
    const idp = take();
    await twin(present(server, idp));
    await present(server, idp, { header: { kid: randomUUID() } });
    const added = newKey();
    idp.keys.push(added);
    const answer = await attempt('the new key', present(server, idp, { key: added }));
    assert.deepEqual([server.audit(answer)?.reason, answer.headers.get('retry-after')], ['issuer_keys_recent', '10']);
    assert.equal(idp.count(JWKS), 2, 'one request a cool-down');
    await twin(present(server, idp));
    server.clock.now += COOL_DOWN;
    await twin(present(server, idp, { key: added }));
  },

  X16: async ({ server, take }, { attempt, twin }) => {
    const idp = take();
    await twin(present(server, idp));
    const added = newKey('RS256');
    idp.keys.push(added);
    await attempt('the new key', present(server, idp, { key: added }));
    assert.equal(idp.count(JWKS), 2);
    await attempt('the old one', present(server, idp));
    idp.keys.shift();
    server.clock.now += COOL_DOWN;
    await attempt('the new key, alone', present(server, idp, { key: added }));
    assert.equal(idp.count(JWKS), 2, 'a key that is known is not asked for');
  },

  X17: async ({ server, take }, { attempt, twin }) => {
    const idp = take();
    const [removed] = idp.keys as [FakeKey];
    const kept = newKey();
    idp.keys.push(kept);
    await twin(present(server, idp, { key: removed }));
    idp.keys.shift();
    server.clock.now += FRESH;
    const answer = await attempt('five minutes later', present(server, idp, { key: removed }));
    assert.equal(server.audit(answer)?.reason, 'subject_token_unknown_key');
    await twin(present(server, idp, { key: kept }));
  },

  X21: async ({ server, take }, { attempt, twin }) => {
    const [hanging, good] = [take(), take()];
    hanging.instead.set(JWKS, silence);
    let answered = 0;
    const waiting = Array.from({ length: 20 }, async () => {
      const answer = await present(server, hanging);
      answered++;
      return answer.status;
    });
    for (let round = 0; round < 10; round++) await attempt(`round ${round}`, present(server, good));
    assert.equal(answered, 0, 'the others still wait');
    await hanging.close();
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set([503]));
    await twin(present(server, good));
  },
} as const satisfies Readonly<Record<string, Case<World>>>;
