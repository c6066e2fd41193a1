// Who is named, how often, and what ends: people, actors, replays, and tokens that outlive what they came of.
import assert from 'node:assert/strict';
import { API, BACKEND } from '../../../support/basics.ts';
import { added, changed, edited, without } from '../../../support/configuration.ts';
import { type Answer, claimsOf, EXCHANGE, encode, start, type } from '../../../support/harness.ts';
import { isActive, jagOf, redeem, wiki } from '../../../support/redeeming.ts';
import type { Cases } from '../../group.ts';
import { grantOf, type World } from './world.ts';

export const consequences: Cases<World> = {
  G11: async (world, { attempt, twin }) => {
    const { corp, directory, server } = world;
    const named = (claims: Record<string, unknown>): string => jagOf(directory, server, { sub: '00u1', ...claims });
    await attempt('an unknown account', redeem(server, named({ aud_sub: 'eve' })));
    await attempt('no account', redeem(server, named({})));
    await attempt('a client', redeem(server, named({ aud_sub: 'wiki' })));
    await attempt('a person of another issuer', redeem(server, named({ aud_sub: 'corp:ada' })));
    for (const sub_id of [
      { format: 'iss_sub', iss: corp.url, sub: 'bob' },
      { format: 'iss_sub', iss: directory.url, sub: 'ada' },
      { format: 'saml-nameid', issuer: 'https://saml.example', nameid: 'ada' },
      { format: 'opaque', id: 'ada' },
      'ada',
    ])
      await attempt(JSON.stringify(sub_id), redeem(server, jagOf(corp, server, { sub_id })));
    await attempt(
      'an email with another aud_sub',
      redeem(server, named({ aud_sub: 'ada', sub_id: { format: 'email' } })),
    );
    const twinned = await twin(redeem(server, named({ aud_sub: 'ada' })));
    assert.equal(claimsOf(twinned.body.access_token).sub, 'ada');
  },
  G15: async ({ server, corp }, { attempt, twin }) => {
    const jag = jagOf(corp, server);
    const answers = await Promise.all([1, 2, 3].map(() => redeem(server, jag)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    for (const answer of answers.filter(({ status }) => status !== 200)) await attempt('in a race', answer);
    await attempt('afterwards', redeem(server, jag));
    await attempt('with another signature', redeem(server, jagOf(corp, server, claimsOf(jag))));
    await attempt('with a new iat', redeem(server, jagOf(corp, server, { ...claimsOf(jag), x: 1 })));
    await twin(redeem(server, jagOf(corp, server)));
  },
  G16: async (world, { attempt, twin }) => {
    const { server, configuration, corp } = world;
    const ended = async (what: string, end: (jag: string) => Promise<unknown>): Promise<void> => {
      const jag = jagOf(corp, server);
      const answer = await redeem(server, jag);
      assert.equal(await isActive(server, answer), true);
      await end(jag);
      await attempt(what, answer);
      assert.equal(await isActive(server, answer), false, what);
      await server.reload(configuration);
    };
    await ended('its assertion', (token) => server.post('/oauth/revoke', encode({ ...wiki, token })));
    await ended('the trust in its issuer', () =>
      server.reload(
        changed(configuration, {
          issuers: without('corp'),
          clients: without('jobs'),
          rules: without('jags', 'jobs', 'chains'),
        }),
      ),
    );
    await ended('its client', () =>
      server.reload(changed(configuration, { clients: edited('wiki', { disabled: true }) })),
    );
    const left: Answer = await twin(redeem(server, jagOf(corp, server)));
    assert.equal(await isActive(server, left), true);
    assert.equal(left.body.refresh_token, undefined);
  },
  G20: async (world, { attempt, twin }) => {
    const { server, corp, partner } = world;
    await attempt(
      'an actor of a third party',
      redeem(server, jagOf(corp, server, { act: { sub: 'bot', iss: partner.url } })),
    );
    await attempt(
      'an actor of ours',
      redeem(server, jagOf(corp, server, { act: { sub: 'agent', iss: server.issuer } })),
    );
    for (const [what, sub_id] of [
      ['an actor of ours by sub_id', { format: 'iss_sub', iss: server.issuer, sub: 'agent' }],
      ['a third party by sub_id', { format: 'iss_sub', iss: partner.url, sub: 'bot' }],
      ['a person of ours by sub_id', { format: 'email', email: 'ada@example.com' }],
    ] as const) {
      await attempt(what, redeem(server, jagOf(corp, server, { act: { sub: 'bot', sub_id } })));
      await attempt(
        `${what}, within`,
        redeem(server, jagOf(corp, server, { act: { sub: 'a', act: { sub: 'bot', sub_id } } })),
      );
    }
    await attempt('act as text', redeem(server, jagOf(corp, server, { act: 'bot' })));
    const nested = { sub: 'bot', act: { sub: 'deep', iss: 'https://third.example' } };
    await attempt('a third party within', redeem(server, grantOf(world, { act: nested })));
    await attempt('may_act for another', redeem(server, jagOf(corp, server, { may_act: { sub: 'agent' } })));
    const act = { sub: 'bot', iss: corp.url, sub_profile: 'ai_agent' };
    const rights = { may_act: { sub: 'agent' }, cnf: { jkt: 'k' }, lineage: ['l'], actor_lineage: ['l'] };
    // A parser that ignores case would read these as iss, sub, sub_id and act.
    const spelled = { SUB: 'agent', '\u017fub': 'agent', Iss: server.issuer, Sub_ID: {}, ACT: {}, MAY_ACT: {} };
    const kept = await twin(redeem(server, jagOf(corp, server, { act: { ...act, ...rights, ...spelled } })));
    assert.deepEqual(claimsOf(kept.body.access_token).act, act);
    assert.equal(claimsOf(kept.body.access_token).aud, API);
  },
  G22: async ({ server, configuration, corp }, { attempt, twin }) => {
    const answer = await redeem(server, jagOf(corp, server));
    assert.equal(await isActive(server, answer), true);
    await server.reload(
      changed(configuration, {
        issuers: without('corp'),
        clients: without('jobs'),
        rules: without('jags', 'jobs', 'chains'),
      }),
    );
    await attempt('removed', answer);
    assert.equal(await isActive(server, answer), false);
    await server.reload(configuration);
    await attempt('put back', answer);
    assert.equal(await isActive(server, answer), false);
    const left = await twin(redeem(server, jagOf(corp, server)));
    assert.equal(await isActive(server, left), true);
    await server.reload(changed(configuration, { issuers: edited('corp', { grants: { id_jag: undefined } }) }));
    await attempt('of a kind of grant that is removed', left);
    assert.equal(await isActive(server, left), false);
    await server.reload(configuration);
  },
  G21: async ({ server, configuration, directory, mail }, { attempt, twin, after }) => {
    const byName = (aud_sub: string, claims: Record<string, unknown> = {}) =>
      redeem(server, jagOf(directory, server, { sub: '00u1', aud_sub, ...claims }));
    const byEmail = (email: string, email_verified: unknown) =>
      redeem(server, jagOf(mail, server, { sub: '00u2', email, email_verified }));
    await attempt('by its name', byName('root'));
    await attempt('with an actor', byName('root', { act: { sub: 'bot' } }));
    await attempt('by its email', byEmail('root@example.com', true));
    await twin(byName('ada'));
    for (const verified of [undefined, false, null, 0, 1, 'true', 'false', [true]])
      await attempt(`email_verified ${JSON.stringify(verified)}`, byEmail('ada@example.com', verified));
    await twin(byEmail('ada@example.com', true));
    // The token is about the account. It still shows who named it.
    const later = await start(
      { after },
      changed(configuration, {
        accounts: added({
          username: 'bob',
          password: { plain: 'a-long-password' },
          claims: { email: 'bob@example.com' },
        }),
        clients: edited('wiki', { grants: ['jwt_bearer', 'token_exchange'] }),
        rules: added(
          {
            name: 'on',
            client: 'wiki',
            subject: { issuer: 'self', clients: ['wiki'] },
            actor: { issuer: 'self', clients: ['wiki'], delegated: 'allow' },
            grant: { audiences: [API, BACKEND], scopes: ['read'], types: ['access_token', 'refresh_token'] },
          },
          { name: 'no directory', effect: 'deny', subject: { issuer: 'directory' }, audiences: [BACKEND] },
          { name: 'nor for it', effect: 'deny', actor: { issuer: 'directory' }, audiences: [BACKEND] },
        ),
      }),
    );
    const onward = ({ body }: Answer, audience: string, actor?: Answer): Promise<Answer> =>
      later.token({
        grant_type: EXCHANGE,
        ...wiki,
        subject_token: String(body.access_token),
        subject_token_type: type('access_token'),
        audience,
        ...(actor && {
          actor_token: String(actor.body.access_token),
          actor_token_type: type('access_token'),
        }),
      });
    const one = await twin(redeem(later, jagOf(directory, later, { sub: '00u1', aud_sub: 'ada' })));
    await attempt('of a denied issuer, one hop later', onward(one, BACKEND));
    await attempt('of a denied issuer, two hops later', onward(await twin(onward(one, API)), BACKEND));
    const claims = { sub: '00u2', email: 'ada@example.com', email_verified: true };
    const other = await twin(redeem(later, jagOf(mail, later, claims)));
    await twin(onward(other, BACKEND));
    // The same for an actor, of whom `act` has our name alone.
    const bob = { sub: '00u3', email: 'bob@example.com', email_verified: true };
    const subject = await twin(redeem(later, jagOf(mail, later, bob)));
    const acting = await twin(onward(subject, API, one));
    await attempt('with an actor of a denied issuer', onward(subject, BACKEND, one));
    await attempt('with such an actor, one hop later', onward(acting, BACKEND));
    await attempt('with such an actor, two hops later', onward(await twin(onward(acting, API)), BACKEND));
    await attempt('for an actor for whom such an actor acts', onward(subject, BACKEND, acting));
    await twin(onward(await twin(onward(subject, API, other)), BACKEND));
  },
};
