// What follows from an actor that is missing, unrequested, revoked, short-lived, earlier in the chain, or also the subject.
import assert from 'node:assert/strict';
import { act } from '../../../support/actors.ts';
import { admin, withOperators } from '../../../support/admin-api.ts';
import {
  API,
  acting,
  actorToken,
  agentBasic,
  BACKEND,
  client,
  configuration,
  exchange,
  forgedToken,
  subjectToken,
} from '../../../support/basics.ts';
import { added, changed } from '../../../support/configuration.ts';
import { type Answer, claimsOf, type Form, start, type } from '../../../support/harness.ts';
import { introspect, refresh, revoke, VAULT } from '../../../support/life.ts';
import type { Case } from '../../group.ts';

import { actor, actorsIn, because, type DelegationWorld, delegator, subject, tryActors } from './world.ts';

export const consequences: Readonly<Record<string, Case<DelegationWorld>>> = {
  D15: async ({ server }, trial) => {
    const subject_token = await subjectToken(server);
    const delegated = await forgedToken(server, { act: act('agent') });
    const ask = (form: Form): readonly [string, Form] => [
      'no_rule_for_actor',
      { subject_token, ...delegator, ...form },
    ];
    await tryActors(
      server,
      trial,
      {
        'no actor': ask({}),
        'an empty actor': ask({ actor_token: '', actor_token_type: '' }),
        'a subject for whom the agent acts already': ask({ subject_token: delegated }),
        'an actor as a parameter of its own': ask({ actor: 'agent', act: '{"sub":"agent"}', requested_actor: 'agent' }),
        'as a jwt': ask({ requested_token_type: type('jwt') }),
        'who acts is the client itself': ask(await acting(server, { sub: 'delegator', client_id: 'delegator' })),
      },
      { subject_token, ...delegator, ...(await acting(server)) },
    );
  },

  D16: async ({ server }, { attempt, twin }) => {
    const claims = ({ body }: Answer): unknown => {
      const { sub, act: actor, client_id, scope } = claimsOf(body.access_token);
      return { sub, actor, client_id, scope };
    };
    const subject_token = await subjectToken(server);
    const plain = claims(await twin(exchange(server, { subject_token })));
    const named = {
      ...{ requested_subject: 'ada', requested_issuer: 'idp', subject: 'ada', sub: 'ada', user_id: 'ada' },
      ...{ act: '{"sub":"agent"}', actor: 'agent', may_act: '{}', impersonate: 'ada', on_behalf_of: 'ada' },
      ...{ requested_actor: 'agent', login_hint: 'ada', username: 'ada', claims: '{"sub":"ada"}', assertion: 'x' },
      ...{ iss: 'https://idp.example', client: 'stranger', lineage: '[]', cnf: '{}', 'subject.sub': 'ada' },
    };
    for (const [name, value] of Object.entries(named))
      assert.deepEqual(claims(await attempt(name, exchange(server, { subject_token, [name]: value }))), plain, name);
  },

  D17: async ({ server, idp }, { attempt, twin }) => {
    const refreshable = (token: unknown): Form => ({
      subject_token: String(token),
      subject_token_type: type('refresh_token'),
    });
    /** After two exchanges: an access token, and a refresh token. */
    const derive = async (first: Form): Promise<{ access: string; lasting: string }> => {
      const one = await exchange(server, first);
      const two = await exchange(server, { subject_token: String(one.body.access_token), ...(await acting(server)) });
      const access = String(two.body.access_token);
      const form = { subject_token: access, requested_token_type: type('refresh_token') };
      return { access, lasting: String((await exchange(server, form)).body.access_token) };
    };
    const actors = (): Promise<Form> => acting(server, { sub: 'a', jti: crypto.randomUUID() });
    const [root, used, foreign] = [await subjectToken(server), await actors(), idp.sign()];
    const derived = {
      'of the subject': await derive({ subject_token: root, ...(await actors()) }),
      'of the actor': await derive({ ...used, subject_token: await subjectToken(server) }),
      'of a foreign subject': await derive(subject(foreign)),
    };
    const untouched = await derive(await actors());
    for (const { access, lasting } of [...Object.values(derived), untouched]) {
      await twin(exchange(server, { subject_token: access }));
      await twin(exchange(server, refreshable(lasting)));
    }
    const { lineage } = claimsOf((await exchange(server, subject(foreign))).body.access_token);
    await revoke(server, root);
    await revoke(server, used.actor_token, {}, agentBasic);
    const ended = await admin(server, 'POST /revocations', { body: { id: (lineage as string[])[0] } });
    assert.ok(ended.status < 300, ended.text);
    for (const [what, { access, lasting }] of Object.entries(derived)) {
      const asked = exchange(server, { subject_token: access });
      because(server, await attempt(what, asked), 'subject_token_revoked');
      const acts = { actor_token: access, actor_token_type: type('access_token') };
      because(server, await attempt(`${what}, acting`, exchange(server, acts)), 'actor_token_revoked');
      await attempt(`${what}, refreshed`, refresh(server, lasting));
      await attempt(`${what}, its refresh token`, exchange(server, refreshable(lasting)));
      assert.equal((await introspect(server, access)).body.active, false, what);
    }
    because(server, await attempt('the foreign one', exchange(server, subject(foreign))), 'subject_token_revoked');
    await twin(exchange(server, { subject_token: untouched.access }));
    await twin(refresh(server, untouched.lasting));
  },

  D18: async ({ server }, { attempt, twin }) => {
    const tool = { auth: 'client_secret_post', grants: ['client_credentials'], audiences: [API], scopes: ['read'] };
    const made = await admin(server, 'POST /clients', { body: { ...tool, id: 'tool' } });
    const own = await server.token({
      ...{ grant_type: 'client_credentials', client_id: 'tool', client_secret: String(made.body.secret) },
    });
    const acts = { actor_token: String(own.body.access_token), actor_token_type: type('access_token') };
    const delegated = await twin(exchange(server, acts));
    const subject_token = String(delegated.body.access_token);
    const asked = { subject_token, requested_token_type: type('refresh_token') };
    const lasting = String((await twin(exchange(server, asked))).body.access_token);
    const further = await twin(exchange(server, { subject_token, ...(await acting(server)) }));
    const headers = { 'if-match': String(made.headers.get('etag')) };
    const disabled = await admin(server, 'PUT /clients/tool', { body: { ...tool, disabled: true }, headers });
    assert.equal(disabled.status, 200, disabled.text);
    because(server, await attempt('it acts', exchange(server, acts)), 'actor_token_client_disabled');
    const dead = 'subject_token_client_disabled';
    because(server, await attempt('it acts now', exchange(server, { subject_token })), dead);
    const another = exchange(server, { subject_token, ...(await acting(server)) });
    because(server, await attempt('another one acts next', another), dead);
    const asSubject = { subject_token: lasting, subject_token_type: type('refresh_token') };
    because(server, await attempt('by refresh token', exchange(server, asSubject)), dead);
    await attempt('refreshed', refresh(server, lasting));
    assert.equal((await introspect(server, subject_token)).body.active, false);
    await twin(exchange(server, { ...(await acting(server)) }));
    // Disabling an earlier actor does not revoke anything.
    await twin(exchange(server, { subject_token: String(further.body.access_token) }));
    const again = { 'if-match': String(disabled.headers.get('etag')) };
    await admin(server, 'PUT /clients/tool', { body: tool, headers: again });
    await twin(exchange(server, { subject_token }));
  },

  D19: async ({ server, idp }, { attempt, twin }) => {
    const now = Math.floor(server.clock.now / 1000);
    const short = { subject_token: await forgedToken(server, { exp: now + 90 }) };
    const shorter = await acting(server, { exp: now + 45 });
    const cases: Readonly<Record<string, readonly [seconds: number, form: Form]>> = {
      'of the subject': [90, short],
      'of the subject, as a jwt': [90, { ...short, requested_token_type: type('jwt') }],
      'of the subject, for two targets': [90, { ...short, audience: [API, BACKEND] }],
      'of the actor': [45, shorter],
      'of both': [45, { ...short, ...shorter }],
      'of a foreign subject': [60, subject(idp.sign({ exp: now + 60 }))],
      'of a foreign actor': [60, actor(idp.sign({ sub: 'agent', exp: now + 60 }))],
      'of a fraction': [60, subject(idp.sign({ exp: now + 60.9 }))],
    };
    for (const [what, [seconds, form]] of Object.entries(cases)) {
      const { body } = await attempt(what, exchange(server, form));
      assert.equal(body.expires_in, seconds, what);
      assert.equal(claimsOf(body.access_token).exp, now + seconds, what);
    }
    const opaque = await attempt('opaque', exchange(server, { ...short, audience: VAULT }));
    assert.equal((await introspect(server, opaque.body.access_token)).body.exp, now + 90);
    assert.equal(opaque.body.expires_in, 90);
    assert.equal((await twin(exchange(server))).body.expires_in, 3600);
  },

  D20: async ({ server }, { attempt, twin }) => {
    const only = { ...delegator, subject_token: await forgedToken(server, { act: act('agent') }) };
    const agent = await acting(server);
    const mayAct = { may_act: { sub: 'agent' }, act: act('agent') };
    const forms = {
      'the agent acted last': only,
      'the agent acted before': { ...delegator, subject_token: await forgedToken(server, { act: act('b', 'agent') }) },
      'another one acts for whom the agent acted': { ...only, ...(await acting(server, { client_id: 'stranger' })) },
      'the actor was delegated to by the agent': {
        ...only,
        ...(await acting(server, { sub: 'b', client_id: 'stranger', act: act('agent') })),
      },
      'may_act names who acted': { subject_token: await forgedToken(server, mayAct) },
    };
    for (const [what, form] of Object.entries(forms)) {
      const answer = await attempt(what, exchange(server, form));
      assert.deepEqual([what, answer.status, answer.body.error], [what, 400, 'invalid_grant']);
      assert.match(server.audit(answer)?.reason ?? '', /^(no_rule_for_actor|may_act)$/, what);
    }
    await twin(exchange(server, { ...only, ...agent }));
    await twin(exchange(server, { subject_token: await forgedToken(server, mayAct), ...agent }));
  },

  D23: async ({ server, idp, other }, { attempt, twin }) => {
    const hops = {
      'a client of ours': { iss: server.issuer, sub: 'agent' },
      'the caller': { iss: server.issuer, sub: 'gateway' },
      'a subject of another issuer': { iss: other.url, sub: 'agent' },
      'a client of ours below its own': { sub: 'a', act: { iss: server.issuer, sub: 'agent' } },
      'its own below a client of ours': { iss: server.issuer, sub: 'agent', act: { sub: 'a' } },
    };
    const good = { ...subject(idp.sign()), ...actor(idp.sign({ sub: 'robot' })) };
    for (const [what, act] of Object.entries(hops)) {
      const asSubject = { ...good, ...subject(idp.sign({ act })) };
      const asActor = { ...good, ...actor(idp.sign({ sub: 'robot', act })) };
      because(
        server,
        await attempt(`${what}, in the subject token`, exchange(server, asSubject)),
        'subject_token_act_not_vouched',
      );
      because(
        server,
        await attempt(`${what}, in the actor token`, exchange(server, asActor)),
        'actor_token_act_not_vouched',
      );
    }
    const own = await twin(exchange(server, { ...good, ...subject(idp.sign({ act: { sub: 'agent' } })) }));
    assert.deepEqual(actorsIn(server, own), [`robot@${idp.url}`, `agent@${idp.url}`]);
  },

  D22: async ({ server }, trial) => {
    const agents = await actorToken(server);
    const adas = await forgedToken(server, { sub: 'ada' });
    const as = (actor_token: string): Form => ({ actor_token, actor_token_type: type('access_token') });
    const strangers = await forgedToken(server, { sub: 'bob', client_id: 'stranger' });
    await tryActors(
      server,
      trial,
      {
        'the other way round': ['no_rule_for_subject', { subject_token: agents, ...as(adas) }],
        'the actor alone': ['no_rule_for_subject', { subject_token: agents }],
        'a subject that acts': ['actor_is_subject', { subject_token: adas, ...as(adas) }],
        'the subject of somebody else': ['no_rule_for_actor', { subject_token: adas, ...as(strangers) }],
      },
      { subject_token: adas, ...as(agents) },
    );
  },

  D31: async (_world, { attempt, twin, after }) => {
    const parties = { clients: undefined, issuer: 'self', types: ['access_token'] };
    const rules = [
      {
        ...{ name: 'anybody', client: 'gateway', subject: { ...parties, clients: ['gateway', 'agent', 'helper'] } },
        actor: { issuer: 'self', clients: ['gateway', 'agent', 'helper'], delegated: 'allow' },
        grant: { audiences: [API], scopes: ['read'], types: ['access_token'] },
      },
    ];
    const clients = added(client('helper'));
    const server = await start({ after }, withOperators(changed(configuration, { clients, rules })));
    const helper = { client_id: 'helper', client_secret: 'helper-secret' };
    const own = await server.token({ grant_type: 'client_credentials', ...helper });
    const withActor = (subject_token: string, actor: unknown) =>
      exchange(server, { subject_token, actor_token: String(actor), actor_token_type: type('access_token') });
    const parent = await withActor(await actorToken(server), own.body.access_token);
    const descendant = await withActor(await subjectToken(server), parent.body.access_token);
    const innocent = await withActor(await subjectToken(server), await actorToken(server));
    assert.deepEqual(claimsOf(descendant.body.access_token).act, claimsOf(innocent.body.access_token).act);
    assert.equal((await admin(server, 'POST /revocations', { body: { subject: 'helper' } })).status, 204);
    const { body } = await twin(introspect(server, innocent.body.access_token));
    assert.equal(body.active, true);
    const revoked = await attempt('one acts behind the actor', introspect(server, descendant.body.access_token));
    assert.deepEqual(revoked.body, { active: false });
  },
};
