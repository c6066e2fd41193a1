// Refresh tokens: used twice, by another client, for more, and after their end.
import assert from 'node:assert/strict';
import { API, BACKEND, exchange, subjectToken } from '../../../support/basics.ts';
import { changed } from '../../../support/configuration.ts';
import { type Answer, claimsOf, EXCHANGE, read, start, type } from '../../../support/harness.ts';
import { entry, lifeOf, startIssuer } from '../../../support/issuer.ts';
import { BESIDE, ISSUER, life, other, REFRESH, refresh, refreshTokenOf, revoke } from '../../../support/life.ts';
import { eventually, kidOf } from '../../../support/node.ts';
import { newProver, type Prover } from '../../../support/prover.ts';
import type { Cases } from '../../group.ts';
import { APP, active, because, GRACE, HOUR, type World } from './world.ts';

export const rotation = {
  R02: async ({ server, second }, { attempt, twin }) => {
    const token = await refreshTokenOf(server);
    const uses = Array.from({ length: 100 }, async (_, index) => {
      const use = () => refresh(index % 2 ? server : second, token);
      const answer = await use();
      // A client that is refused for sending too many at once repeats the request, and gets the same answer as the others.
      return attempt(`use ${index}`, answer.status === 503 ? use() : answer);
    });
    const given = (await Promise.all(uses)).filter(({ status }) => status === 200);
    const successors = new Set(given.map(({ body }) => body.refresh_token));
    assert.equal(successors.size, 1, 'one head of the family');
    const next = await twin(refresh(second, [...successors][0]));
    // The successor was used, so its predecessor counts as reused, and the family is revoked on every node.
    const reused = await refresh(server, token);
    assert.deepEqual([reused.status, reused.body.error], [400, 'invalid_grant']);
    assert.equal((await refresh(second, next.body.refresh_token)).status, 400);
  },

  R04: async ({ server }, { attempt, twin }) => {
    let token: unknown = await refreshTokenOf(server);
    const older: unknown[] = [];
    for (let turn = 0; turn < 5; turn++) {
      older.push(token);
      token = (await twin(refresh(server, token))).body.refresh_token;
    }
    because(server, await attempt('the third of five', refresh(server, older[2])), 'refresh_token_reused');
    because(
      server,
      await attempt('the last, which is revoked with it', refresh(server, token)),
      'refresh_token_revoked',
    );
  },

  R05: async ({ server }, { attempt, twin }) => {
    for (let round = 0; round < 5; round++) {
      const { body } = await exchange(server);
      const [first, revoked, then] = (await Promise.all([
        refresh(server, body.refresh_token),
        revoke(server, body.refresh_token),
        refresh(server, body.refresh_token),
      ])) as [Answer, Answer, Answer];
      assert.equal(revoked.status, 200);
      for (const answer of [first, then]) {
        if (answer.status !== 200) continue;
        assert.equal(await active(server, answer.body.access_token), false);
        // Not an attempt: how many racers get a token differs.
        assert.equal((await refresh(server, answer.body.refresh_token)).status, 400);
      }
      const after = await attempt('the token itself', refresh(server, body.refresh_token));
      because(server, after, 'refresh_token_revoked');
    }
    await twin(refresh(server, await refreshTokenOf(server)));
  },

  R06: async ({ server }, { attempt, twin }) => {
    const token = await refreshTokenOf(server);
    because(server, await attempt('of another client', refresh(server, token, other)), 'refresh_token_client');
    server.clock.now += 6 * GRACE;
    await attempt('again, long after any grace', refresh(server, token, other));
    assert.equal((await refresh(server, token, { client_secret: 'wrong' })).body.error, 'invalid_client');
    await twin(refresh(server, token));
  },

  R07: async ({ server }, { attempt, twin }) => {
    const token = await refreshTokenOf(server, { audience: API, scope: 'read' });
    for (const [form, reason] of [
      [{ scope: 'write' }, 'scope_exceeded'],
      [{ scope: 'read admin' }, 'scope_exceeded'],
      [{ scope: 'read  read' }, 'scope_malformed'],
      [{ audience: BACKEND }, 'target_not_granted'],
      [{ audience: [API, BACKEND] }, 'target_not_granted'],
      [{ audience: 'https://unknown.example' }, 'target_unknown'],
      [{ resource: `${API}/v1#` }, 'target_malformed'],
    ] as const) {
      const what = JSON.stringify(form);
      because(server, await attempt(what, refresh(server, token, form)), reason, what);
    }
    const repeated = await refresh(server, token, { refresh_token: [token, token] });
    assert.equal(repeated.body.error, 'invalid_request');
    server.clock.now += 6 * GRACE;
    const rotated = await twin(refresh(server, token));
    assert.equal(rotated.body.scope, 'read', 'long after any grace: nothing was rotated');
  },

  R10: async ({ server }, { attempt, twin }) => {
    const [own, stranger] = [newProver(), newProver()];
    const proof = (prover: Prover | undefined): Record<string, string> =>
      prover ? { dpop: prover.prove({ issuer: ISSUER, clock: server.clock }) } : {};
    const subject = { subject_token: await subjectToken(server), subject_token_type: type('access_token') };
    const first = (await server.token({ grant_type: EXCHANGE, ...APP, ...subject }, proof(own))).body.refresh_token;
    const use = (prover: Prover | undefined, token: unknown) =>
      server.token({ grant_type: 'refresh_token', ...APP, refresh_token: String(token) }, proof(prover));
    because(server, await attempt('another key', use(stranger, first)), 'dpop_other_key');
    because(server, await attempt('none', use(undefined, first)), 'dpop_missing');
    const second = (await twin(use(own, first))).body.refresh_token;
    because(server, await attempt('another key for the successor', use(stranger, second)), 'dpop_other_key');
    // A caller with an old token and no key cannot even revoke the family.
    const last = await twin(use(own, second));
    because(server, await attempt('an old token', use(stranger, first)), 'dpop_other_key');
    assert.deepEqual(claimsOf(last.body.access_token).cnf, { jkt: own.jkt });
    await twin(use(own, last.body.refresh_token));
  },

  R18: async ({ server }, { attempt, twin }) => {
    const { body } = await exchange(server);
    const first = await twin(refresh(server, body.refresh_token));
    const answers = [first];
    for (const wait of [0, GRACE / 2, GRACE / 2]) {
      server.clock.now += wait;
      answers.push(await attempt(`${wait} ms later`, refresh(server, body.refresh_token)));
    }
    const [successors, tokens] = ['refresh_token', 'access_token'].map((name) => answers.map((one) => one.body[name]));
    assert.deepEqual([new Set(successors).size, new Set(tokens).size], [1, 4]);
    server.clock.now += 1000;
    because(server, await refresh(server, body.refresh_token), 'refresh_token_reused', 'outside the grace');
    because(server, await refresh(server, first.body.refresh_token), 'refresh_token_revoked');
    for (const token of tokens ?? []) assert.equal(await active(server, token), false);
  },

  R19: async (_world, { after, attempt, twin }) => {
    const keys = { rotateEvery: '2h', publishAhead: '1h' };
    const server = await start({ after }, changed(life(), { keys }));
    const first = await exchange(server);
    server.clock.now += 2 * HOUR;
    const published = () => fetch(`${server.issuer}/.well-known/jwks.json`).then(read);
    await eventually(published, ({ body }) => (body.keys as unknown[]).length === 2);
    const ahead = await twin(refresh(server, first.body.refresh_token));
    assert.equal(kidOf(ahead.body.access_token), kidOf(first.body.access_token));
    server.clock.now += HOUR + 180_000;
    const answer = await attempt('after the rotation', refresh(server, ahead.body.refresh_token));
    assert.notEqual(kidOf(answer.body.access_token), kidOf(first.body.access_token));
    assert.equal(await active(server, answer.body.access_token), true);
  },

  R22: async (_world, { after, attempt, twin }) => {
    const lasting = changed(BESIDE, { actor: undefined, grant: { refreshLifetime: '1h' } });
    const server = await start({ after }, life([lasting]), { now: 1_800_000_000_000 });
    const end = server.clock.now + HOUR;
    const left = (): number => Math.floor((end - server.clock.now) / 1000);
    let token: unknown = (await exchange(server, REFRESH)).body.access_token;
    for (let round = 1; round <= 12; round++) {
      server.clock.now += 180_000;
      const subject = { subject_token: String(token), subject_token_type: REFRESH.requested_token_type };
      const answer = await attempt(`round ${round}`, exchange(server, { ...subject, ...REFRESH }));
      assert.equal(answer.body.expires_in, left());
      token = answer.body.access_token;
    }
    const access = await refresh(server, token);
    const subject_token = String(access.body.access_token);
    const answer = await attempt('by way of an access token', exchange(server, { subject_token, ...REFRESH }));
    assert.equal(answer.body.expires_in, left());
    const fresh = await twin(exchange(server, REFRESH));
    assert.equal(fresh.body.expires_in, HOUR / 1000);
  },

  R23: async (_world, { after, attempt, twin }) => {
    const idp = await startIssuer({ after });
    const types = ['access_token', 'refresh_token'];
    const when = 'subject.claims.role == "admin"';
    const admins = changed(BESIDE, { actor: undefined, subject: { types, when } });
    const foreign = changed(BESIDE, {
      name: 'foreign',
      actor: undefined,
      subject: { issuer: 'idp', types: ['jwt'], clients: undefined },
    });
    for (const [members, tried] of [
      [{}, attempt],
      [{ claims: '{ role: claims.role }' }, (_what: string, answer: Promise<Answer>) => twin(answer)],
    ] as const) {
      const server = await start({ after }, life([foreign, admins], [entry(idp, members)]));
      const token = idp.sign({ ...lifeOf(server.clock.now), role: 'admin' });
      const { body } = await exchange(server, { subject_token: token, subject_token_type: type('jwt') });
      const subject = { subject_token: String(body.refresh_token), subject_token_type: type('refresh_token') };
      await tried('the refresh token', exchange(server, subject));
      await tried('its access token', exchange(server, { subject_token: String(body.access_token) }));
    }
  },
} satisfies Cases<World>;
