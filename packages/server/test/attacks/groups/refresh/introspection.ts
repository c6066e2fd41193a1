// Revocation and introspection: who may call them, and what they answer.
import assert from 'node:assert/strict';
import { admin } from '../../../support/admin-api.ts';
import { API, agentBasic, exchange, forgedToken, gateway, subjectToken } from '../../../support/basics.ts';
import { claimsOf, encode, type Form, read, start, type TestServer, type } from '../../../support/harness.ts';
import { basic, introspect, other, REFRESH, refresh, refreshTokenOf, revoke, VAULT } from '../../../support/life.ts';
import { comesTrue, startPair } from '../../../support/nodes.ts';
import { headerOf, MINE, signWithSecret, withSecrets } from '../../../support/shared-secret.ts';
import { freshToken } from '../../../support/trusting.ts';
import type { Cases } from '../../group.ts';
import { active, because, HOUR, SIGNED, type World } from './world.ts';

export const introspection = {
  R12: async ({ server }, { attempt, twin }) => {
    for (const token of [await subjectToken(server), await refreshTokenOf(server)]) {
      for (const [form, headers] of [
        [other, {}],
        [{}, basic('api')],
      ] as const) {
        const answer = await attempt('of another client', revoke(server, token, form, headers));
        assert.deepEqual([answer.text, server.audit(answer)?.outcome], ['{}', 'ignored']);
      }
      assert.equal(await active(server, token), true);
      await twin(revoke(server, token));
      assert.equal(await active(server, token), false);
    }
  },

  R13: async ({ server }, { attempt, twin }) => {
    const token = await subjectToken(server);
    const unsigned = token.replace(/.{8}$/, 'AAAAAAAA');
    for (const text of ['nonsense', 'cambio_at_x', 'cambio_rt_x', unsigned, token.slice(0, -4), 'x'.repeat(100_000)]) {
      const answer = await attempt(text.slice(0, 20), revoke(server, text));
      assert.deepEqual([answer.text, server.audit(answer)?.outcome], ['{}', 'ignored'], text.slice(0, 20));
    }
    assert.equal(await active(server, token), true);
    for (const token_type_hint of ['refresh_token', 'access_token', 'something else', '']) {
      const another = await subjectToken(server);
      for (const _time of [1, 2]) {
        await attempt(`hint ${token_type_hint}`, revoke(server, another, { ...gateway, token_type_hint }));
      }
      assert.equal(await active(server, another), false, token_type_hint);
    }
    await twin(revoke(server, token));
    assert.equal(await active(server, token), false);
  },

  R14: async ({ server }, { attempt, twin }) => {
    const token = await subjectToken(server);
    const post = (form: Form, headers = {}) => server.post('/oauth/revoke', encode(form), headers);
    await attempt('nobody', post({ token }));
    await attempt('a wrong secret', post({ token, ...gateway, client_secret: 'wrong' }));
    await attempt('no secret', post({ token, client_id: 'gateway' }));
    await attempt('the token itself', post({ token }, { authorization: `Bearer ${token}` }));
    await attempt('another method', post({ token, client_id: 'agent', client_secret: 'agent-secret' }));
    for (const form of [gateway, { ...gateway, token: [token, token] }, { ...gateway, token: '' }]) {
      assert.equal((await post(form)).body.error, 'invalid_request');
    }
    assert.equal(await active(server, token), true);
    await twin(post({ ...gateway, token }));
    assert.equal(await active(server, token), false);
  },

  R15: async ({ server }, { attempt, twin }) => {
    const callers = [
      ['another client', other, {}],
      ['an actor', {}, agentBasic],
      ['the API of another audience', {}, basic('vault')],
    ] as const;
    const tokens = [await subjectToken(server), await refreshTokenOf(server), server.forge({ jti: 'x' })];
    for (const token of tokens) {
      for (const [who, form, headers] of callers) {
        const plain = await attempt(who, introspect(server, token, form, headers));
        assert.equal(plain.text, '{"active":false}');
        const signed = await attempt(`${who}, signed`, introspect(server, token, form, { ...headers, accept: SIGNED }));
        assert.deepEqual(claimsOf(signed.text).token_introspection, { active: false });
      }
    }
    const [own = '', renewing = ''] = tokens;
    for (const answer of [introspect(server, own), introspect(server, renewing)]) {
      assert.equal((await twin(answer)).body.active, true);
    }
    assert.equal((await twin(introspect(server, own, {}, basic('api')))).body.active, true);
  },

  R16: async ({ server, idp }, { attempt, twin }) => {
    const token = await subjectToken(server);
    const claims = claimsOf(token);
    const now = Math.floor(server.clock.now / 1000);
    const revoked = await subjectToken(server);
    await revoke(server, revoked);
    for (const [what, text] of Object.entries({
      'nbf in the future': server.forge({ ...claims, nbf: now + 31 }),
      'iat in the future': server.forge({ ...claims, iat: now + 31 }),
      'both, the one past': server.forge({ ...claims, nbf: now + 31, iat: now - 60 }),
      'both, the other past': server.forge({ ...claims, nbf: now - 60, iat: now + 31 }),
      revoked,
      'revoked, and not valid yet': server.forge({ ...claimsOf(revoked), nbf: now + 31 }),
      expired: server.forge({ ...claims, exp: now }),
      'of another type': server.forge(claims, { typ: 'JWT' }),
      'of a client that is gone': server.forge({ ...claims, client_id: 'gone' }),
      'without its signature': token.replace(/[^.]*$/, ''),
      "another issuer's": freshToken(server, idp),
      'an opaque one that was never issued': `cambio_at_${'x'.repeat(43)}`,
      'no token': 'nonsense',
    })) {
      assert.equal((await attempt(what, introspect(server, text))).text, '{"active":false}', what);
    }
    const good = server.forge({ ...claims, nbf: now + 30, iat: now + 30 });
    for (const text of [token, good]) assert.equal((await twin(introspect(server, text))).body.active, true);
  },

  R20: async ({ server, idp }, { attempt, twin }) => {
    const now = Math.floor(server.clock.now / 1000);
    const presented = (token: string, form: Form = {}) => exchange(server, { subject_token: token, ...form });
    for (const form of [{}, { requested_token_type: type('jwt') }, { audience: VAULT }]) {
      for (const exp of [now + 1, now + 1.5]) {
        const answer = await attempt(`${exp - now}`, presented(await forgedToken(server, { exp }), form));
        assert.deepEqual([answer.status, answer.body.expires_in], [200, 1]);
      }
      const ended = await attempt('ended', presented(await forgedToken(server, { exp: now }), form));
      because(server, ended, 'subject_token_expired');
    }
    const foreign = { subject_token_type: type('jwt') };
    const signed = (exp: number) => idp.signAll({ ...claimsOf(freshToken(server, idp)), exp });
    const last = await attempt('of another issuer, by its leeway', presented(signed(now - 30), foreign));
    assert.deepEqual([last.status, last.body.expires_in], [200, 1]);
    await attempt('and past it', presented(signed(now - 31), foreign));
    const renewing = await attempt(
      'a refresh token for it',
      presented(await forgedToken(server, { exp: now + 1 }), REFRESH),
    );
    assert.notEqual(renewing.status, 500);
    await twin(presented(await subjectToken(server)));
  },

  R21: async (_world, trial) => {
    const server = await start(trial, withSecrets);
    const mine = await subjectToken(server, { audience: MINE });
    const ours = await subjectToken(server, { audience: API });
    const { jti } = claimsOf(ours);
    const forge = (claims: object) => signWithSecret({ ...claimsOf(mine), ...claims }, { kid: headerOf(mine).kid });
    const asApi = (token: string) => server.post('/oauth/introspect', encode({ token }), basic('api'));
    const bearer = (path: string, token: string) =>
      fetch(server.issuer + path, { headers: { authorization: `Bearer ${token}` } }).then(read);
    for (const aud of [API, [MINE, API]]) {
      const answer = await trial.attempt(`introspected for ${aud}`, asApi(forge({ aud })));
      assert.deepEqual(answer.body, { active: false });
    }
    const admin = { aud: `${server.issuer}/admin`, scope: 'admin:read admin:write' };
    for (const [path, claims] of [
      ['/admin/v1/clients', admin],
      ['/oauth/userinfo', { sub: 'ada', scope: 'openid' }],
    ] as const)
      assert.equal((await bearer(path, forge(claims))).status, 401, path);
    for (const id of [jti, 'all', 'subject:gateway', 'client:gateway'])
      await trial.attempt(`revoked with the id ${id}`, revoke(server, forge({ jti: id })));
    assert.equal((await asApi(ours)).body.active, true, 'nothing was revoked');
    await trial.twin(exchange(server, { subject_token: ours }));
    assert.equal((await server.post('/oauth/introspect', encode({ token: mine }), basic('mine'))).body.active, true);
  },

  R31: async ({ server }, { attempt, twin }) => {
    const subject = await subjectToken(server);
    const kept = await refreshTokenOf(server, { subject_token: subject });
    const other = await refreshTokenOf(server);
    server.clock.now += HOUR + 60_000;
    assert.equal(await active(server, subject), false);
    const answer = await attempt('expired', revoke(server, subject));
    assert.equal(server.audit(answer)?.outcome, 'revoked');
    const refused = await refresh(server, kept);
    assert.deepEqual([refused.status, server.audit(refused)?.reason], [400, 'refresh_token_revoked']);
    await twin(refresh(server, other));
  },

  R32: async (_world, trial) => {
    for (const apart of [20, -20]) {
      const nodes = await startPair(trial, apart);
      for (const [revoking, ahead] of [nodes, nodes.toReversed()] as [TestServer, TestServer][])
        for (const body of [{ subject: 'gateway' }, { client: 'gateway' }, { all: true }]) {
          const tokens = [await subjectToken(ahead), await refreshTokenOf(ahead, REFRESH)];
          const what = `${JSON.stringify(body)}, ${apart} s apart`;
          await trial.attempt(what, admin(revoking, 'POST /revocations', { body }));
          for (const node of nodes) for (const token of tokens) await comesTrue(() => active(node, token), false);
          assert.equal((await refresh(ahead, tokens[1])).status, 400);
          for (const node of nodes) await trial.twin(exchange(node));
        }
    }
  },
} satisfies Cases<World>;
