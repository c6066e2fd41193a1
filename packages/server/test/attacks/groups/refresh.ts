// R: may a token live on after its use, its owner or its end; and who is told what of it?
import assert from 'node:assert/strict';
import { admin } from '../../support/admin-api.ts';
import { API, agentBasic, BACKEND, exchange, forgedToken, gateway, subjectToken } from '../../support/basics.ts';
import { added, changed } from '../../support/configuration.ts';
import {
  type Answer,
  claimsOf,
  EXCHANGE,
  encode,
  type Form,
  read,
  start,
  type TestServer,
  type,
} from '../../support/harness.ts';
import { entry, type FakeIssuer, lifeOf, startIssuer } from '../../support/issuer.ts';
import {
  BESIDE,
  basic,
  ISSUER,
  introspect,
  life,
  other,
  REFRESH,
  refresh,
  refreshTokenOf,
  revoke,
  VAULT,
} from '../../support/life.ts';
import { eventually, kidOf } from '../../support/node.ts';
import { comesTrue, startPair } from '../../support/nodes.ts';
import { newProver, type Prover } from '../../support/prover.ts';
import { headerOf, MINE, signWithSecret, withSecrets } from '../../support/shared-secret.ts';
import { freshToken } from '../../support/trusting.ts';
import { group, type Undo } from '../group.ts';

const GRACE = 10_000;
const HOUR = 3_600_000;
const SIGNED = 'application/token-introspection+jwt';
/** Shows no secret: only its key. */
const APP = { client_id: 'app' };

interface World {
  readonly server: TestServer;
  /** Another on the same database. */
  readonly second: TestServer;
  readonly idp: FakeIssuer;
}

async function open(undo: Undo): Promise<World> {
  const idp = await startIssuer(undo);
  const clients = ['gateway', 'other', 'plain', 'app'];
  const rule = changed(BESIDE, { client: clients, subject: { clients } });
  const foreign = `{ client: gateway, subject: { issuer: [idp] }, grant: { audiences: [${API}], scopes: [read], types: [access_token, refresh_token] } }`;
  const app = { id: 'app', auth: 'none', publicExchange: true, grants: ['token_exchange', 'refresh_token'] };
  const configuration = changed(life([rule, foreign], [entry(idp)]), { clients: added(app) });
  const server = await start(undo, configuration);
  return { idp, server, second: await start(undo, configuration, { folder: server.folder }) };
}

const because = (server: TestServer, answer: Answer, reason: string, what = ''): void =>
  assert.equal(server.audit(answer)?.reason, reason, `${what} ${answer.text}`);

const active = async (server: TestServer, token: unknown): Promise<unknown> =>
  (await introspect(server, token)).body.active;

export const refreshing = group('R', 'refresh.ts', open, {
  R02: async ({ server, second }, { attempt, twin }) => {
    const token = await refreshTokenOf(server);
    const uses = Array.from({ length: 100 }, async (_, index) => {
      const use = () => refresh(index % 2 ? server : second, token);
      const answer = await use();
      // Whoever is told that it is too much at once asks again, and gets what the others got.
      return attempt(`use ${index}`, answer.status === 503 ? use() : answer);
    });
    const given = (await Promise.all(uses)).filter(({ status }) => status === 200);
    const successors = new Set(given.map(({ body }) => body.refresh_token));
    assert.equal(successors.size, 1, 'one head of the family');
    const next = await twin(refresh(second, [...successors][0]));
    // It was used: its predecessor is reuse now, and the family dies on every node.
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
    because(server, await attempt('the last, which dies with it', refresh(server, token)), 'refresh_token_revoked');
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
        await attempt('what a racer got', refresh(server, answer.body.refresh_token));
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
    // Whoever has an old token and no key cannot even end the family.
    const last = await twin(use(own, second));
    because(server, await attempt('an old token', use(stranger, first)), 'dpop_other_key');
    assert.deepEqual(claimsOf(last.body.access_token).cnf, { jkt: own.jkt });
    await twin(use(own, last.body.refresh_token));
  },

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
    const expired = server.forge({ ...claimsOf(token), exp: 1 });
    for (const text of ['nonsense', 'cambio_at_x', 'cambio_rt_x', expired, token.slice(0, -4), 'x'.repeat(100_000)]) {
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
});
