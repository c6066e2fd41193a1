// The judge without a server, for validated tokens: each limit at its edge, and one step beyond.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsOf } from '../../src/narrowing/narrow.ts';
import type { Rule } from '../../src/policy/rule.ts';
import { formatAct, type Vouched, voucherEntry, vouchFor } from '../../src/primitives/principal.ts';
import {
  type Asked,
  ask,
  client,
  IDP,
  NOW,
  reasonOf,
  resource,
  rule,
  SELF,
  token,
  value,
  when,
} from '../support/judging.ts';

const api = resource('api');
const other = resource('other', { scopes: new Set(['write', 'read', 'pay']) });
const open = { resources: [api, other], rules: [rule([api, other])] };
const agent = token('agent', { expiresAt: NOW + 500 });
const ours = (sub: string): Vouched => vouchFor({ iss: SELF, sub });

test('decides all claims of the new token, and its ancestors', () => {
  const subject = token('ada', {
    lineage: ['parent'],
    actorLineage: ['helper'],
    authentication: { acr: 'gold', amr: ['pwd'] },
    extraClaims: { team: 'red', size: 1 },
  });
  const grant = { claims: [['size', value('2')] as const, ['gone', value('subject.claims.gone')] as const] };
  const { decision, trace } = ask({ ...open, rules: [rule([api, other], { grant })] }, { subject });
  assert.deepEqual(decision, {
    type: 'access_token',
    clientId: 'gateway',
    sub: 'ada',
    origin: undefined,
    targets: [api],
    scope: new Set(['read', 'write']),
    lifetime: 600,
    chain: [],
    mayAct: undefined,
    lineage: ['id-ada', 'parent'],
    actorLineage: ['helper'],
    authentication: { acr: 'gold', amr: ['pwd'] },
    extraClaims: { team: 'red', size: 2 },
    leashes: [],
    delegation: undefined,
    confirmation: undefined,
    rebound: undefined,
    uses: [],
    refresh: undefined,
  });
  assert.deepEqual([trace.rule, trace.targets, trace.mismatches], ['rule', ['api'], []]);
  assert.equal('shadows' in trace, false);
  assert.equal('facts' in trace, true, 'the claim that the rule reads is recorded, were it there');
  assert.equal('facts' in ask(open, {}).trace, false);
});

test('puts the actor before earlier actors, once, and never in the place of the subject', () => {
  const acted = ask(open, { subject: token('ada', { chain: [ours('tool')] }), actor: agent }).decision;
  assert.deepEqual(acted?.chain, [ours('agent'), ours('tool')]);
  const again = ask(open, { subject: token('ada', { chain: [ours('agent')] }), actor: agent }).decision;
  assert.deepEqual(again?.chain, [ours('agent')]);
  const known = vouchFor({ iss: IDP, sub: 'robot' });
  const robot = token('idp:robot', { origin: known });
  assert.deepEqual(ask(open, { subject: token('ada', { chain: [known] }), actor: robot }).decision?.chain, [known]);
  assert.deepEqual(ask(open, { subject: token('ada', { chain: [ours('x')] }) }).decision?.chain, [ours('x')]);
  const same = ask(open, { actor: token('ada') });
  assert.deepEqual(reasonOf(same), ['actor_is_subject', 'both are ada']);
  const unruled = ask({ ...open, rules: [] }, { actor: token('ada') });
  assert.equal(unruled.refusal?.reason, 'actor_is_subject', 'regardless of the rules');
  const renamed = ask(open, { subject: token('idp:ada', { origin: known }), actor: robot });
  assert.equal(renamed.refusal?.reason, 'actor_is_subject');
  const elsewhere = token('idp:ada', {
    principal: { iss: IDP, sub: 'ada' },
    clientId: undefined,
    audiences: ['gateway'],
  });
  assert.deepEqual(ask(open, { actor: elsewhere }).decision?.chain, [{ iss: IDP, sub: 'ada' }]);
});

test('makes the calling client the actor with act: client, unless another actor is named', () => {
  const world = { ...open, rules: [rule([api], { act: 'client' })] };
  assert.deepEqual(ask(world, {}).decision?.chain, [ours('gateway')]);
  assert.deepEqual(ask(world, { actor: agent }).decision?.chain, [ours('agent')]);
  assert.equal(ask(world, { subject: token('gateway') }).refusal?.reason, 'actor_is_subject');
  assert.equal(ask(open, { subject: token('gateway') }).refusal, undefined);
});

test('limits a chain to the depth of the rule and to 8 KiB', () => {
  const deep = (maxDepth: number, chain: readonly Vouched[], actor = agent) =>
    ask({ ...open, rules: [rule([api], { grant: { maxDepth } })] }, { subject: token('ada', { chain }), actor });
  assert.equal(deep(2, [ours('x')]).decision?.chain.length, 2);
  assert.deepEqual(reasonOf(deep(1, [ours('x')])), ['chain_too_deep', '2 actors, 1 allowed']);
  assert.deepEqual(deep(5, [ours('agent')]).decision?.chain, [ours('agent')]);
  const padded = (bytes: number): readonly Vouched[] => {
    const chain = Array.from({ length: 9 }, (_, index) => ours(`${index}`.repeat(800)));
    const missing = bytes - Buffer.byteLength(JSON.stringify(formatAct([ours('agent'), ...chain])));
    return [ours(`${'0'.repeat(800)}${'x'.repeat(missing)}`), ...chain.slice(1)];
  };
  assert.equal(deep(10, padded(8192)).decision?.chain.length, 10);
  assert.equal(reasonOf(deep(10, padded(8193))), 'chain_too_large');
  const wide = padded(8192).map(({ sub }) => ours(sub.replaceAll('x', 'é')));
  assert.equal(reasonOf(deep(10, wide)), 'chain_too_large', 'bytes are counted, not characters');
});

test('requires the actor to match every member of may_act', () => {
  const acts = (mayAct: Record<string, unknown>, asked: Asked = {}) =>
    ask(open, { subject: token('ada', { mayAct }), ...asked });
  const named = token('agent', { claims: { client_id: 'gateway', roles: ['a'] } });
  assert.equal(acts({ ...ours('agent') }, { actor: agent }).refusal, undefined);
  assert.equal(acts({ ...ours('agent'), roles: ['a'] }, { actor: named }).refusal, undefined);
  for (const mayAct of [
    { ...ours('agent'), roles: ['b'] },
    { ...ours('agent'), gone: undefined },
    { iss: IDP, sub: 'agent' },
    { ...ours('other') },
  ]) {
    const more = Object.keys(mayAct).slice(2);
    assert.deepEqual(reasonOf(acts(mayAct, { actor: named })), [
      'may_act',
      `it names ${mayAct.sub} of ${mayAct.iss}${more.length === 0 ? '' : ` (and ${more})`}; agent of ${SELF} would act`,
    ]);
  }
  const robot = token('idp:robot', { origin: { iss: IDP, sub: 'robot' } });
  assert.equal(acts({ iss: IDP, sub: 'robot' }, { actor: robot }).refusal, undefined);
  assert.equal(acts({ ...ours('idp:robot') }, { actor: robot }).refusal, undefined);
  assert.equal(acts({ ...ours('gateway') }).refusal, undefined, 'without an actor token the client acts');
  assert.equal(acts({ iss: SELF, client_id: 'gateway' }).refusal, undefined);
  assert.deepEqual(reasonOf(acts({ iss: SELF, client_id: 'x' })), [
    'may_act',
    `it names a party of ${SELF} (and client_id); gateway of ${SELF} would act`,
  ]);
});

test('copies may_act if no new actor is added, and omits it otherwise', () => {
  const mayAct = { ...ours('agent') };
  const subject = token('ada', { mayAct });
  assert.equal(ask(open, { subject, actor: agent }).decision?.mayAct, undefined);
  const acting = token('ada', { mayAct, chain: [ours('agent')] });
  assert.deepEqual(ask(open, { subject: acting, actor: agent }).decision?.mayAct, mayAct);
  const free = token('ada', { mayAct: { ...ours('gateway') } });
  assert.deepEqual(ask(open, { subject: free }).decision?.mayAct, ours('gateway'));
});

test('refuses with the reason of the rule that matched furthest, if none matches', () => {
  const stranger = token('ada', { clientId: 'stranger' });
  const actor = rule([api], { actor: { presence: 'required' } });
  const said = (rules: readonly ReturnType<typeof rule>[], asked: Asked) => reasonOf(ask({ ...open, rules }, asked));
  assert.equal(said([], {}), 'no_rule_for_subject');
  assert.equal(said([rule([api], { clients: new Set(['x']) })], {}), 'no_rule_for_subject');
  assert.equal(said([rule([api])], { subject: stranger }), 'no_rule_for_subject');
  const withoutToken = ['no_rule_for_actor', 'the request has no actor token'];
  assert.deepEqual(said([actor], {}), withoutToken);
  assert.equal(said([rule([api])], { audiences: ['other'] }), 'target_not_granted');
  assert.equal(said([rule([api])], { audiences: ['nothing'] }), 'target_unknown');
  assert.deepEqual(said([actor], { audiences: ['nothing'] }), withoutToken);
  assert.equal(said([rule([api])], { subject: stranger, audiences: ['nothing'] }), 'no_rule_for_subject');
  for (const rules of [
    [rule([api]), actor],
    [actor, rule([api])],
  ])
    assert.equal(said(rules, { audiences: ['other'] }), 'target_not_granted');
  assert.deepEqual(said([actor, rule([api], { mode: 'audit' })], { audiences: ['other'] }), withoutToken);
});

test('records what a rule in audit mode would have decided, without deciding', () => {
  const watched = (name: string, grant = {}) => rule([api], { name, mode: 'audit', grant });
  const rules = [
    watched('generous'),
    watched('jwt alone', { types: new Set(['jwt']) }),
    rule([api], { name: 'real', grant: { scopes: new Set(['read']) } }),
  ];
  const { decision, trace } = ask({ ...open, rules }, {});
  assert.deepEqual(decision?.scope, new Set(['read']));
  assert.equal(trace.rule, 'real');
  assert.deepEqual(trace.shadows, [
    { rule: 'generous', targets: ['api'], scope: ['read', 'write'] },
    { rule: 'jwt alone', reason: 'requested_token_type_not_granted' },
  ]);
  assert.deepEqual(trace.limits?.scope[1], { by: 'rule', scope: new Set(['read']) }, 'of the rule that decides alone');
  assert.equal(reasonOf(ask({ ...open, rules: rules.slice(0, 2) }, {})), 'no_rule_for_subject');
});

test('records what a rule in audit mode would do with the proof, and throws other errors', () => {
  const strict = resource('strict', { requireSenderConstraint: true });
  const watched = rule([strict], { mode: 'audit' });
  const world = { resources: [strict], rules: [watched] };
  assert.deepEqual(ask(world, {}, { confirmation: { jkt: 'k' } }).trace.shadows, [
    { rule: 'rule', targets: ['strict'], scope: ['read', 'write'] },
  ]);
  assert.deepEqual(ask(world, {}).trace.shadows, [{ rule: 'rule', reason: 'target_needs_proof' }]);
  const broken = { ...value('1'), evaluate: () => assert.fail('a fault of ours') };
  const faulty = rule([api], { mode: 'audit', grant: { claims: [['x', broken]] } });
  assert.throws(() => ask({ ...open, rules: [faulty] }, {}), /a fault of ours/);
});

test('grants the scopes that subject, client, rule and every target have in common', () => {
  const caller = client('gateway', { scopes: new Set(['write', 'read', 'pay']) });
  const world = {
    ...open,
    rules: [rule([api, other], { grant: { scopes: new Set(['read', 'write', 'pay', 'openid']) } })],
  };
  const scopes = (asked: Asked) => {
    const told = ask(world, { client: caller, ...asked });
    return told.decision ? [...told.decision.scope] : reasonOf(told);
  };
  const all = new Set(['pay', 'read', 'write', 'openid']);
  const both = ['api', 'other'];
  assert.deepEqual(scopes({ subject: token('ada', { scope: all }) }), ['read', 'write']);
  assert.deepEqual(scopes({ subject: token('ada', { scope: all }), audiences: ['other'] }), ['pay', 'read', 'write']);
  assert.deepEqual(scopes({ subject: token('ada', { scope: all }), audiences: both }), ['read', 'write']);
  assert.deepEqual(scopes({ subject: token('ada', { scope: 'unbounded' }), audiences: ['other'] }), [
    'write',
    'read',
    'pay',
  ]);
  assert.deepEqual(scopes({ subject: token('ada', { scope: new Set(['write']) }) }), ['write']);
  assert.deepEqual(scopes({ scope: new Set(['write']) }), ['write']);
  assert.deepEqual(scopes({ scope: new Set(['pay', 'read', 'none']) }), [
    'scope_exceeded',
    'not allowed: pay (missing in the subject, api), none (missing in the subject, the client, the rule, api)',
  ]);
  const secret = `cambio_rt_${'x'.repeat(50)}`;
  assert.match(String(scopes({ scope: new Set([secret]) })), /^scope_exceeded,not allowed: \[withheld\] /);
  assert.equal(scopes({ subject: token('ada', { scope: new Set(['other']) }) }), 'scope_empty');
  const narrow = client('gateway', { scopes: new Set(['pay']) });
  assert.equal(scopes({ client: narrow }), 'scope_empty');
});

test('grants no scope at an API without scopes, and no sign-in scopes to any token', () => {
  const plain = resource('plain', { scopes: new Set() });
  const signIn = ['openid', 'profile', 'email', 'offline_access'];
  const identity = resource('identity', { scopes: new Set([...signIn, 'read']) });
  const grant = { scopes: new Set([...signIn, 'read']) };
  const world = { resources: [plain, identity], rules: [rule([plain, identity], { grant })] };
  const subject = token('ada', { scope: new Set([...signIn, 'read']) });
  assert.deepEqual(ask(world, { subject }).decision?.scope, new Set());
  assert.deepEqual(ask(world, { subject, audiences: ['identity'] }).decision?.scope, new Set(['read']));
  assert.deepEqual(reasonOf(ask(world, { subject, audiences: ['identity'], scope: new Set(signIn) })), [
    'scope_exceeded',
    `not allowed: ${signIn.join(', ')}`,
  ]);
  assert.deepEqual(reasonOf(ask(world, { subject, audiences: ['plain', 'identity'] })), 'scope_empty');
  const asked = new Set<string>();
  assert.equal(ask(world, { subject, audiences: ['identity'], scope: asked }).decision?.scope, asked);
});

test('limits the lifetime by subject, actor, rule and every target, to one second or more', () => {
  const short = resource('short', { token: { lifetime: 60 } });
  const lifetime = (asked: Asked, limit?: number) =>
    ask({ resources: [api, short], rules: [rule([api, short], { grant: { lifetime: limit } })] }, asked).decision
      ?.lifetime;
  assert.equal(lifetime({}), 600);
  assert.equal(lifetime({ actor: agent }), 500);
  assert.equal(lifetime({ actor: agent }, 300), 300);
  assert.equal(lifetime({ actor: agent, audiences: ['api', 'short'] }, 300), 60);
  assert.equal(lifetime({ subject: token('ada', { expiresAt: NOW + 9000 }) }), 3600);
  assert.equal(lifetime({ subject: token('ada', { expiresAt: NOW }) }), 1);
  assert.equal(lifetime({ subject: token('ada', { expiresAt: NOW + 2 }) }), 2);
});

test('records each limit of a token with who sets it', () => {
  const world = { ...open, rules: [rule([api], { grant: { lifetime: 900 } })] };
  const caller = client('gateway', { scopes: new Set(['read']) });
  const scope = new Set(['read', 'write']);
  assert.deepEqual(ask(world, { actor: agent, client: caller }).trace.limits, {
    scope: [
      { by: 'subject', scope },
      { by: 'client', scope: new Set(['read']) },
      { by: 'rule', scope },
      { by: 'api', scope },
    ],
    lifetime: [
      { by: 'rule', seconds: 900 },
      { by: 'subject', seconds: 600 },
      { by: 'actor', seconds: 500 },
      { by: 'api', seconds: 3600 },
    ],
    audiences: 'unbounded',
    signIn: new Set(),
  });
  const { scope: ofClient, lifetime } = limitsOf({
    ...{ subject: 'unbounded', actor: 'unbounded', rule: 'unbounded', family: 'unbounded' },
    ...{ delegation: 'unbounded', renewed: 'unbounded', operator: 'unbounded', signIn: new Set<string>() },
    client: caller,
    targets: [],
    now: NOW,
  });
  assert.deepEqual(
    [ofClient.map(({ by }) => by), lifetime],
    [['client'], []],
    'a client alone has no subject and no rule',
  );
  const told = ask(open, { subject: token('ada', { scope: 'unbounded' }) }).trace.limits;
  assert.deepEqual(
    [told?.scope.map(({ by }) => by), told?.lifetime.map(({ by }) => by)],
    [
      ['rule', 'api'],
      ['subject', 'api'],
    ],
  );
});

test('refuses targets with different token formats, algorithms or keys in one request', () => {
  const secret = { kid: 'k', alg: 'HS256', key: Buffer.alloc(32) } as never;
  const shapes = {
    opaque: resource('opaque', { token: { format: 'opaque' } }),
    edwards: resource('edwards', { token: { alg: 'Ed25519' } }),
    secret: resource('secret', { token: { secret } }),
  };
  const twin = resource('twin', { token: { secret } });
  const all = [api, other, ...Object.values(shapes), twin] as const;
  const world = { resources: all, rules: [rule([...all])] };
  for (const name of Object.keys(shapes)) {
    for (const audiences of [
      ['api', name],
      ['api', 'other', name],
    ])
      assert.match(String(reasonOf(ask(world, { audiences }))), /^targets_disagree,api \(jwt, ES256\) and /, name);
    assert.equal(ask(world, { audiences: [name] }).refusal, undefined, name);
  }
  assert.equal(ask(world, { audiences: ['secret', 'twin'] }).refusal, undefined);
  assert.deepEqual(ask(world, { audiences: ['other', 'api', 'api'] }).decision?.targets, [other, api]);
});

test('requires a proof for a target without bearer tokens, and an acr of the subject for a target that needs it', () => {
  const strict = resource('strict', { requireSenderConstraint: true });
  const gold = resource('gold', { requiredAcr: new Set(['gold', 'platinum']) });
  const world = { resources: [api, strict, gold], rules: [rule([api, strict, gold])] };
  assert.deepEqual(reasonOf(ask(world, { audiences: ['api', 'strict'] })), [
    'target_needs_proof',
    'strict takes no bearer tokens',
  ]);
  const proven = ask(world, { audiences: ['strict'] }, { confirmation: { jkt: 'k' } }).decision;
  assert.deepEqual(proven?.confirmation, { jkt: 'k' });
  for (const authentication of [{}, { acr: 'silver' }, { acr: ['gold'] }]) {
    const subject = token('ada', { authentication });
    const has = authentication.acr === 'silver' ? 'acr is silver' : 'the subject has no acr';
    const refused = ['target_needs_acr', `gold needs gold or platinum; ${has}`];
    assert.deepEqual(reasonOf(ask(world, { subject, audiences: ['api', 'gold'] })), refused);
    assert.equal(ask(world, { subject, audiences: ['api'] }).refusal, undefined);
  }
  for (const acr of ['gold', 'platinum'])
    assert.equal(
      ask(world, { subject: token('ada', { authentication: { acr } }), audiences: ['gold'] }).refusal,
      undefined,
    );
});

const TOO_LONG = ['lineage_too_long', '16 are allowed'];

test('limits a token to sixteen ancestors of its own and sixteen of its actors, each once', () => {
  const ids = (prefix: string, length: number): string[] => Array.from({ length }, (_, index) => `${prefix}${index}`);
  const subject = (length: number) => token('ada', { lineage: ids('s', length) });
  assert.equal(ask(open, { subject: subject(15) }).decision?.lineage.length, 16);
  assert.deepEqual(reasonOf(ask(open, { subject: subject(16) })), TOO_LONG);
  const refresh = { requestedType: 'refresh_token' } as const;
  assert.equal(ask(open, { subject: subject(14), ...refresh }).decision?.lineage.length, 15);
  assert.deepEqual(reasonOf(ask(open, { subject: subject(15), ...refresh })), TOO_LONG, 'the family counts');
  const actor = token('agent', { lineage: ['a', 'b'], actorLineage: ['b', 'c'] });
  assert.deepEqual(ask(open, { subject: token('ada', { actorLineage: ['c', 'd'] }), actor }).decision?.actorLineage, [
    ...['id-agent', 'a', 'b', 'c', 'd'],
  ]);
  const busy = (length: number) => token('agent', { lineage: ids('a', length) });
  assert.equal(ask(open, { actor: busy(15) }).decision?.actorLineage.length, 16);
  assert.deepEqual(reasonOf(ask(open, { actor: busy(16) })), TOO_LONG);
});

test('records names of actors that act does not contain as digests, sixteen or fewer beside the ids', () => {
  const crowd = (length: number) =>
    Array.from({ length }, (_, index) => vouchFor({ iss: 'https://us.example', sub: `c${index}` }));
  const busy = (length: number) => token('agent', { chain: crowd(length) });
  const delegating = (length: number) =>
    ask({ ...open, rules: [rule([api], { actor: { delegated: 'allow' } })] }, { actor: busy(length) });
  const lineage = delegating(16).decision?.actorLineage ?? [];
  assert.deepEqual([lineage.length, new Set(lineage).size], [18, 18]);
  assert.ok(lineage.slice(1, -1).every((entry) => /^[\w-]{43}$/.test(entry)));
  assert.equal(lineage.at(-1), voucherEntry('https://us.example'), 'and the issuer that vouched for them');
  assert.deepEqual(reasonOf(delegating(17)), TOO_LONG);
});

test('grants only the requested types of the rule, and refresh tokens only to clients that may refresh', () => {
  const world = { ...open, rules: [rule([api], { grant: { types: new Set(['jwt', 'refresh_token']) } })] };
  const caller = client('gateway', { grants: new Set(['token_exchange']) });
  assert.deepEqual(reasonOf(ask(world, {})), [
    'requested_token_type_not_granted',
    'access_token was asked for, and “rule” grants jwt, refresh_token',
  ]);
  assert.equal(ask(world, { requestedType: 'jwt', client: caller }).decision?.type, 'jwt');
  assert.equal(ask(world, { requestedType: 'refresh_token' }).decision?.type, 'refresh_token');
  assert.equal(
    reasonOf(ask(world, { requestedType: 'refresh_token', client: caller })),
    'requested_token_type_needs_grant',
  );
});

test('remembers the facts to evaluate the rules again with a refresh token', () => {
  const origin = { iss: IDP, sub: 'ada' };
  const subject = token('idp:ada', {
    origin,
    extraClaims: { team: 'red' },
    claims: { tenant: 'blue' },
    authentication: { acr: 'gold' },
    chain: [ours('tool')],
  });
  const grant = { refreshToken: 'beside', refreshLifetime: 90, claims: [['size', value('2')] as const] } as const;
  const world = { ...open, rules: [rule([api], { grant })] };
  const { decision } = ask(world, { subject, actor: agent });
  const remembered = {
    type: 'access_token',
    sub: 'idp:ada',
    origin,
    scope: ['read', 'write'],
    targets: ['api'],
    chain: [ours('agent'), ours('tool')],
    mayAct: undefined,
    lineage: ['id-idp:ada'],
    actorLineage: ['id-agent'],
    authentication: { acr: 'gold' },
    delegation: undefined,
    extraClaims: { team: 'red' },
    subject: {
      principal: ours('idp:ada'),
      origin,
      type: 'access_token',
      clientId: 'gateway',
      audiences: [],
      chain: [ours('tool')],
      claims: { tenant: 'blue' },
    },
    agreedAudiences: 'unbounded',
    bound: { subject: undefined, actor: undefined },
    actor: {
      principal: ours('agent'),
      origin: undefined,
      type: 'access_token',
      clientId: 'gateway',
      audiences: [],
      chain: [],
      claims: { ...ours('agent') },
    },
  };
  assert.deepEqual(decision?.refresh, { kind: 'new', lifetime: 90, grant: remembered });
  assert.deepEqual(decision?.extraClaims, { team: 'red', size: 2 });
  const typeOf = (requestedType: 'jwt' | 'refresh_token') => {
    const refresh = ask(world, { requestedType }).decision?.refresh;
    return refresh?.kind === 'new' && [refresh.grant.type, refresh.grant.actor];
  };
  assert.deepEqual(typeOf('jwt'), ['jwt', undefined]);
  assert.deepEqual(typeOf('refresh_token'), ['access_token', undefined]);
  const caller = client('gateway', { grants: new Set(['token_exchange']) });
  assert.equal(ask(world, { client: caller }).decision?.refresh, undefined, 'a client that may not refresh gets none');
});

test('consumes single-use tokens in either role', () => {
  const once = (id: string) => ({ singleUse: { id, expiresAt: NOW + 60 } });
  const uses = (asked: Asked) => ask(open, asked).decision?.uses;
  const use = (role: string, id: string) => ({ id, expiresAt: NOW + 60, replayed: `${role}_token_replayed` });
  assert.deepEqual(uses({ subject: token('ada', once('s')) }), [use('subject', 's')]);
  assert.deepEqual(uses({ actor: token('agent', once('a')) }), [use('actor', 'a')]);
  assert.deepEqual(uses({ subject: token('ada', once('s')), actor: token('agent', once('a')) }), [
    use('subject', 's'),
    use('actor', 'a'),
  ]);
});

const key = (jkt: string) => ({ jkt });
const bound = (sub: string, jkt = 'one') => token(sub, { confirmation: key(jkt) });
const unproven = 'it is bound to the DPoP key one: the request does not prove it';
const unloosed =
  'it is bound to the DPoP key one: the rule accepts it without that key, but does not grant an unbound token for it (rebind)';

test('requires the proof of a bound token, unless the rule accepts it without', () => {
  const accept = { subject: { constrained: 'accept' }, actor: { constrained: 'accept' } } as const;
  const told = (rules: Parameters<typeof rule>[1], asked: Asked, proven?: string) => {
    const world = { ...open, rules: [rule([api], rules)] };
    const answer = ask(world, asked, { confirmation: proven === undefined ? undefined : key(proven) });
    return answer.decision ? [answer.decision.confirmation, answer.decision.rebound] : reasonOf(answer);
  };
  const subject = { subject: bound('ada') };
  const actor = { actor: bound('agent') };
  assert.deepEqual(told({}, subject, 'one'), [key('one'), undefined]);
  assert.deepEqual(told({}, actor, 'one'), [key('one'), undefined]);
  assert.deepEqual(told({}, subject), ['subject_token_bound', unproven]);
  assert.deepEqual(told({}, subject, 'two'), ['subject_token_bound', unproven]);
  assert.deepEqual(told({}, actor), ['actor_token_bound', unproven]);
  assert.deepEqual(told({ rebind: 'bearer' }, subject), ['subject_token_bound', unproven]);
  assert.deepEqual(told({ subject: accept.subject }, { ...subject, ...actor }), ['actor_token_bound', unproven]);
  assert.deepEqual(told(accept, subject, 'two'), [key('two'), 'key']);
  assert.deepEqual(told(accept, { subject: bound('ada', 'two'), ...actor }, 'two'), [key('two'), 'key']);
  assert.deepEqual(told(accept, { ...subject, ...actor }, 'one'), [key('one'), undefined]);
  assert.deepEqual(told(accept, subject), ['subject_token_bound', unloosed]);
  assert.deepEqual(told(accept, actor), ['actor_token_bound', unloosed]);
  assert.deepEqual(told({ ...accept, rebind: 'bearer' }, subject), [undefined, 'bearer']);
  assert.deepEqual(told({}, {}, 'two'), [key('two'), undefined]);
  assert.deepEqual(told({}, {}), [undefined, undefined]);
});

test('assumes the key that the request would have to prove, in an explanation', () => {
  const strict = resource('strict', { requireSenderConstraint: true });
  const needed = (rules: Parameters<typeof rule>[1], asked: Asked) => {
    const world = { resources: [api, strict], rules: [rule([api, strict], rules)] };
    const { decision } = ask(world, asked, { proof: 'assumed' });
    assert.ok(decision);
    return decision.confirmation;
  };
  const own = key('(of the caller)');
  const accept = { subject: { constrained: 'accept' } } as const;
  assert.equal(needed({}, {}), undefined);
  assert.deepEqual(needed({}, { subject: bound('ada') }), key('one'));
  assert.deepEqual(needed(accept, { subject: bound('ada') }), own);
  assert.equal(needed({ ...accept, rebind: 'bearer' }, { subject: bound('ada') }), undefined);
  assert.deepEqual(
    needed({ ...accept, rebind: 'bearer' }, { subject: bound('ada'), actor: bound('agent', 'two') }),
    key('two'),
  );
  assert.deepEqual(needed({}, { client: client('gateway', { dpopBoundAccessTokens: true }) }), own);
  assert.deepEqual(needed({}, { client: client('gateway', { certificateBoundAccessTokens: true }) }), own);
  assert.deepEqual(needed({}, { audiences: ['api', 'strict'] }), own);
  assert.equal(needed({ rebind: 'bearer' }, {}), undefined);
});

test('evaluates conditions on the targets and scope that would be granted, the new chain, and the time', () => {
  const located = resource('https://api.example', { locations: ['https://api.example/v1'] });
  const world = { resources: [located, other], rules: [] };
  const decides = (text: string, asked: Asked, grant?: Partial<Rule['grant']>) =>
    ask({ ...world, rules: [rule([located, other], { when: when(text), ...(grant && { grant }) })] }, asked).refusal ===
    undefined;
  const spellings: readonly Asked[] = [
    {},
    { audiences: ['https://api.example'] },
    { audiences: ['https://api.example/'] },
    { audiences: ['HTTPS://API.EXAMPLE'] },
    { resources: [new URL('https://api.example/v1/x?y')] },
    { audiences: ['https://api.example'], resources: [new URL('https://api.example/v1')] },
  ];
  for (const asked of spellings) {
    assert.equal(decides('targets == ["https://api.example"] && scope == ["read", "write"]', asked), true);
    assert.equal(decides('!("https://api.example" in targets)', asked), false, JSON.stringify(asked));
    assert.equal(decides('request.audiences == targets && request.scope == scope', asked), true);
    assert.equal(decides('request.resources == ["https://api.example/v1"]', asked), true);
    assert.equal(decides('!("write" in scope)', asked), false);
    assert.equal(decides('!("write" in scope)', { ...asked, scope: new Set(['read']) }), true);
    assert.equal(decides('scope == ["read"]', asked, { scopes: new Set(['read']) }), true);
    const subject = token('ada', { scope: new Set(['read']) });
    assert.equal(decides('scope == ["read"]', { ...asked, subject }), true);
    assert.equal(
      decides('scope == ["read"]', { ...asked, client: client('gateway', { scopes: new Set(['read']) }) }),
      true,
    );
  }
  for (const audiences of [
    ['https://api.example', 'other'],
    ['other', 'https://api.example/'],
  ])
    assert.equal(
      decides('targets == ["https://api.example", "other"]', { audiences }),
      true,
      'in the order of the rule',
    );
  for (const scope of [new Set(['read', 'write']), new Set(['write', 'read'])])
    assert.equal(decides('scope == ["read", "write"]', { scope }), true, 'in the order of the rule');
  const more = ask(
    { ...world, rules: [rule([other], { when: when('scope == ["read"]'), grant: { scopes: new Set(['read']) } })] },
    { scope: new Set(['read', 'write']) },
  );
  assert.equal(reasonOf(more)?.[0], 'scope_exceeded', 'a larger request does not select another rule');
  assert.equal(decides('request.requested_token_type == "jwt"', { requestedType: 'jwt' }), true);
  assert.equal(
    decides(`chain[0].sub == "agent" && chain[1].iss == "${SELF}"`, {
      subject: token('ada', { chain: [ours('x')] }),
      actor: agent,
    }),
    true,
  );
  assert.equal(decides(`now == ${NOW} && client.id == "gateway"`, {}), true);
});
