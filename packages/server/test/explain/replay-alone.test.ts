// Replays requests from audit rows with other rules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent, TokenTrace } from '../../src/audit/event.ts';
import { replay } from '../../src/explain/replay.ts';
import { findJudgedClient, recall, type SimulatedRequest, simulate } from '../../src/explain/simulate.ts';
import type { Rule } from '../../src/policy/rule.ts';
import { type Reason, reasons } from '../../src/primitives/refusal.ts';
import {
  adaTrace,
  client,
  IDP,
  NOW,
  newEvent,
  partsOf,
  resource,
  rule,
  SELF,
  value,
  when,
} from '../support/judging.ts';

const api = resource('api');
const other = resource('other', { scopes: new Set(['write', 'read']) });
const clients = new Map([client('gateway'), client('x', { disabled: true })].map((one) => [one.id, one]));

const ada = adaTrace;
const agent: TokenTrace = { ...ada, sub: 'agent', id: 'id-agent', expiresAt: NOW + 300 };

/** An exchange that the rule `rule` of `api` allowed. */
const row = (more: Partial<AuditEvent> = {}): AuditEvent =>
  newEvent({
    time: NOW * 1000 + 400,
    grant: 'token_exchange',
    client: 'gateway',
    requestedType: 'access_token',
    subject: ada,
    mismatches: [],
    outcome: 'issued',
    rule: 'rule',
    targets: ['api'],
    scopeGiven: ['read', 'write'],
    chain: [],
    issued: [{ id: 'new', type: 'access_token', expiresAt: NOW + 600 }],
    ...more,
  });

const context = (...rules: readonly Rule[]) => ({ ...partsOf({ resources: [api, other], rules }), clients });
const plain = rule([api, other]);
const again = (event: AuditEvent, ...rules: readonly Rule[]) => replay(event, context(...rules));

test('a decision with the same result is unchanged, even if another rule makes it', () => {
  assert.equal(again(row(), plain), 'same');
  assert.equal(again(row({ rule: 'older' }), plain), 'same');
  assert.equal(again(row({ scopeGiven: ['write', 'read'] }), plain), 'same', 'the order of names says nothing');
  const two = { audiencesAsked: ['other', 'api'], targets: ['api', 'other'] };
  assert.equal(again(row(two), plain), 'same');
  const acted = { actor: agent, chain: [{ iss: SELF, sub: 'agent' }] };
  assert.equal(
    again(row({ ...acted, issued: [{ id: 'n', type: 'access_token', expiresAt: NOW + 300 }] }), plain),
    'same',
  );
  const refused = row({ outcome: 'refused', reason: 'no_rule_for_subject', rule: undefined } as never);
  assert.equal(again(refused), 'same');
  for (const [expiresAt, verdict] of [
    [NOW + 605, 'same'],
    [NOW + 595, 'same'],
    [NOW + 606, 'changed'],
    [NOW + 594, 'changed'],
  ] as const) {
    const told = again(row({ issued: [{ id: 'n', type: 'access_token', expiresAt }] }), plain);
    assert.equal(typeof told === 'object' ? 'changed' : told, verdict, `${expiresAt - NOW} s`);
  }
});

test('describes a changed decision before and after, in words', () => {
  const sentence = (reason: Reason) => `refused (${reason}): ${reasons[reason].meaning}`;
  const before = 'allowed by “rule”: the scope “read write” at api for 10 min';
  const head = {
    requestId: 'r-1',
    time: NOW * 1000 + 400,
    client: 'gateway',
    subject: 'ada',
    missing: [],
    change: 'allowed otherwise',
    reason: undefined,
    isRefused: false,
  };
  assert.deepEqual(again(row()), {
    ...head,
    before,
    after: sentence('no_rule_for_subject'),
    change: 'newly refused',
    reason: 'no_rule_for_subject',
    isRefused: true,
  });
  const short = rule([api], { name: 'short', grant: { lifetime: 60, scopes: new Set(['read']) } });
  assert.deepEqual(again(row(), short), {
    ...head,
    before,
    after: 'allowed by “short”: the scope “read” at api for 1 min',
  });
  const acting = rule([other], { name: 'acting', act: 'client' });
  const told = again(row({ chain: [{ iss: SELF, sub: 'agent' }] }), acting);
  assert.deepEqual(told, {
    ...head,
    before: `${before}; agent acts for ada`,
    after: 'allowed by “acting”: the scope “read write” at other for 10 min; gateway acts for ada',
  });
  const refused = row({ outcome: 'refused', reason: 'scope_exceeded', scopeAsked: ['read'] });
  assert.deepEqual(again(refused, plain), {
    ...head,
    change: 'newly allowed',
    reason: 'scope_exceeded',
    before: sentence('scope_exceeded'),
    after: 'allowed by “rule”: the scope “read” at api for 10 min',
  });
  const changed = (event: Partial<AuditEvent>, ...rules: readonly Rule[]) =>
    typeof again(row(event), ...rules) === 'object';
  assert.equal(changed({ chain: [{ iss: SELF, sub: 'agent' }] }, plain), true);
  assert.equal(changed({ chain: [{ iss: SELF, sub: 'agent' }] }, rule([api], { act: 'client' })), true);
  assert.equal(changed({ chain: [{ iss: SELF, sub: 'gateway' }] }, rule([api], { act: 'client' })), false);
  assert.equal(changed({ targets: ['other'] }, plain), true);
  assert.equal(changed({ scopeGiven: ['read'] }, plain), true);
  assert.equal(changed({ client: 'gone' }, plain), true);
  assert.equal(changed({ outcome: 'refused', reason: 'no_rule_for_actor' }), true, 'another reason is another answer');
  const bare = row({ scopeGiven: undefined, targets: undefined, chain: undefined, rule: undefined } as never);
  const bareTold = again(bare);
  assert.equal(
    typeof bareTold === 'object' && bareTold.before,
    'allowed by “undefined”: no scope at nothing for 10 min',
  );
});

test('a row that no rule decided is undecided', () => {
  for (const [event, why] of [
    [{ grant: 'client_credentials' }, 'another grant'],
    [{ subject: undefined }, 'no subject token'],
    [{ client: undefined }, 'no client'],
    [{ requestedType: 'saml2' }, 'no type that can be asked for'],
    [{ mismatches: undefined }, 'refused before the rules'],
    [{ outcome: 'failed', issued: undefined }, 'failed'],
    [{ issued: [] }, 'nothing issued'],
    [{ issued: undefined }, 'nothing issued'],
    [{ outcome: 'failed' }, 'failed after issuing'],
    [{ outcome: 'refused' }, 'refused without a reason'],
    [{ outcome: 'failed', reason: 'server_error' }, 'failed for a reason that no rule gave'],
  ] as const)
    assert.equal(again(row(event as never), plain), 'undecided', why);
  for (const reason of ['subject_token_replayed', 'actor_token_replayed', 'lineage_too_long', 'dpop_replayed'] as const)
    assert.equal(again(row({ outcome: 'refused', reason }), plain), 'undecided', reason);
  assert.equal(typeof again(row({ outcome: 'refused', reason: 'scope_empty' }), plain), 'object');
});

test('a row with a redacted request or claim cannot be replayed', () => {
  for (const event of [
    { audiencesAsked: ['[withheld]'] },
    { resourcesAsked: ['[withheld]'] },
    { scopeAsked: ['read', '[withheld]'] },
    { facts: { 'subject.claims.a': '[withheld]' } },
  ])
    assert.equal(again(row(event), plain), 'withheld');
  const told = again(row({ facts: { 'subject.claims.a': 'withheld' } }), plain);
  assert.equal(told, 'same');
});

test('a refresh token ends with its family, and a recorded key counts as proven', () => {
  const refresh = rule([api], { grant: { refreshLifetime: 7200 } });
  const issued = [{ id: 'n', type: 'refresh_token', expiresAt: NOW + 7200 }];
  assert.equal(again(row({ requestedType: 'refresh_token', issued }), refresh), 'same');
  const beside = rule([api], { grant: { refreshLifetime: 7200, refreshToken: 'beside' } });
  assert.equal(again(row(), beside), 'same');
  const confirmation = { jkt: 'k' };
  const bound = { ...ada, confirmation };
  assert.equal(again(row({ subject: bound, confirmation }), plain), 'same');
  const told = again(row({ subject: bound }), plain);
  assert.match(typeof told === 'object' ? told.after : '', /^refused \(subject_token_bound\)/);
});

test('names claims that the rules read now and the row does not contain', () => {
  const reads = rule([api], {
    when: when('subject.claims.tenant == "red" || actor.claims.level == 1 || subject.claims.org.id == 7'),
  });
  const missing = (event: Partial<AuditEvent>) => {
    const told = again(row(event), reads);
    return typeof told === 'object' ? told.missing : told;
  };
  assert.deepEqual(missing({}), ['subject.claims.tenant', 'subject.claims.org.id']);
  assert.deepEqual(missing({ actor: agent }), ['subject.claims.tenant', 'actor.claims.level', 'subject.claims.org.id']);
  assert.deepEqual(missing({ facts: { 'subject.claims.tenant': 'blue' } }), ['subject.claims.org.id']);
  assert.equal(missing({ facts: { 'subject.claims.tenant': 'red' } }), 'same');
});

test('restores the request of a row, and its tokens with the claims that conditions read', () => {
  const facts = {
    'subject.claims.org.id': 7,
    'subject.claims.org.name': 'x',
    'subject.claims.tags': ['a'],
    'subject.claims.none': null,
    'subject.claims["https://x.example/team"]': 'red',
    'actor.claims.level': 1,
    'subject.sub': 'other',
    chain: [],
  };
  const event = row({
    actor: { ...agent, scope: undefined } as never,
    subject: { ...ada, acr: 'gold', confirmation: { jkt: 'k' }, chain: [{ iss: IDP, sub: 'tool' }] },
    facts,
    audiencesAsked: ['api'],
    resourcesAsked: ['https://api.example/v1'],
    scopeAsked: ['read'],
  });
  const recalled = recall(event);
  assert.ok(recalled !== undefined && recalled !== 'withheld');
  const made = JSON.parse(JSON.stringify(recalled));
  assert.deepEqual(made.subject, {
    id: 'imagined',
    lineage: [],
    actorLineage: [],
    principal: { iss: SELF, sub: 'ada' },
    sub: 'ada',
    type: 'access_token',
    clientId: 'gateway',
    audiences: ['api'],
    scope: {},
    agreedAudiences: 'unbounded',
    expiresAt: NOW + 600,
    confirmation: { jkt: 'k' },
    chain: [{ iss: IDP, sub: 'tool' }],
    claims: { org: { id: 7, name: 'x' }, tags: ['a'], none: null, 'https://x.example/team': 'red' },
    authentication: { acr: 'gold' },
    extraClaims: {},
  });
  assert.deepEqual([...(recalled.subject.scope ?? [])], ['read', 'write']);
  assert.deepEqual(
    [made.actor.claims, recalled.actor?.authentication, recalled.actor?.scope],
    [{ level: 1 }, {}, 'unbounded'],
  );
  assert.deepEqual(recalled.request, {
    audiences: ['api'],
    resources: [new URL('https://api.example/v1')],
    requestedType: 'access_token',
    scope: new Set(['read']),
  });
  const bare = recall(row());
  assert.ok(bare !== undefined && bare !== 'withheld');
  assert.deepEqual([bare.actor, bare.subject.claims], [undefined, {}]);
  assert.deepEqual(bare.request, { audiences: [], resources: [], requestedType: 'access_token', scope: undefined });
});

test('restores nested claims in any order of their paths', () => {
  const claimsOf = (facts: Record<string, unknown>) => {
    const recalled = recall(row({ facts }));
    assert.ok(recalled !== undefined && recalled !== 'withheld');
    return JSON.parse(JSON.stringify(recalled.subject.claims));
  };
  const whole = { 'subject.claims.org': { id: 7, name: 'x' } };
  const part = { 'subject.claims.org.id': 7 };
  assert.deepEqual(claimsOf({ ...whole, ...part }), { org: { id: 7, name: 'x' } });
  assert.deepEqual(claimsOf({ ...part, ...whole }), { org: { id: 7, name: 'x' } });
  assert.deepEqual(claimsOf({ 'subject.claims': { a: 1 }, ...part }), { a: 1, org: { id: 7 } });
  assert.deepEqual(claimsOf({ 'subject.claims["__proto__"].admin': true }), JSON.parse('{"__proto__":{"admin":true}}'));
  assert.deepEqual(claimsOf({ subject: 'x', '': 1 }), {});
});

test('evaluates a simulated request like a real one, and returns a refusal as data', () => {
  const prepare = (): SimulatedRequest => {
    const recalled = recall(row());
    assert.ok(recalled !== undefined && recalled !== 'withheld');
    return recalled;
  };
  const around = { ...context(plain), now: NOW, confirmation: undefined };
  const judged = simulate('gateway', prepare, around);
  assert.equal(judged.rule, 'rule');
  assert.equal(judged.reason === undefined && judged.decision.lifetime, 600);
  for (const [id, reason] of [
    ['nobody', 'client_unknown'],
    ['x', 'client_disabled'],
  ] as const)
    assert.deepEqual(simulate(id, prepare, around), { reason, rule: undefined });
  const barred = new Map([['y', client('y', { grants: new Set(['client_credentials']) })]]);
  assert.throws(() => findJudgedClient('y', barred, 'token_exchange'), { reason: 'grant_not_allowed' });
  assert.equal(findJudgedClient('gateway', clients, 'token_exchange').id, 'gateway');
  const ruled = { ...around, ...context(rule([api], { grant: { types: new Set() } })) };
  assert.deepEqual(simulate('gateway', prepare, ruled), {
    reason: 'requested_token_type_not_granted',
    rule: 'rule',
  });
  const fault = (): SimulatedRequest => {
    throw new TypeError('a fault of ours');
  };
  assert.throws(() => simulate('gateway', fault, around), TypeError);
  const grant = { claims: [['at', value('now')] as const] };
  const timed = simulate('gateway', prepare, { ...around, ...context(rule([api], { grant })) });
  assert.deepEqual(timed.reason === undefined && timed.decision.extraClaims, { at: NOW });
});
