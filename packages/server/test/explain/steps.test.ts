// Every sentence that describes steps and rules, from the audit event.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent, TokenTrace } from '../../src/audit/event.ts';
import { recordSent } from '../../src/audit/sent.ts';
import { explainEvent } from '../../src/explain/explain.ts';
import type { PlaceContext } from '../../src/explain/locate.ts';
import { findPlace } from '../../src/explain/place.ts';
import { explainRules } from '../../src/explain/rules.ts';
import { explainSteps } from '../../src/explain/steps.ts';
import { describeChain, describeList, describePrincipal, describeScope } from '../../src/explain/wording.ts';
import { explainWorkloads } from '../../src/explain/workloads.ts';
import type { Limits } from '../../src/narrowing/narrow.ts';
import { compilePolicy } from '../../src/policy/policy.ts';
import type { Rule } from '../../src/policy/rule.ts';
import { formatDuration } from '../../src/primitives/duration.ts';
import { type Reason, reasons } from '../../src/primitives/refusal.ts';
import { indexIssuers, type TrustedIssuer } from '../../src/trust/issuer.ts';
import {
  adaTrace,
  anyFile,
  client,
  IDP,
  NOW,
  newEvent,
  partsOf,
  resource,
  rule,
  SELF,
  types as typesOf,
  when,
} from '../support/judging.ts';

const api = resource('api');
const other = resource('other');

const ada: TokenTrace = { ...adaTrace, audiences: [] };
const robot: TokenTrace = {
  iss: IDP,
  sub: 'robot',
  id: 'id-robot',
  declaredType: 'access_token',
  type: 'jwt',
  audiences: [],
  chain: [
    { iss: SELF, sub: 'tool' },
    { iss: IDP, sub: 'ada' },
  ],
  expiresAt: NOW + 90,
};
const judged: Partial<AuditEvent> = {
  time: NOW * 1000 + 999,
  client: 'gateway',
  requestedType: 'access_token',
  subject: ada,
  mismatches: [],
};

/** Formats each step as `name: found`; a refused one with `✗`. */
function told(
  event: Partial<AuditEvent>,
  more: { readonly rules?: readonly Rule[]; readonly limits?: Limits; readonly leftOut?: readonly string[] } = {},
): readonly string[] {
  const { rules = [rule([api])], limits, leftOut = [] } = more;
  const policy = compilePolicy(SELF, rules, []);
  const marks = { passed: '', refused: '✗ ' };
  return explainSteps({ event: newEvent(event), policy, limits, leftOut }).map(
    ({ step, result, found }) => `${marks[result]}${step}: ${found}`,
  );
}

const SUBJECT =
  'subject token: is about ada: issued by this server to gateway, of type access_token, with the scope “read write”, good for another 10 min';
const REQUEST =
  'request: gateway asks for an access token, for the first target that its rule grants, with all the scope that is allowed';

test('describes an issued exchange step by step', () => {
  assert.deepEqual(
    told({
      ...judged,
      actor: robot,
      chain: [{ iss: IDP, sub: 'robot' }, ...robot.chain],
      audiencesAsked: ['api'],
      resourcesAsked: ['https://other.example/'],
      scopeAsked: ['read'],
      rule: 'rule',
      targets: ['api', 'other'],
      scopeGiven: ['read'],
      outcome: 'issued',
      issued: [{ id: 'new', type: 'access_token', expiresAt: NOW + 60 }],
    }),
    [
      'request: gateway asks for an access token, for api and https://other.example/, with the scope “read”',
      SUBJECT,
      `actor token: is about who acts, robot: issued by ${IDP}, presented as access_token and proven to be of type jwt, acted for by tool, before that by ada of ${IDP}, good for another 1 min 30 s`,
      `delegation: robot of ${IDP} acts for ada; before that acted tool, and before that ada of ${IDP}`,
      'rule: “rule” decides',
      'target: the token is for api and other',
      'scope: what the token may do: read',
      'lifetime: 1 min',
    ],
  );
});

test('describes the limits of a simulated request, and the claims that are left out', () => {
  const limits: Limits = {
    scope: [
      { by: 'subject', scope: new Set(['read', 'write']) },
      { by: 'client', scope: new Set() },
      { by: 'rule', scope: new Set(['read']) },
      { by: 'api', scope: new Set(['read']) },
    ],
    lifetime: [
      { by: 'rule', seconds: 900 },
      { by: 'actor', seconds: 60 },
      { by: 'api', seconds: 3600 },
    ],
    audiences: 'unbounded',
    signIn: new Set(),
  };
  const event = { ...judged, rule: 'rule', targets: ['api'], scopeGiven: [], outcome: 'issued' } as const;
  const limited =
    '; the subject token allows read write; the client allows nothing; the rule allows read; api allows read';
  assert.deepEqual(told(event, { limits, leftOut: ['team', 'size'] }).slice(3), [
    'rule: “rule” decides',
    'target: the token is for api',
    `scope: what the token may do: nothing by name${limited}`,
    'lifetime: 1 min; the rule allows 15 min; the actor token allows 1 min; api allows 1 h',
    'claims: not known, and therefore left out: team and size',
  ]);
  const refused = { ...judged, rule: 'rule', targets: ['api'], reason: 'scope_empty', outcome: 'refused' } as const;
  assert.deepEqual(told(refused, { limits }).at(-1), `✗ scope: ${reasons.scope_empty.meaning}${limited}`);
  assert.equal(told(refused).at(-1), `✗ scope: ${reasons.scope_empty.meaning}`);
  const late = { ...refused, reason: 'target_needs_acr' } as const;
  assert.equal(told(late, { limits }).at(-1), `✗ target: ${reasons.target_needs_acr.meaning}`);
  assert.equal(told(event).at(-1), 'scope: what the token may do: nothing by name', 'no limits, no lifetime');
  assert.equal(
    told({ ...event, outcome: 'refused' }, { limits }).at(-1),
    `scope: what the token may do: nothing by name${limited}`,
  );
});

test('a refusal ends the steps at the one that refused', () => {
  const last = (reason: Reason, more: Partial<AuditEvent> = {}) => told({ ...judged, reason, ...more });
  const meaning = (reason: Reason) => reasons[reason].meaning;
  for (const [reason, step, before] of [
    ['subject_token_expired', 'subject token', 1],
    ['actor_token_expired', 'actor token', 2],
    ['may_act', 'delegation', 2],
    ['no_rule_for_subject', 'rule', 3],
    ['no_rule_for_actor', 'rule', 3],
    ['requested_token_type_not_granted', 'rule', 3],
    ['requested_token_type_needs_grant', 'rule', 3],
    ['subject_token_bound', 'proof', 3],
    ['actor_token_bound', 'proof', 3],
    ['target_not_granted', 'target', 3],
    ['scope_exceeded', 'scope', 3],
    ['target_malformed', 'request', 0],
    ['scope_malformed', 'request', 0],
    ['client_disabled', 'request', 0],
    ['store_unavailable', 'issuing', 3],
    ['server_error', 'issuing', 3],
  ] as const) {
    const steps = last(reason);
    assert.deepEqual([steps.at(-1), steps.length - 1], [`✗ ${step}: ${meaning(reason)}`, before], reason);
  }
  assert.equal(
    last('server_error', { mismatches: undefined } as never).at(-1),
    `✗ actor token: ${meaning('server_error')}`,
  );
  const { subject, mismatches, ...nothing } = judged;
  assert.deepEqual(told({ ...nothing, reason: 'store_unavailable' }), [
    REQUEST,
    `✗ subject token: ${meaning('store_unavailable')}`,
  ]);
  assert.deepEqual(told({ reason: 'store_unavailable' }), [`✗ request: ${meaning('store_unavailable')}`]);
  assert.deepEqual(told({ reason: 'scope_exceeded', detail: 'not allowed: x' }), [
    `✗ scope: ${meaning('scope_exceeded')}: not allowed: x`,
  ]);
  assert.deepEqual(told({ reason: 'parameter_missing', parameter: 'scope' }), [
    `✗ request: ${meaning('parameter_missing')}: scope`,
  ]);
  assert.deepEqual(told({ reason: 'parameter_missing', parameter: 'scope', detail: 'x' }), [
    `✗ request: ${meaning('parameter_missing')}: x`,
  ]);
});

test('describes the request as far as it was read', () => {
  const request = (event: Partial<AuditEvent>) => told({ client: 'gateway', requestedType: 'access_token', ...event });
  assert.deepEqual(request({}), [REQUEST]);
  assert.deepEqual(told({ client: 'gateway' }), []);
  assert.deepEqual(told({ requestedType: 'jwt' }), []);
  for (const [requestedType, words] of [
    ['jwt', 'an access token as JWT'],
    ['refresh_token', 'a refresh token'],
    ['saml2', 'saml2'],
  ] as const)
    assert.deepEqual(request({ requestedType }), [REQUEST.replace('an access token', words)]);
  assert.match(request({ scopeAsked: [] })[0] ?? '', /with no scope$/);
  assert.match(request({ audiencesAsked: ['api'] })[0] ?? '', /, for api, with/);
  assert.match(request({ resourcesAsked: ['a', 'b', 'c'] })[0] ?? '', /, for a, b and c, with/);
});

test('names the actors that a refused request would have had', () => {
  const client = [rule([api], { name: 'other' }), rule([api], { act: 'client' })];
  const delegation = (event: Partial<AuditEvent>, rules: readonly Rule[] = client) =>
    told({ ...judged, ...event }, { rules }).find((line) => line.startsWith('delegation'));
  assert.equal(delegation({}), 'delegation: nobody acts for ada');
  assert.equal(delegation({ rule: 'rule' }), 'delegation: gateway acts for ada');
  assert.equal(delegation({ rule: 'other' }), 'delegation: nobody acts for ada');
  assert.equal(delegation({ rule: 'rule', actor: robot }), `delegation: robot of ${IDP} acts for ada`);
  assert.equal(delegation({ rule: 'rule', chain: [] }), 'delegation: nobody acts for ada');
  const acted = { ...ada, chain: [{ iss: SELF, sub: 'tool' }] };
  assert.equal(
    delegation({ rule: 'rule', subject: acted }),
    'delegation: gateway acts for ada; before that acted tool',
  );
  const { mismatches, ...before } = judged;
  assert.deepEqual(told(before), [REQUEST, SUBJECT], 'before the rules are asked nothing is known of it');
  const { subject, ...nobody } = judged;
  assert.deepEqual(told(nobody), [REQUEST]);
});

test('names the keys that tokens are bound to, and those that the caller proved or must prove', () => {
  const bound = { ...ada, confirmation: { jkt: 'one' } };
  const proof = (event: Partial<AuditEvent>, limits?: Limits) =>
    told({ ...judged, rule: 'rule', ...event }, limits && { limits }).find((line) => line.startsWith('proof'));
  const none: Limits = { scope: [], lifetime: [], audiences: 'unbounded', signIn: new Set() };
  assert.equal(proof({}), undefined);
  assert.equal(
    proof({ subject: bound, actor: { ...robot, confirmation: { 'x5t#S256': 'two' } }, confirmation: { jkt: 'one' } }),
    'proof: the subject token is bound to the DPoP key one; the actor token is bound to the TLS certificate two; the caller proved the DPoP key one, and the new token is bound to it',
  );
  assert.equal(
    proof({ confirmation: { jkt: 'one' } }, none),
    'proof: the caller must prove the DPoP key one, and the new token is bound to it',
  );
  assert.equal(
    proof({ subject: bound, rebound: 'bearer' }),
    'proof: the subject token is bound to the DPoP key one; the new token is a bearer token, because the rule says so (rebind: bearer)',
  );
  assert.equal(proof({ subject: bound, rebound: 'key' }), 'proof: the subject token is bound to the DPoP key one');
  const { rule: _, ...unruled } = { ...judged, rule: 'rule', subject: bound };
  assert.equal(
    told(unruled).some((line) => line.startsWith('proof')),
    false,
  );
});

test('describes durations, scope, lists and people', () => {
  for (const [seconds, words] of [
    [0, '0 s'],
    [-5, '0 s'],
    [1.9, '1 s'],
    [59, '59 s'],
    [60, '1 min'],
    [61, '1 min 1 s'],
    [3600, '1 h'],
    [5400, '1 h 30 min'],
    [3661, '1 h 1 min'],
    [86_400, '1 d'],
    [90_061, '1 d 1 h'],
    [86_460, '1 d 1 min'],
  ] as const)
    assert.equal(formatDuration(seconds), words);
  assert.deepEqual([describeScope([]), describeScope(['a', 'b'])], ['no scope', 'the scope “a b”']);
  assert.deepEqual(
    [describeList([]), describeList(['a']), describeList(['a', 'b']), describeList(['a', 'b', 'c'], 'or')],
    ['nothing', 'a', 'a and b', 'a, b or c'],
  );
  assert.deepEqual(
    [describePrincipal({ iss: SELF, sub: 'a' }, SELF), describePrincipal({ iss: IDP, sub: 'a' }, SELF)],
    ['a', `a of ${IDP}`],
  );
  assert.equal(describeChain([], 'ada', SELF), 'nobody acts for ada');
});

const cautious = when('subject.claims.tenant == "red" && actor.claims.level == 1 && request.scope == []');

const untold = 'is not asked; it is for other targets, was not in the file then, or is one of very many';

/** Explains one rule. */
function ruleTold(parts: Parameters<typeof rule>[1], event: Partial<AuditEvent>): string {
  const rules = [rule([api, other], parts)];
  const told = explainRules(compilePolicy(SELF, rules, []), newEvent(event));
  const [{ result, part, why } = { result: '', part: '', why: '' }] = told.rules;
  return [result, part, why].filter(Boolean).join('; ');
}

test('describes for each rule whether it decided, or which part did not match', () => {
  const miss = (what: string, parts: Parameters<typeof rule>[1] = {}, event: Partial<AuditEvent> = {}): string => {
    const told = ruleTold(parts, { ...judged, mismatches: [{ rule: 'rule', part: 'x', what }], ...event });
    const start = `does not match; ${what}; `;
    assert.ok(told.startsWith(start), told);
    return told.slice(start.length);
  };
  assert.equal(ruleTold({}, { ...judged, rule: 'rule' }), 'decides');
  assert.equal(ruleTold({}, {}), 'is not asked; the request did not come as far as the rules');
  assert.equal(ruleTold({}, judged), untold);
  const clients = new Set(['a', 'b']);
  const others = explainRules(compilePolicy(SELF, [rule([api], { clients })], []), newEvent(judged));
  assert.deepEqual(others, { rules: [], rulesOfOthers: 1 }, 'rules for other clients are counted');
  const { client, ...nobody } = judged;
  assert.equal(ruleTold({ clients }, nobody), untold);
  const issuers = new Set([SELF, IDP]);
  assert.equal(
    miss('subject.issuer', { subject: { issuers } }),
    `its subject must come from ${SELF} or ${IDP}, not from ${SELF}`,
  );
  assert.equal(
    miss('actor.issuer', { actor: { issuers } }, { actor: robot }),
    `its actor must come from ${SELF} or ${IDP}, not from ${IDP}`,
  );
  const types = typesOf('jwt', 'saml2');
  assert.equal(
    miss('subject.types', { subject: { types } }),
    'its subject token must be of type jwt or saml2, not access_token',
  );
  assert.equal(
    miss('subject.clients', { subject: { clients } }),
    'its subject token must be issued by this server to a or b, not to gateway',
  );
  assert.equal(
    miss('actor.clients', { actor: { clients } }, { actor: robot }),
    `its actor token must be issued by this server to a or b, not by ${IDP}`,
  );
  assert.equal(
    miss('actor.origin'),
    'the actor token was neither issued to the calling client nor addressed to it, and the rule does not name where it comes from (actor.clients for our own tokens, actor.issuer for others)',
  );
  assert.equal(miss('actor.required'), 'it wants an actor token, and there is none');
  assert.equal(miss('actor.forbidden'), 'it wants no actor token, and there is one');
  assert.equal(
    miss('actor.delegated'),
    'somebody acts for the actor already, and the rule does not say `delegated: allow` of its actor',
  );
  assert.equal(miss('unknown target'), 'a target that is asked for is not registered');
  assert.equal(miss('grant.audiences'), 'it grants api or other alone');
  assert.equal(miss('subject.something'), 'subject.something');
  assert.equal(miss('subject'), 'subject');
  assert.equal(
    miss('subject.types', {}, { subject: undefined } as never),
    "its subject token must be of a type that its issuer's entry accepts, not undefined",
  );
  assert.equal(
    miss('actor.clients', { actor: { clients } }),
    'its actor token must be issued by this server to a or b, not by undefined',
  );
  assert.equal(
    miss('actor.issuer', { actor: { issuers: new Set([SELF]) } }),
    `its actor must come from ${SELF}, not from undefined`,
  );
});

test('describes which parties a rule names that the index skipped', () => {
  const named = (subject: Partial<Rule['subject']>, event: Partial<AuditEvent> = judged) =>
    ruleTold({ subject }, event);
  const issuers = new Set([IDP]);
  const clients = new Set(['a', 'b']);
  assert.equal(
    named({ issuers }),
    `does not match; subject.issuer; its subject must come from ${IDP}, not from ${SELF}`,
  );
  assert.equal(
    named({ clients }),
    'does not match; subject.clients; its subject token must be issued by this server to a or b, not to gateway',
  );
  const foreign = { ...judged, subject: { ...robot, clientId: 'a' } };
  assert.match(named({ clients }, foreign), /^does not match; subject.clients; .*, not by https:\/\/idp.example$/);
  assert.equal(named({ issuers }, foreign), untold);
  assert.equal(named({ clients: new Set(['gateway']), issuers: new Set([SELF]) }), untold);
  const { subject, ...nobody } = judged;
  assert.equal(named({ issuers, clients }, nobody), untold);
});

test('describes a condition with the claims that it read, and why it could not be evaluated', () => {
  const facts = { 'subject.claims.tenant': 'blue' };
  const told = (what: string, parts: Parameters<typeof rule>[1], more: Partial<AuditEvent> = {}, problem?: string) =>
    ruleTold(parts, {
      ...judged,
      mismatches: [{ rule: 'rule', part: 'x', what, ...(problem && { problem }) }],
      ...more,
    });
  const read = 'subject.claims.tenant is "blue", actor.claims.level is missing';
  const not = `its condition is not true: ${cautious.text}`;
  assert.equal(told('when', { when: cautious }, { facts }), `does not match; when; ${not}; ${read}`);
  assert.equal(
    told('subject.when', { subject: { when: cautious } }, { facts }),
    `does not match; subject.when; ${not}; ${read}`,
  );
  assert.equal(
    told('when', { when: cautious }, { facts }, 'too long'),
    `does not match; when; ${not}; ${read}; too long`,
  );
  const missing = 'subject.claims.tenant is missing, actor.claims.level is missing';
  assert.equal(told('when', { when: cautious }), `does not match; when; ${not}; ${missing}`);
  assert.equal(told('actor.when', { actor: { when: cautious } }), `does not match; actor.when; ${not}; ${missing}`);
  const plain = when('request.scope == [] && now < 5');
  assert.equal(told('when', { when: plain }), `does not match; when; its condition is not true: ${plain.text}`);
  assert.equal(told('when', {}), 'does not match; when; its condition is not true', 'the file has changed since');
  assert.equal(told('actor.when', {}), 'does not match; actor.when; its condition on the actor is not true');
});

test('lists rules after the deciding one as not asked, and rules that are gone from the file', () => {
  const rules = ['a', 'b', 'c'].map((name) => rule([api], { name }));
  const policy = compilePolicy(SELF, rules, []);
  const results = (event: Partial<AuditEvent>) =>
    explainRules(policy, newEvent({ ...judged, ...event })).rules.map(
      ({ rule, result, why }) => `${rule} ${result}: ${why}`,
    );
  const mismatches = [
    { rule: 'a', part: 'actor', what: 'actor.required' },
    { rule: 'old', part: 'actor', what: 'actor.required' },
  ];
  assert.deepEqual(results({ rule: 'b', mismatches }), [
    'a does not match: it wants an actor token, and there is none',
    'b decides: undefined',
    'c is not asked: the first rule that matches decides alone',
    'old is gone from the file: it did not match',
  ]);
  assert.deepEqual(results({ rule: 'older', mismatches }).slice(1), [
    'b is not asked: it is for other targets, was not in the file then, or is one of very many',
    'c is not asked: it is for other targets, was not in the file then, or is one of very many',
    'older is gone from the file: it decided',
    'old is gone from the file: it did not match',
  ]);
  assert.equal(results({}).length, 3);
  assert.deepEqual(explainRules(policy, newEvent({ rule: 'older' })).rules.at(-1)?.rule, 'older');
});

test('describes what a rule in audit mode would have decided', () => {
  const watched = (shadow: Partial<NonNullable<AuditEvent['shadows']>[number]>) =>
    ruleTold({ mode: 'audit' }, { ...judged, shadows: [{ rule: 'x' }, { rule: 'rule', ...shadow }] });
  const start = 'is only watched (mode: audit); it would';
  assert.equal(
    watched({ scope: ['read', 'write'], targets: ['api', 'other'] }),
    `${start} allow “read write” at api and other`,
  );
  assert.equal(watched({ targets: ['api'] }), `${start} allow no scope at api`);
  assert.equal(watched({}), `${start} allow no scope at `);
  assert.equal(watched({ reason: 'scope_empty' }), `${start} decide, and refuse: ${reasons.scope_empty.meaning}`);
});

test('explains an audit row with the sentence that the caller received', () => {
  const context = {
    ...partsOf({ resources: [api], rules: [rule([api])] }),
    tokenErrorCode: 'invalid_grant',
    clients: new Map(),
    file: anyFile,
  } as unknown as Parameters<typeof explainEvent>[1];
  const exchange = { ...judged, grant: 'token_exchange' };
  const allowed = explainEvent(newEvent({ ...exchange, rule: 'rule', outcome: 'issued' }), context);
  assert.deepEqual(
    [allowed.decision, allowed.error, allowed.rules, allowed.place],
    ['allowed', undefined, [{ rule: 'rule', result: 'decides', at: 'rules 0' }], { at: 'rules 0', key: 'rules[rule]' }],
  );
  assert.deepEqual(
    allowed.steps.map(({ step }) => step),
    ['request', 'subject token', 'delegation', 'rule'],
  );
  const refused = explainEvent(newEvent({ ...exchange, reason: 'no_rule_for_subject' }), context);
  assert.deepEqual(
    [refused.decision, refused.reason, refused.error, refused.error_description, refused.steps.at(-1)?.step],
    ['refused', 'no_rule_for_subject', 'invalid_grant', 'The provided subject token is invalid or expired', 'rule'],
  );
  const missing = (parameter?: string) =>
    explainEvent(newEvent({ reason: 'parameter_missing', ...(parameter && { parameter }) }), context).error_description;
  assert.equal(missing('subject_token'), 'The parameter subject_token is missing');
  assert.equal(missing(), 'The parameter … is missing', 'the row does not tell which');
});

test('lists ten workloads, those of the issuer first, and counts the others', () => {
  const issuers = indexIssuers([
    { issuer: IDP, kind: 'oauth' },
    { issuer: 'spiffe://prod.example', kind: 'spiffe' },
  ] as readonly Partial<TrustedIssuer>[] as readonly TrustedIssuer[]);
  const explained = (aud: string | string[], workloads: readonly { issuer: string; audience: string }[]) => {
    const sent = recordSent({ iss: IDP, aud });
    const clients = new Map(workloads.map((workload, index) => [`c${index}`, client(`c${index}`, { workload })]));
    const event = newEvent({ reason: 'client_authentication_missing', ...(sent && { sent }) });
    return explainWorkloads(event, { clients, issuers });
  };
  assert.deepEqual(explained('a', []), ['no client has a workload']);
  const two = [
    { issuer: IDP, audience: 'a' },
    { issuer: IDP, audience: 'b' },
  ];
  assert.deepEqual(explained(['a', 'b'], two), [
    'the workload of c0 fits by its issuer and audience',
    'the workload of c1 fits by its issuer and audience',
  ]);
  const mesh = new Map([['mesh', client('mesh', { workload: { issuer: 'spiffe://prod.example', audience: 'a' } })]]);
  const ofMesh = (claims: Parameters<typeof recordSent>[0]) => {
    const sent = recordSent(claims);
    const event = newEvent({ reason: 'client_authentication_missing', ...(sent && { sent }) });
    return explainWorkloads(event, { clients: mesh, issuers });
  };
  const otherAudience = ['the workload of mesh does not fit: its audience is a'];
  assert.deepEqual(ofMesh({ trust_domain: 'prod.example', aud: 'b' }), otherAudience);
  assert.deepEqual(ofMesh({ iss: 'https://spire.example', trust_domain: 'prod.example', aud: 'b' }), otherAudience);
  assert.deepEqual(
    ofMesh({ iss: IDP, trust_domain: 'prod.example', aud: 'a' }),
    ['the workload of mesh does not fit: its issuer is spiffe://prod.example'],
    'an iss that has an entry decides',
  );
  const strangers = Array.from({ length: 12 }, (_, index) => ({ issuer: `${IDP}/${index}`, audience: 'a' }));
  const many = explained('x', [...strangers, { issuer: IDP, audience: 'a' }]);
  assert.equal(many[0], 'the workload of c12 does not fit: its audience is a');
  assert.equal(many[1], `the workload of c0 does not fit: its issuer is ${IDP}/0, and its audience is a`);
  assert.deepEqual([many.length, many.at(-1)], [11, '3 more workloads do not fit']);
});

test('points to the list that lacks a requested scope: of the rule, of the client, or of the target', () => {
  const place = (inRule: string[], inClient: string[], inTarget: string[]) => {
    const target = resource('api', { scopes: new Set(inTarget) });
    const caller = client('gateway', { scopes: new Set(inClient) });
    const parts = partsOf({ resources: [target], rules: [rule([target], { grant: { scopes: new Set(inRule) } })] });
    const event = newEvent({ client: 'gateway', rule: 'rule', audiencesAsked: ['api'], scopeAsked: ['write'] });
    const clients = Object.assign(new Map([['gateway', caller]]), { isDescribed: () => false });
    const context = { ...parts, clients, file: anyFile } as unknown as PlaceContext;
    return findPlace({ ...event, reason: 'scope_exceeded' }, context).place?.key;
  };
  assert.equal(place(['read'], ['read'], ['read']), 'rules[rule].grant.scopes');
  assert.equal(place(['write'], ['read'], ['read']), 'the registered client gateway.scopes');
  assert.equal(place(['write'], ['write'], ['read']), 'resources');
  assert.equal(place(['write'], ['write'], ['write']), 'rules[rule].grant.scopes', 'the subject token lacks it');
});
