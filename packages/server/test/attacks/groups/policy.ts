// P: may anybody get a wider scope, another target, another type or another subject than a rule grants?
import assert from 'node:assert/strict';
import { API, BACKEND, client, exchange, forgedToken, gateway, subjectToken, withRules } from '../../support/basics.ts';
import { added, type Configuration, changed, edited, without } from '../../support/configuration.ts';
import {
  type Answer,
  claimsOf,
  EXCHANGE,
  encode,
  type Form,
  start,
  type TestServer,
  type,
} from '../../support/harness.ts';
import { entry, type FakeIssuer, startIssuer, trusting } from '../../support/issuer.ts';
import { BESIDE, life, refresh, refreshTokenOf, VAULT } from '../../support/life.ts';
import { authorizeAs, configuration as people, redeem, startPeople, VERIFIER, web } from '../../support/people.ts';
import { newProver } from '../../support/prover.ts';
import { group, type Trial, type Undo } from '../group.ts';

const BILLING = 'urn:example:billing';
/** A resource that no rule grants. */
const STORE = 'https://store.example';
const REFRESH = type('refresh_token');

/** Segments of a name, and a whole claim. */
const PATTERN = '^repo:org/[a-z0-9-]+:ref:refs/heads/main$';
const RULES = [
  `{ client: gateway, subject: { issuer: self }, grant: { audiences: [${API}, ${BACKEND}, ${BILLING}], scopes: [read, write, pay], types: [access_token, jwt] } }`,
  `{ client: gateway, subject: { issuer: idp, when: 'subject.sub.matches("${PATTERN}")' }, grant: { audiences: [${API}], scopes: [read] } }`,
  `{ client: gateway, subject: { issuer: other, when: 'subject.claims.owner == "org"' }, grant: { audiences: [${API}], scopes: [read] } }`,
  `{ client: [shop, plain], subject: { issuer: [self, idp], clients: [gateway], types: [access_token, refresh_token, jwt] }, grant: { audiences: [${API}], scopes: [read], types: [access_token, refresh_token] } }`,
  `{ client: shop, subject: { issuer: idp }, grant: { audiences: [${API}], scopes: [read] } }`,
];
const exchanger = (id: string, ...more: readonly string[]): Configuration =>
  client(id, { grants: ['token_exchange', ...more], audiences: undefined, scopes: undefined });
const as = (id: string): Form => ({ client_id: id, client_secret: `${id}-secret` });

interface World {
  readonly server: TestServer;
  readonly idp: FakeIssuer;
  readonly other: FakeIssuer;
}

async function open(undo: Undo): Promise<World> {
  const [idp, other] = [await startIssuer(undo), await startIssuer(undo)];
  const resources = added(
    { audience: BILLING, scopes: ['read', 'pay'] },
    { audience: STORE, locations: [`${STORE}/v1`], scopes: ['read'] },
  );
  const clients = added(exchanger('shop', 'refresh_token'), exchanger('plain'), exchanger('idle'));
  const configuration = changed(
    trusting([entry(idp), entry(other, { name: 'other' })], RULES),
    { resources, clients },
    { clients: edited('gateway', { scopes: ['read', 'write', 'pay'] }) },
  );
  return { idp, other, server: await start(undo, configuration) };
}

const because = (server: TestServer, answer: Answer, reason: string, what = ''): void =>
  assert.equal(server.audit(answer)?.reason, reason, `${what} ${answer.text}`);

/** Each form is refused for the reason, and in the same bytes as the others. */
async function tryForms(
  server: TestServer,
  { attempt }: Trial,
  reason: string,
  forms: Readonly<Record<string, Form>>,
): Promise<void> {
  const texts = new Set<string>();
  for (const [what, form] of Object.entries(forms)) {
    const answer = await attempt(what, exchange(server, form));
    because(server, answer, reason, what);
    texts.add(answer.text);
  }
  assert.equal(texts.size, 1);
}

const named = (name: string, values: readonly string[]): Record<string, Form> =>
  Object.fromEntries(values.map((value) => [`${name}=${JSON.stringify(value.slice(0, 60))}`, { [name]: value }]));
const foreign = (subject_token: string): Form => ({ subject_token, subject_token_type: type('jwt') });

export const policy = group('P', 'policy.ts', open, {
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
    assert.deepEqual([one.status, one.text], [none.status, none.text], 'nobody learns which resources there are');
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
      ...['evil/repo:org/app', 'org/', 'org/*', 'org/app%3Aref', 'org//app', 'org/../app', 'org/.', 'org/app\u200b'],
    ].map((name) => `repo:${name}${main}`);
    const around = [
      `Repo:org/app${main}`,
      `evil repo:org/app${main}`,
      `repo:org/app${main} `,
      `repo:org/app${main}-2`,
      `repo:org/app${main.slice(0, -1)}`,
    ];
    // A line break ends no text.
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
});
