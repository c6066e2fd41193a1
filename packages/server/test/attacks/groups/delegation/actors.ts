// Actors that are not allowed, have no name, or are removed from a chain.
import assert from 'node:assert/strict';
import { act, readAct } from '../../../support/actors.ts';
import { API, acting, actorToken, exchange, forgedToken } from '../../../support/basics.ts';
import { type Answer, claimsOf, type Form, type TestServer, type } from '../../../support/harness.ts';
import { startIssuer } from '../../../support/issuer.ts';
import { introspect, refresh, VAULT } from '../../../support/life.ts';
import type { Case } from '../../group.ts';

import { actor, actorsIn, because, type DelegationWorld, delegator, robot, subject, tryActors } from './world.ts';

/** A token of ours with a subject from another issuer. */
const ownAbout = async (server: TestServer, token: string): Promise<string> =>
  String((await exchange(server, subject(token))).body.access_token);

/** Invalid values of claims that name an actor. */
const NOBODY = ['agent', ['agent'], 1, true, null, {}, { sub: 1 }, { sub: '' }, { sub: ['a'] }, { sub: 'a', iss: 1 }];

const nested = (depth: number): string => `${'{"sub":"a","act":'.repeat(depth - 1)}{"sub":"a"}${'}'.repeat(depth - 1)}`;
const withMember = (claims: unknown, member: string): string => `${JSON.stringify(claims).slice(0, -1)},${member}}`;

export const actors: Readonly<Record<string, Case<DelegationWorld>>> = {
  D01: async ({ server }, trial) => {
    const own = await forgedToken(server);
    const as = async (claims: Record<string, unknown>, form: Form = {}): Promise<readonly [string, Form]> => [
      'no_rule_for_actor',
      { subject_token: own, ...(await acting(server, claims)), ...form },
    ];
    const robots = { sub: 'arm', client_id: 'robot' };
    await tryActors(
      server,
      trial,
      {
        'issued to another client': await as({ client_id: 'stranger' }),
        'issued to the caller of another rule': await as({ client_id: 'delegator' }, delegator),
        'about an agent, and not issued to it': await as({ sub: 'agent', client_id: 'stranger' }),
        'issued to whom the rule does not name': await as({}, robot),
        'addressed to another client': await as({ aud: 'gateway' }, robot),
      },
      (await as({}))[1],
    );
    for (const claims of [robots, { ...robots, client_id: 'stranger', aud: 'robot' }])
      await trial.twin(exchange(server, (await as(claims, robot))[1]));
  },

  D02: async (world, trial) => {
    const { server, idp, other } = world;
    const unknown = await startIssuer(trial);
    const ours = other.sign({ sub: 'agent', iss: server.issuer }, { header: { typ: 'at+jwt' } });
    await tryActors(
      server,
      trial,
      {
        'an issuer that no rule names': ['no_rule_for_actor', actor(other.sign({ sub: 'agent' }))],
        'a namesake of our client': ['no_rule_for_actor', actor(other.sign({ sub: 'agent', client_id: 'agent' }))],
        'that says that it is ours': ['actor_token_unknown_key', actor(ours)],
        'that says that it is the other': [
          'actor_token_unknown_key',
          actor(other.sign({ iss: idp.url, sub: 'agent' })),
        ],
        'an issuer that nobody trusts': ['actor_token_unknown_issuer', actor(unknown.sign({ sub: 'agent' }))],
      },
      actor(idp.sign({ sub: 'agent' })),
    );
  },

  D08: async ({ server }, { attempt, twin }) => {
    const chain = ['b', 'c'];
    const subject_token = await forgedToken(server, { act: act(...chain) });
    for (const name of ['access_token', 'jwt'] as const) {
      const form = { subject_token, requested_token_type: type(name) };
      assert.deepEqual(actorsIn(server, await attempt(name, exchange(server, form))), chain);
      // Another exchange keeps the actors.
      const hop = await exchange(server, form);
      const again = exchange(server, { subject_token: String(hop.body.access_token) });
      assert.deepEqual(actorsIn(server, await attempt(`${name}, twice`, again)), chain);
    }
    const opaque = await attempt('opaque', exchange(server, { subject_token, audience: VAULT }));
    const told = (await introspect(server, opaque.body.access_token)).body.act;
    assert.deepEqual(readAct(told, server.issuer), chain);
    const unpacked = exchange(server, { subject_token: String(opaque.body.access_token), audience: API });
    assert.deepEqual(actorsIn(server, await attempt('from opaque', unpacked)), chain);
    const lasting = { subject_token, requested_token_type: type('refresh_token') };
    const { body } = await attempt('refresh_token', exchange(server, lasting));
    const asSubject = { subject_token: String(body.access_token), subject_token_type: type('refresh_token') };
    const fromRefresh = await attempt('from refresh_token', exchange(server, asSubject));
    assert.deepEqual(actorsIn(server, fromRefresh), chain);
    assert.deepEqual(actorsIn(server, await attempt('refreshed', refresh(server, body.access_token))), chain);
    assert.deepEqual(actorsIn(server, await twin(exchange(server))), []);
  },

  D09: async ({ server, idp }, { attempt, twin }) => {
    const agent = await acting(server);
    for (const claim of [...NOBODY, ...NOBODY.map((prior) => ({ sub: 'b', act: prior }))]) {
      const what = JSON.stringify({ act: claim });
      because(server, await attempt(what, exchange(server, subject(idp.sign({ act: claim })))), 'subject_token_claims');
      const own = { subject_token: await forgedToken(server, { act: claim }) };
      because(server, await attempt(`${what}, ours`, exchange(server, own)), 'subject_token_claims');
      const delegated = actor(idp.sign({ sub: 'agent', act: claim }));
      because(server, await attempt(`${what}, of the actor`, exchange(server, delegated)), 'actor_token_claims');
    }
    for (const may_act of [...NOBODY, { exp: 1 }]) {
      const form = { ...subject(idp.sign({ may_act })), ...agent };
      because(server, await attempt(JSON.stringify({ may_act }), exchange(server, form)), 'subject_token_claims');
    }
    const good = { act: { sub: 'b' }, may_act: { iss: server.issuer, sub: 'agent' } };
    const answer = await twin(exchange(server, { ...subject(idp.sign(good)), ...agent }));
    assert.deepEqual(actorsIn(server, answer), ['agent', `b@${idp.url}`]);
  },

  D11: async ({ server, idp }, { attempt, twin }) => {
    const [theirs, ours] = [claimsOf(idp.sign()), claimsOf(await forgedToken(server))];
    for (const depth of [5000, 10_000]) {
      for (const name of ['act', 'may_act', 'other']) {
        const member = `"${name}":${nested(depth)}`;
        const foreign = await attempt(
          `${name} of ${depth}`,
          exchange(server, subject(idp.signAll(withMember(theirs, member)))),
        );
        because(server, foreign, 'subject_token_malformed');
      }
      const own = { subject_token: server.forgeText(withMember(ours, `"act":${nested(depth)}`)) };
      because(server, await attempt(`${depth}, ours`, exchange(server, own)), 'subject_token_malformed');
    }
    const deep = (depth: number): Promise<Answer> =>
      exchange(server, subject(idp.signAll(withMember(theirs, `"act":${nested(depth)}`))));
    because(server, await attempt('one too deep', deep(6)), 'chain_too_deep');
    assert.equal(actorsIn(server, await twin(deep(5))).length, 5);
  },

  D12: async ({ server, idp }, trial) => {
    const theirs = idp.sign();
    const own = await ownAbout(server, theirs);
    const ada = await forgedToken(server, { sub: 'ada' });
    const same = (form: Form): readonly [string, Form] => ['actor_is_subject', form];
    await tryActors(
      server,
      trial,
      {
        'the client itself': same(await acting(server, { sub: 'gateway' })),
        'one token twice': same({ subject_token: await actorToken(server), ...(await acting(server)) }),
        'a person for herself': same({ subject_token: ada, ...(await acting(server, { sub: 'ada' })) }),
        'theirs and theirs': same({ ...subject(theirs), ...actor(idp.sign()) }),
        'ours about theirs, and theirs': same({ subject_token: own, ...actor(theirs) }),
        'theirs, and ours about theirs': same({ ...subject(theirs), ...actor(own) }),
        'ours about theirs, twice': same({ subject_token: own, ...actor(await ownAbout(server, idp.sign())) }),
      },
      { ...subject(theirs), ...actor(idp.sign({ sub: 'agent' })) },
    );
    const [a, b] = [actor(idp.sign({ sub: 'a' })), actor(idp.sign({ sub: 'b' }))];
    let last: Form = {};
    for (const hop of [a, b, a]) {
      const { body } = await trial.twin(exchange(server, { ...last, ...hop }));
      last = { subject_token: String(body.access_token) };
    }
    const names = ['a', 'b', 'a'].map((sub) => `${sub}@${idp.url}`);
    assert.deepEqual(readAct(claimsOf(last.subject_token).act, server.issuer), names);
  },
};
