// Rules and conditions that almost match.
import assert from 'node:assert/strict';
import { API, BACKEND, exchange, forgedToken, gateway, subjectToken, withRules } from '../../../support/basics.ts';
import { type Configuration, changed } from '../../../support/configuration.ts';
import { type Answer, claimsOf, EXCHANGE, encode, type Form, start, type } from '../../../support/harness.ts';
import { BESIDE, life, refresh, refreshTokenOf } from '../../../support/life.ts';
import { authorizeAs, configuration as people, redeem, startPeople, VERIFIER, web } from '../../../support/people.ts';
import { newProver } from '../../../support/prover.ts';
import type { Cases } from '../../group.ts';
import { as, because, foreign, REFRESH, STORE, tryForms, type World } from './world.ts';

export const rules = {
  P14: async ({ server }, { attempt, twin }) => {
    const subject_token = await subjectToken(server);
    const ask = (id: string): Promise<Answer> =>
      exchange(server, { subject_token, requested_token_type: REFRESH, ...as(id) });
    because(server, await attempt('by the rule', ask('gateway')), 'requested_token_type_not_granted');
    because(server, await attempt('by the client', ask('plain')), 'requested_token_type_needs_grant');
    const { body } = await exchange(server, { subject_token, ...as('plain') });
    assert.equal(body.refresh_token, undefined, 'nor does it get one beside');
    await twin(ask('shop'));
  },

  P16: async ({ server, idp, other }, trial) => {
    const main = ':ref:refs/heads/main';
    const subjects = [
      ...[
        'org/evil@x',
        'org-evil/app',
        'org/app/more',
        'ORG/app',
        'org/App',
        'org/\u0430pp',
        'org/app\u0301',
        '\uff4frg/app',
      ],
      ...['evil/repo:org/app', 'org/', 'org/*', 'org/app%3Aref', 'org//app', 'org/../app', 'org/.'],
    ].map((name) => `repo:${name}${main}`);
    const around = [
      `Repo:org/app${main}`,
      `evil repo:org/app${main}`,
      `repo:org/app${main}-2`,
      `repo:org/app${main.slice(0, -1)}`,
    ];
    // A look-alike name is refused before any rule is evaluated.
    const alike = [`repo:org/app\u200b${main}`, `repo:org/app${main} `];
    const unseen = alike.map((sub) => [JSON.stringify(sub), foreign(idp.sign({ sub }))] as const);
    await tryForms(server, trial, 'subject_token_subject', Object.fromEntries(unseen));
    // A line break does not end the match.
    const good = `repo:org/app-1${main}`;
    const refusals = [...subjects, ...around].map((sub) => [JSON.stringify(sub), foreign(idp.sign({ sub }))] as const);
    await tryForms(server, trial, 'no_rule_for_subject', Object.fromEntries(refusals));
    const broken = [`${good}\n`, `x\n${good}`, `${good}\nx`, `${good}\r`, `\u2028${good}`];
    for (const sub of broken) await trial.attempt(JSON.stringify(sub), exchange(server, foreign(idp.sign({ sub }))));
    const owners = [
      'Org',
      'org ',
      'org\n',
      'dev\norg',
      'org/x',
      '\u043erg',
      'org\u0000',
      ['org'],
      { org: 1 },
      true,
      null,
      undefined,
    ];
    const owned = owners.map((owner) => [`owner ${JSON.stringify(owner)}`, foreign(other.sign({ owner }))] as const);
    await tryForms(server, trial, 'no_rule_for_subject', Object.fromEntries(owned));
    await trial.twin(exchange(server, foreign(idp.sign({ sub: good }))));
    await trial.twin(exchange(server, foreign(other.sign({ owner: 'org' }))));
  },

  P30: async (_world, { attempt, twin, after }) => {
    const guarded = (when: string): Configuration => life([changed(BESIDE, { when })]);
    const spellings: Readonly<Record<string, Form>> = {
      omitted: {},
      'by audience': { audience: API },
      'with a slash': { audience: `${API}/` },
      'in capitals': { audience: API.toUpperCase() },
      'by resource': { resource: `${API}/v1` },
      'below the resource': { resource: `${API}/v1/x?y` },
      'among others': { audience: [BACKEND, API] },
      'among others, by resource': { audience: BACKEND, resource: `${API}/v1` },
    };
    const open = await start({ after }, life());
    const token = await refreshTokenOf(open, { audience: [API, BACKEND] });
    await open.close();
    for (const name of ['targets', 'request.audiences']) {
      const server = await start({ after }, guarded(`!("${API}" in ${name})`), { folder: open.folder });
      const subject_token = await subjectToken(server);
      for (const [what, form] of Object.entries(spellings)) {
        await attempt(`${name} ${what}`, exchange(server, { subject_token, ...form }));
        await attempt(`${name} ${what}, at a refresh`, refresh(server, token, form));
      }
      await twin(exchange(server, { subject_token, audience: BACKEND }));
      await twin(refresh(server, token, { audience: BACKEND }));
      await server.close();
    }
    const server = await start({ after }, guarded('!("write" in scope)'));
    const subject_token = await subjectToken(server);
    await attempt('no scope asked for', exchange(server, { subject_token }));
    await attempt('another order', exchange(server, { subject_token, scope: 'write read' }));
    await twin(exchange(server, { subject_token, scope: 'read' }));
  },

  P31: async (_world, { attempt, twin, after }) => {
    const wide = `{ client: gateway, grant: { audiences: [${API}], scopes: [read, write] } }`;
    const narrow = (when: string): string =>
      `{ client: gateway, subject: { when: '${when}' }, grant: { audiences: [${API}], scopes: [read] } }`;
    const long = { long: 'ab'.repeat(20_000), groups: ['x'] };
    const referred = {
      _claim_names: { _claim_names: { groups: 's' }, _claim_sources: { s: { endpoint: 'https://graph.example' } } },
      hasgroups: { hasgroups: true },
    };
    for (const [when, tokens] of [
      ['"contractors" in subject.claims.groups', referred],
      ['!("staff" in subject.claims.groups)', referred],
      ['subject.claims.groups.exists(one, one == "contractors") || true', referred],
      ['has(subject.claims.groups) && size(subject.claims.groups) > 300', referred],
      ['subject.claims.long.matches("^(a|b)*a(a|b){60}$")', { long }],
      [
        'true || subject.claims.long.matches("^(a|b)*a(a|b){60}$") ? !subject.claims.long.matches("^(a|b)*a(a|b){60}$") : false',
        { long },
      ],
    ] as const) {
      const server = await start({ after }, withRules(narrow(when), wide));
      for (const [what, claims] of Object.entries(tokens))
        await attempt(`${what}: ${when}`, exchange(server, { subject_token: await forgedToken(server, claims) }));
      await twin(exchange(server, { subject_token: await forgedToken(server, { groups: ['x'], long: 'ab' }) }));
      await server.close();
    }
  },

  P39: async (_world, { attempt, twin, after }) => {
    const rule = (when: string): string =>
      `{ client: gateway, subject: { when: '${when}' }, grant: { audiences: [${API}], scopes: [read] } }`;
    const until = [
      '2999-02-30',
      '2999-13-01',
      '2999-01-01T24:00:00Z',
      '2999-01-01T00:00:60Z',
      '2999-01-01T00:00:00+24:00',
    ];
    for (const [when, good, claims] of [
      [
        'timestamp(subject.claims.x) > timestamp(now)',
        '2999-02-28T00:00:00Z',
        [...until, '2999-02-30T00:00:00Z', '2999-02-29T12:00:00Z', '9999-12-31T23:59:59-00:01', '2999', 2e12, null],
      ],
      ['duration(subject.claims.x) >= duration("1h")', '1h', ['59m60', '1d', '99999999999h', '1h-1m', '1 h', 3600]],
      ['subject.claims.x < "\uF000"', '\uE000', ['\u{10000}', '\u{1F600}', '\uF000', '\uFFFD', 1, ['a']]],
      ['type(subject.claims.x) == string && subject.claims.x != "root"', 'ada', ['root', ['ada'], 7, {}, null, true]],
    ] as const) {
      const server = await start({ after }, withRules(rule(when)));
      for (const x of claims)
        await attempt(
          `${when}: ${JSON.stringify(x)}`,
          exchange(server, { subject_token: await forgedToken(server, { x }) }),
        );
      await twin(exchange(server, { subject_token: await forgedToken(server, { x: good }) }));
      await server.close();
    }
  },

  P32: async (_world, { attempt, twin, after }) => {
    const silent = await start({ after }, life([changed(BESIDE, { subject: { types: undefined } })]));
    const subject_token = await refreshTokenOf(silent);
    const asSubject: Form = { subject_token, subject_token_type: REFRESH };
    because(silent, await attempt('a refresh token', exchange(silent, asSubject)), 'no_rule_for_subject');
    because(
      silent,
      await attempt('for another target', exchange(silent, { ...asSubject, audience: BACKEND })),
      'no_rule_for_subject',
    );
    await twin(exchange(silent));
    const people = await startPeople({ after });
    const { body } = await redeem(people, await authorizeAs(people));
    const exchangeAs = (token: unknown, kind: string): Promise<Answer> =>
      people.token({
        grant_type: EXCHANGE,
        ...as('agent'),
        subject_token: String(token),
        subject_token_type: type(kind),
      });
    await attempt('an ID token', exchangeAs(body.id_token, 'id_token'));
    await twin(exchangeAs(body.access_token, 'access_token'));
  },

  P17: async ({ server, idp, other }, trial) => {
    const subject_token = await subjectToken(server);
    await tryForms(server, trial, 'no_rule_for_subject', {
      'no rule for the client': { subject_token, ...as('idle') },
      'no rule for the subject of the client': { ...foreign(other.sign()), ...as('shop') },
      'a subject of whom the client has no claim': { subject_token: await forgedToken(server, { client_id: 'agent' }) },
      'a subject that no condition fits': foreign(idp.sign()),
    });
    await tryForms(server, trial, 'target_not_granted', { 'no rule for the target': { audience: STORE } });
    const body = encode({ grant_type: 'client_credentials', ...gateway, audience: STORE });
    assert.equal((await server.post('/oauth/token', body)).body.error, 'invalid_target', 'nor does another grant help');
    await trial.twin(exchange(server, { subject_token }));
  },

  P18: async (_world, trial) => {
    const types = ['access_token', 'id_token', 'refresh_token'];
    const grant = { audiences: [API, BACKEND], scopes: ['read', 'write'] };
    const rule = { name: 'open', client: 'web', subject: { issuer: 'self', clients: ['web'], types }, grant };
    const server = await start(trial, changed(people, { rules: [rule] }));
    const prover = newProver();
    const code = async (scope: string) => (await authorizeAs(server, { scope })).searchParams.get('code') ?? undefined;
    const redeemed = async (scope: string, headers = {}) => {
      const form = { grant_type: 'authorization_code', ...web, code: await code(scope), code_verifier: VERIFIER };
      return (await server.token(form, headers)).body;
    };
    const present = (body: Answer['body'], kind: string, form: Form = {}, headers = {}) => {
      const subject = { subject_token: String(body[kind]), subject_token_type: type(kind) };
      return server.token({ grant_type: EXCHANGE, ...web, ...subject, audience: API, ...form }, headers);
    };
    const known = await redeemed('openid');
    const reads = await redeemed('openid read');
    const bound = await redeemed('openid read', { DPoP: prover.prove(server) });
    for (const kind of ['id_token', 'refresh_token']) {
      await trial.attempt(`${kind}, agreed to nothing but to be known`, present(known, kind));
      await trial.attempt(`${kind}, more scope`, present(reads, kind, { scope: 'read write' }));
      await trial.attempt(`${kind}, another target`, present(reads, kind, { audience: BACKEND }));
      await trial.attempt(`${kind}, without its key`, present(bound, kind));
      await trial.attempt(`${kind}, another key`, present(bound, kind, {}, { DPoP: newProver().prove(server) }));
      const { body } = await trial.twin(present(reads, kind));
      assert.equal(body.scope, 'read');
      await trial.twin(present(bound, kind, {}, { DPoP: prover.prove(server) }));
    }
    const { agreed: _agreed, ...claims } = claimsOf(reads.id_token);
    const old = { id_token: server.forge(claims, { typ: 'JWT' }) };
    await trial.attempt('an ID token that does not say what was agreed to', present(old, 'id_token'));
  },
} satisfies Cases<World>;
