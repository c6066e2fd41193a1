// Scopes and targets that no rule grants.
import assert from 'node:assert/strict';
import { API, BACKEND, exchange, forgedToken, subjectToken, withoutRequestId } from '../../../support/basics.ts';
import { changed, edited, without } from '../../../support/configuration.ts';
import { type Form, start } from '../../../support/harness.ts';
import { BESIDE, life, refresh, refreshTokenOf, VAULT } from '../../../support/life.ts';
import { authorizeAs, configuration as people, redeem, web } from '../../../support/people.ts';
import type { Cases } from '../../group.ts';
import { as, BILLING, because, foreign, named, REFRESH, STORE, tryForms, type World } from './world.ts';

export const targets = {
  P03: async ({ server }, { attempt, twin }) => {
    for (const [scope, given, form = {}] of [
      ['read', 'read'],
      ['write read admin', 'write read'],
      ['pay', 'pay', { audience: BILLING }],
      ['pay read', 'read', { audience: [BILLING, API] }],
      ['read openid offline_access', 'read'],
    ] as const) {
      for (const asked of [undefined, '']) {
        const all = { subject_token: await forgedToken(server, { scope }), scope: asked, ...form };
        const { body } = await attempt(`the subject's is ${scope}`, exchange(server, all));
        assert.equal(body.scope, given);
      }
    }
    for (const [scope, form] of [
      ['pay', {}],
      ['write', { audience: BACKEND }],
      ['', {}],
    ] as const) {
      const none = await exchange(server, { subject_token: await forgedToken(server, { scope }), ...form });
      assert.equal(none.body.error, 'invalid_scope', 'nothing in common is not all');
    }
    assert.equal((await twin(exchange(server, { scope: 'read' }))).body.scope, 'read');
  },

  P04: async ({ server }, trial) => {
    const many = (count: number): string => Array.from({ length: count }, (_, index) => `s${index}`).join(' ');
    const blanks = ['read  write', ' read', 'read ', ' ', 'read\twrite', 'read\nwrite', 'read\r\n', 'read\u00a0write'];
    const letters = [
      'r\u00e9',
      '"read"',
      'read\\',
      'read\u007f',
      'read\u001b',
      'read\u2028write',
      're\u200bad',
      '\ufeffread',
    ];
    await tryForms(server, trial, 'scope_malformed', named('scope', [...blanks, ...letters, many(10_000)]));
    await tryForms(
      server,
      trial,
      'scope_exceeded',
      named('scope', [many(256), 'Read', 'rea', 'read:all', 'read,write']),
    );
    for (const scope of ['write read', 'read read']) await trial.twin(exchange(server, { scope }));
  },

  P05: async ({ server, idp }, { attempt, twin }) => {
    for (const claims of [{}, { scope: 'write' }, { scope: '' }, { scp: ['write'] }, { scope: ['write'] }]) {
      const form = { ...foreign(idp.sign(claims)), ...as('shop') };
      const { body } = await attempt(JSON.stringify(claims), exchange(server, form));
      assert.equal(body.scope, 'read', 'what the rule says');
      const more = await exchange(server, { ...form, scope: 'write' });
      because(server, more, 'scope_exceeded');
    }
    const none = await exchange(server, { subject_token: await forgedToken(server, { scope: undefined }) });
    assert.equal(none.body.error, 'invalid_scope', 'a token of ours without scope may do nothing');
    await twin(exchange(server));
  },

  P06: async ({ server }, trial) => {
    const audiences = [
      'urn:example:nothing',
      'URN:EXAMPLE:BILLING',
      `${API}.evil.example`,
      `${API}:8443`,
      `${API}/other`,
      '*',
    ];
    const near = [...audiences, 'api.example', 'http://api.example', `${API}//`, `${API}/..`, ` ${API}`, `${API}?`];
    await tryForms(server, trial, 'target_unknown', {
      ...named('audience', near),
      ...named('resource', [
        `${API}/v10`,
        `${API}/v1/../admin`,
        `${API}/V1`,
        'https://api.example.evil/v1',
        `${API}/v1%2f..`,
      ]),
      'one of two': { audience: [API, 'urn:example:nothing'] },
      'a resource beside an audience': { audience: API, resource: 'https://unknown.example/' },
    });
    for (const form of [{ audience: API }, { resource: `${API}/v1/x` }]) await trial.twin(exchange(server, form));
  },

  P07: async ({ server }, trial) => {
    const known = { audience: STORE, both: [API, STORE] };
    await tryForms(server, trial, 'target_not_granted', {
      'its audience': { audience: known.audience },
      'its location': { resource: `${STORE}/v1/x` },
      'one of two': { audience: known.both },
      'granted to another client': { ...as('shop'), subject_token: await subjectToken(server), audience: BACKEND },
    });
    const [one, none] = [
      await exchange(server, { audience: STORE }),
      await exchange(server, { audience: `${STORE}x` }),
    ];
    const [told, untold] = [one, none].map((answer) => [answer.status, withoutRequestId(answer)]);
    assert.deepEqual(told, untold, 'nobody learns which resources there are');
    assert.deepEqual([...one.headers.keys()].sort(), [...none.headers.keys()].sort());
    await trial.twin(exchange(server, { audience: BILLING }));
  },

  P08: async ({ server }, trial) => {
    const ours = [
      server.issuer,
      `${server.issuer}/`,
      `${server.issuer}/admin`,
      `${server.issuer}/admin/v1`,
      `${server.issuer}/oauth/token`,
    ];
    await tryForms(server, trial, 'target_unknown', {
      ...named('audience', [...ours, 'gateway', 'agent', 'stranger', 'self', 'cambio']),
      ...named('resource', [server.issuer, `${server.issuer}/admin/v1/clients`, `${server.issuer}/oauth/userinfo`]),
    });
    await trial.twin(exchange(server, { audience: API }));
  },

  P11: async (_world, { attempt, twin, after }) => {
    const before = await start({ after }, life());
    const [backend, api] = [
      await refreshTokenOf(before, { audience: BACKEND }),
      await refreshTokenOf(before, { audience: API }),
    ];
    const access = await subjectToken(before);
    await before.close();
    const audiences = [API, VAULT];
    const narrower = life([changed(BESIDE, { grant: { audiences } })]);
    const gone = changed(narrower, { resources: without(BACKEND), clients: edited('gateway', { audiences }) });
    for (const [what, changes] of Object.entries({ 'taken from the rule': narrower, 'gone from the file': gone })) {
      const server = await start({ after }, changes, { folder: before.folder });
      await attempt(`${what}: refreshed`, refresh(server, backend));
      const asSubject: Form = { subject_token: backend, subject_token_type: REFRESH };
      await attempt(`${what}: exchanged`, exchange(server, { ...asSubject, audience: BACKEND }));
      await attempt(`${what}: exchanged as before`, exchange(server, { subject_token: access, audience: BACKEND }));
      await twin(exchange(server, { subject_token: access, audience: API }));
      await server.close();
    }
    const server = await start({ after }, narrower, { folder: before.folder });
    await twin(refresh(server, api));
    await server.close();
    const again = await start({ after }, life(), { folder: before.folder });
    await twin(refresh(again, backend));
  },

  P19: async (_world, trial) => {
    const needing = changed(people, { resources: edited(BACKEND, { requiredAcr: 'gold' }) });
    const server = await start(
      trial,
      changed(needing, {
        clients: edited('web', { grants: ['client_credentials', 'authorization_code', 'refresh_token'] }),
      }),
    );
    const itself = { grant_type: 'client_credentials', ...web, scope: 'read' };
    const at = () => authorizeAs(server, { scope: 'read', audience: [API, BACKEND] });
    const { body } = await redeem(server, await at(), { audience: API });
    const again = { grant_type: 'refresh_token', ...web, refresh_token: String(body.refresh_token) };
    await trial.attempt('a client about itself', server.token({ ...itself, audience: BACKEND }));
    await trial.attempt('with another target', server.token({ ...itself, audience: [API, BACKEND] }));
    await trial.attempt('with a code', redeem(server, await at(), { audience: BACKEND }));
    await trial.attempt('at a refresh', server.token({ ...again, audience: BACKEND }));
    await trial.twin(server.token({ ...itself, audience: API }));
    await trial.twin(server.token({ ...again, audience: API }));
  },
} satisfies Cases<World>;
