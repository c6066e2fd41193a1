// Subject tokens that must not become a grant, and what must not leave with one.
import assert from 'node:assert/strict';
import { claimsOf, type } from '../../../support/harness.ts';
import { introspect } from '../../../support/life.ts';
import { across, jag, PLAIN, present } from '../../../support/other-servers.ts';
import { web } from '../../../support/people.ts';
import type { Cases } from '../../group.ts';
import { open, type World } from './world.ts';

const agent = { client_id: 'agent', client_secret: 'agent-secret' };
const KINDS = ['id_token', 'refresh_token'] as const;

export const subjects: Cases<World> = {
  V10: async ({ server, tokens, idToken }, { attempt, twin }) => {
    for (const kind of KINDS) {
      await twin(present(server, tokens[kind], kind, jag));
      await attempt(`${kind} of another client`, present(server, tokens[kind], kind, { ...jag, ...agent }));
    }
    await attempt('an ID token for somebody else', present(server, idToken({ aud: 'machine' }), 'id_token', jag));
    await attempt('an ID token for two', present(server, idToken({ aud: ['web', 'machine'] }), 'id_token', jag));
    await attempt('without an audience', present(server, idToken({ aud: undefined }), 'id_token', jag));
  },
  V11: async ({ server, tokens }, { attempt, twin }) => {
    await twin(present(server, tokens.id_token, 'id_token', jag));
    for (const kind of ['access_token', 'jwt'])
      await attempt(`as ${kind}`, present(server, tokens.access_token, kind, jag));
  },
  V12: async (_, { attempt, twin, after }) => {
    const { server, tokens } = await open({ after });
    await twin(present(server, tokens.refresh_token, 'refresh_token', jag));
    const { body } = await server.token({ grant_type: 'refresh_token', ...web, refresh_token: tokens.refresh_token });
    await attempt('rotated', present(server, tokens.refresh_token, 'refresh_token', jag));
    await twin(present(server, body.refresh_token, 'refresh_token', jag));
    await server.post('/oauth/revoke', new URLSearchParams({ ...web, token: String(body.refresh_token) }).toString());
    await attempt('revoked', present(server, body.refresh_token, 'refresh_token', jag));
    await attempt(
      'the ID token of the same sign-in',
      present(server, tokens.id_token, 'id_token', { ...jag, ...agent }),
    );
  },
  V13: async ({ server, tokens, ask, chain }, { attempt, twin }) => {
    await twin(present(server, tokens.access_token, 'access_token', { audience: 'https://api.example' }));
    for (const { body } of [await ask(), await chain({ audience: PLAIN })]) {
      const grant = String(body.access_token);
      for (const kind of ['access_token', 'jwt', 'id_token']) {
        await attempt(`subject as ${kind}`, present(server, grant, kind, { audience: 'https://api.example' }));
        await attempt(`for another grant, as ${kind}`, present(server, grant, kind, jag));
        const acting = { audience: 'https://api.example', actor_token: grant, actor_token_type: type(kind) };
        await attempt(`actor as ${kind}`, present(server, tokens.access_token, 'access_token', acting));
      }
    }
  },
  V14: async ({ server, tokens, ask, chain }, { attempt, twin }) => {
    const active = await twin(introspect(server, tokens.access_token, web));
    assert.equal(active.body.active, true);
    for (const { body } of [await ask(), await chain({ audience: PLAIN })]) {
      const answer = await attempt('introspected', introspect(server, body.access_token, web));
      assert.deepEqual(answer.body, { active: false });
    }
  },
  V15: async (_, { attempt, twin, after }) => {
    const { server, ask, idToken } = await open({ after }, across({ acr: ['gold'], maxAge: '10m' }));
    const gold = (claims = {}) => present(server, idToken({ acr: 'gold', ...claims }), 'id_token', jag);
    await twin(gold());
    const weak = await attempt('no acr', ask());
    assert.deepEqual([weak.body.acr_values, weak.body.max_age], ['gold', 600]);
    await attempt('another acr', gold({ acr: 'golden' }));
    await attempt('an acr that is not a text', gold({ acr: ['gold'] }));
    await attempt('without the time of the sign-in', gold({ auth_time: undefined }));
    server.clock.now += 601_000;
    await attempt('a sign-in long ago', gold());
  },
  V16: async ({ server, tokens, idToken }, { attempt, twin }) => {
    const { exp, iat } = claimsOf(tokens.id_token) as { exp: number; iat: number };
    const short = await twin(present(server, idToken({ exp: exp - 1 }), 'id_token', jag));
    assert.equal(claimsOf(short.body.access_token).client_id, 'w');
    const own = claimsOf(tokens.access_token);
    const said = {
      ...{ resource: 'https://evil.example', aud_tenant: 'evil', tenant: 'evil', authorization_details: [] },
      ...{ sub_id: { format: 'iss_sub', iss: server.issuer, sub: 'root' }, requested_cnf: { jkt: 'x' }, note: 'x' },
      may_act: { sub: 'agent', iss: server.issuer },
    };
    const subject = server.forge({ ...own, ...said, sub_id: undefined, exp: iat + 100 });
    const chaining = { ...agent, audience: PLAIN, requested_token_type: type('jwt') };
    for (const [what, answer] of [
      ['ID-JAG', present(server, idToken({ ...said, sub_id: undefined, exp: iat + 100 }), 'id_token', jag)],
      ['identity chaining', present(server, subject, 'access_token', chaining)],
    ] as const) {
      const { body } = await attempt(what, answer);
      const claims = claimsOf(body.access_token);
      const allowed = [
        'iss',
        'sub',
        'aud',
        'client_id',
        'iat',
        'exp',
        'jti',
        'resource',
        'scope',
        'email',
        'auth_time',
        'amr',
      ];
      assert.deepEqual(
        Object.keys(claims).filter((name) => !allowed.includes(name)),
        [],
        what,
      );
      assert.notEqual(claims.resource, said.resource);
      assert.ok(Number(claims.exp) <= iat + 100, 'it ends with its subject token');
    }
  },
};
