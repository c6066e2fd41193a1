// Rules that deny: they decide before every rule that allows, and refuse what they cannot tell.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPlace } from '../../src/explain/place.ts';
import { explainRules } from '../../src/explain/rules.ts';
import { API, client, configuration, exchange, gateway } from '../support/basics.ts';
import { changed } from '../support/configuration.ts';
import { start } from '../support/harness.ts';
import {
  type Asked,
  anyFile,
  ask,
  denial,
  IDP,
  newEvent,
  partsOf,
  reasonOf,
  resource,
  rule,
  SELF,
  token,
  type World,
  when,
} from '../support/judging.ts';

const api = resource('api');
const payroll = resource('payroll');
const contractor = token('bob', { claims: { employment: 'contractor', groups: ['staff'] } });
const employee = token('ada', { claims: { employment: 'employee', groups: ['staff'] } });

const denying = (...denials: Parameters<typeof denial>[0][]): World => ({
  resources: [api, payroll],
  rules: [rule([api, payroll])],
  denials: denials.map((parts) => denial(parts)),
});
const refusedBy = (world: World, asked: Asked = {}) => reasonOf(ask(world, asked));

test('a rule that denies refuses what a rule that allows would give, and nothing else', () => {
  const world = denying({ when: when('subject.claims.employment == "contractor"'), because: 'only employees' });
  assert.deepEqual(refusedBy(world, { subject: contractor }), ['denied_by_rule', '“denial”: only employees']);
  assert.equal(ask(world, { subject: contractor }).trace.rule, 'denial');
  assert.equal(refusedBy(world, { subject: employee }), undefined);
});

test('a claim that is missing or of another type refuses, unless the condition allows for it', () => {
  const strict = denying({ when: when('subject.claims.employment == "contractor"') });
  const told = ['denial_cannot_be_told', '“denial”, when: subject.claims.employment is missing'];
  assert.deepEqual(refusedBy(strict, { subject: token('eve') }), told);
  const mild = denying({
    when: when('has(subject.claims.employment) && subject.claims.employment == "contractor"'),
  });
  assert.equal(refusedBy(mild, { subject: token('eve') }), undefined);
  assert.deepEqual(refusedBy(mild, { subject: contractor }), ['denied_by_rule', '“denial”']);
  const listed = denying({ when: when('"contractors" in subject.claims.groups') });
  const odd = token('eve', { claims: { groups: 7 } });
  assert.equal([refusedBy(listed, { subject: odd })].flat()[0], 'denial_cannot_be_told');
  assert.equal(refusedBy(listed, { subject: employee }), undefined);
});

test('a claim in another form refuses: a comparison of different types has no answer', () => {
  for (const condition of [
    'subject.claims.employment == "contractor"',
    'has(subject.claims.employment) && subject.claims.employment == "contractor"',
    'subject.claims.employment in ["contractor"]',
    '!(subject.claims.employment != "contractor")',
    '"contractor" in subject.claims.all',
  ]) {
    const world = denying({ when: when(condition) });
    for (const employment of [['contractor'], null, 5, { a: 1 }, true]) {
      const odd = token('eve', { claims: { employment, all: [employment] } });
      assert.equal(
        [refusedBy(world, { subject: odd })].flat()[0],
        'denial_cannot_be_told',
        `${condition} ${employment}`,
      );
    }
    const plain = token('ada', { claims: { employment: 'employee', all: ['employee'] } });
    assert.equal(refusedBy(world, { subject: plain }), undefined, condition);
  }
  for (const [condition, claim] of [
    ['subject.claims.g == ["7"]', [7]],
    ['subject.claims.g == ["contractor"]', [['contractor']]],
    ['subject.claims.g == {"kind": "contractor"}', { kind: ['contractor'] }],
    ['["7"] in subject.claims.g', [[7]]],
    ['subject.claims.g in [{"id": "7"}]', { id: 7 }],
  ] as const) {
    const subject = token('eve', { claims: { g: claim } });
    const refused = [refusedBy(denying({ when: when(condition) }), { subject })].flat()[0];
    assert.equal(refused, 'denial_cannot_be_told', condition);
  }
  const inside = denying({ when: when('subject.claims.g == ["7"]') });
  assert.equal(refusedBy(inside, { subject: token('eve', { claims: { g: ['8'] } }) }), undefined);
  const nothing = denying({ when: when('subject.claims.employment == null') });
  assert.equal(refusedBy(nothing, { subject: employee }), undefined);
  const absent = token('eve', { claims: { employment: null } });
  assert.deepEqual(refusedBy(nothing, { subject: absent }), ['denied_by_rule', '“denial”']);
});

test('a claim that is kept elsewhere refuses by its own reason', () => {
  const world = denying({ when: when('"contractors" in subject.claims.groups') });
  const overage = token('ada', { claims: { _claim_names: { groups: 'src1' } } });
  assert.equal([refusedBy(world, { subject: overage })].flat()[0], 'subject_claims_elsewhere');
});

test('a denial that matches goes before one that cannot be told, in any order', () => {
  const certain = { name: 'certain', subject: { issuers: new Set([employee.principal.iss]) } };
  const untold = { name: 'untold', when: when('subject.claims.missing == 1') };
  for (const denials of [
    [certain, untold],
    [untold, certain],
  ])
    assert.deepEqual(refusedBy(denying(...denials), { subject: employee }), ['denied_by_rule', '“certain”']);
});

test('the row names the rule that cannot be told last, whichever rules follow it, and explain points to its condition', () => {
  const undecided = { name: 'undecided', subject: { when: when('subject.claims.missing == 1') } };
  const others = [
    { name: 'of batch', clients: new Set(['batch']) },
    { name: 'also undecided', when: undecided.subject.when },
  ];
  const world = denying(undecided, ...others);
  const { trace, refusal } = ask(world, { subject: employee });
  assert.deepEqual([trace.rule, trace.mismatches?.at(-1)?.rule], ['undecided', 'undecided']);
  const event = newEvent({ ...trace, client: 'gateway', reason: 'denial_cannot_be_told' });
  assert.equal(refusal?.reason, event.reason);
  const { policy } = partsOf(world);
  const missing = 'subject.claims.missing is missing';
  const [first, ...later] = explainRules(policy, event).rules;
  assert.deepEqual(first, { rule: 'undecided', result: 'cannot be told', part: 'subject.when', why: missing });
  assert.deepEqual(
    later.map(({ rule: name, result }) => [name, result]),
    [
      ['of batch', 'does not match'],
      ['also undecided', 'does not match'],
      ['rule', 'is not asked'],
    ],
  );
  // Rows of older versions name it among the mismatches only.
  assert.deepEqual(explainRules(policy, { ...event, rule: undefined } as typeof event).rules[0], first);
  const context = { policy, clients: new Map(), file: anyFile } as unknown as Parameters<typeof findPlace>[1];
  assert.equal(findPlace(event, context).place?.key, 'rules[undecided].subject.when');
  const denied = newEvent({ rule: 'of batch', reason: 'denied_by_rule', mismatches: [] });
  assert.equal(findPlace(denied, context).place?.key, 'rules[of batch]');
});

test('a target that is not requested but given by default is denied too', () => {
  const world = denying({ targets: new Set([api]) });
  assert.deepEqual(refusedBy(world), ['denied_by_rule', '“denial”']);
  assert.deepEqual(refusedBy(world, { audiences: ['payroll', 'api'] }), ['denied_by_rule', '“denial”']);
  assert.equal(refusedBy(world, { audiences: ['payroll'] }), undefined);
});

test('conditions see the targets and the scope that would be given', () => {
  const writing = denying({ when: when('"write" in scope && "payroll" in targets') });
  assert.equal([refusedBy(writing, { audiences: ['payroll'] })].flat()[0], 'denied_by_rule');
  assert.equal(refusedBy(writing, { audiences: ['payroll'], scope: new Set(['read']) }), undefined);
  assert.equal(refusedBy(writing, { audiences: ['api'] }), undefined);
});

test('an actor that a denial names must be there to match', () => {
  const world = denying({ actor: { presence: 'required', when: when('actor.sub == "robot"') } });
  assert.equal(refusedBy(world), undefined);
  assert.equal(refusedBy(world, { actor: token('agent') }), undefined);
  assert.deepEqual(refusedBy(world, { actor: token('robot') }), ['denied_by_rule', '“denial”']);
});

const hop = (iss: string, sub: string) => ({ iss, sub }) as never;

test('an actor is denied when it acts, by a rule or by its token, now or before', () => {
  const acting = denying({ actor: { presence: 'required', clients: new Set(['gateway']) } });
  const byRule: World = { ...acting, rules: [rule([api, payroll], { act: 'client' })] };
  assert.deepEqual(refusedBy(byRule), ['denied_by_rule', '“denial”'], 'act: client');
  assert.equal(refusedBy(acting), undefined);
  const agent = denying({ actor: { presence: 'required', clients: new Set(['agent']) } });
  const acted = token('ada', { chain: [hop(SELF, 'other'), hop(SELF, 'agent')] });
  assert.deepEqual(refusedBy(agent, { subject: acted }), ['denied_by_rule', '“denial”'], 'an earlier hop');
  assert.equal(refusedBy(agent, { subject: token('ada', { chain: [hop(SELF, 'other')] }) }), undefined);
  const anyone = denying({ actor: { presence: 'required' } });
  assert.deepEqual(refusedBy(anyone, { subject: acted }), ['denied_by_rule', '“denial”']);
  assert.equal(refusedBy(anyone), undefined);
  const chained = denying({ when: when('chain.exists(one, one.sub == "gateway")') });
  assert.deepEqual(refusedBy({ ...chained, rules: byRule.rules }), ['denied_by_rule', '“denial”']);
});

test('a condition on the actor refuses where someone acts without a token', () => {
  const world = denying({ actor: { presence: 'required', when: when('actor.claims.kind == "robot"') } });
  const acted = token('ada', { chain: [hop(SELF, 'other')] });
  assert.equal([refusedBy(world, { subject: acted })].flat()[0], 'denial_cannot_be_told');
  const human = token('other', { claims: { kind: 'human' } });
  assert.equal(refusedBy(world, { subject: acted, actor: human }), undefined);
});

test('a party is denied by the issuer that it came from, in our tokens too', () => {
  const world = denying({ subject: { issuers: new Set([IDP]) } });
  const ours = token('idp:ada', { origin: { iss: IDP, sub: 'ada' } });
  assert.deepEqual(refusedBy(world, { subject: ours }), ['denied_by_rule', '“denial”']);
  assert.equal(refusedBy(world, { subject: employee }), undefined);
  const actors = denying({ actor: { presence: 'required', issuers: new Set([IDP]) } });
  const robot = token('idp:robot', { origin: { iss: IDP, sub: 'robot' } });
  assert.deepEqual(refusedBy(actors, { actor: robot }), ['denied_by_rule', '“denial”']);
  const through = token('ada', {
    chain: [{ iss: SELF, sub: 'idp:robot', origin: { iss: IDP, sub: 'robot' } } as never],
  });
  assert.deepEqual(refusedBy(actors, { subject: through }), ['denied_by_rule', '“denial”']);
});

test('a denial needs no origin: it matches tokens that no rule would accept', () => {
  const world = denying({});
  const strange = token('ada', { clientId: 'someone-else', audiences: [] });
  assert.deepEqual(refusedBy(world, { subject: strange }), ['denied_by_rule', '“denial”']);
  const none = { ...world, denials: [] };
  assert.equal(refusedBy(none, { subject: strange }), 'no_rule_for_subject');
});

test('a denial in audit mode is recorded and decides nothing', () => {
  const { decision, trace } = ask(denying({ mode: 'audit' }), { subject: employee });
  assert.ok(decision);
  assert.deepEqual(trace.shadows, [{ rule: 'denial', reason: 'denied_by_rule' }]);
});

test('mismatches of denials are recorded before those of other rules', () => {
  const { trace } = ask(denying({ clients: new Set(['batch']) }), { subject: employee });
  assert.deepEqual(trace.mismatches, [{ rule: 'denial', part: 'client', what: 'client' }]);
});

const DENYING = {
  name: 'nobody from abroad',
  effect: 'deny',
  subject: { when: '!has(subject.claims.client_id) || subject.claims.client_id != "agent"' },
  because: 'only the agent may',
};
const ALLOWING = {
  name: 'open',
  client: 'gateway',
  subject: { issuer: 'self' },
  grant: { audiences: [API], scopes: ['read'], refreshToken: true },
};
const refreshing = changed(configuration, {
  clients: [
    client('gateway', { grants: ['client_credentials', 'token_exchange', 'refresh_token'], scopes: ['read', 'write'] }),
  ],
  rules: [ALLOWING],
});

test('over HTTP: a reload with a rule that denies ends exchanges and refreshes, says why in the row, and in no answer', async (t) => {
  const server = await start(t, refreshing);
  const before = await exchange(server);
  assert.equal(before.status, 200, before.text);
  await server.reload(changed(refreshing, { rules: [ALLOWING, DENYING] }));
  const denied = await exchange(server, { subject_token: String(before.body.access_token) });
  const row = server.audit(denied);
  assert.deepEqual(
    [denied.status, row?.reason, row?.rule, row?.detail],
    [400, 'denied_by_rule', DENYING.name, `“${DENYING.name}”: ${DENYING.because}`],
  );
  assert.doesNotMatch(denied.text, /agent|abroad/);
  const refresh = { grant_type: 'refresh_token', refresh_token: String(before.body.refresh_token), ...gateway };
  const refused = await server.token(refresh);
  assert.deepEqual([refused.status, server.audit(refused)?.reason], [400, 'refresh_token_denied_by_rule']);
  await server.reload(refreshing);
  assert.equal((await server.token(refresh)).status, 200, 'a refusal does not use the refresh token up');
});
