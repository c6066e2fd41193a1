// Which rule decides, and what of the others did not match? The rules alone, without a server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from '../../src/expression/condition.ts';
import { indexResources, normalAudience, parseResourceUri } from '../../src/narrowing/targets.ts';
import { decide, type RuleDecision } from '../../src/policy/decide.ts';
import type { Permit } from '../../src/policy/evaluate-rule.ts';
import { type Facts, offerOf, parsePath, RuleFacts, readClaims, sharedFacts } from '../../src/policy/facts.ts';
import { compilePolicy } from '../../src/policy/policy.ts';
import type { Rule } from '../../src/policy/rule.ts';
import { indexRules } from '../../src/policy/rule-index.ts';
import { vouchFor } from '../../src/primitives/principal.ts';
import { redactValue } from '../../src/primitives/redact.ts';
import { IDP, NOW, resource, rule, SELF, token, types, value, when } from '../support/judging.ts';

const api = resource('api');
const other = resource('other');
const plain: Facts = {
  client: { id: 'gateway', resource: undefined, scopes: 'unbounded' },
  subject: token('ada'),
  actor: undefined,
  chain: [],
  targets: [],
  scope: undefined,
  family: 'unbounded',
  clientActs: () => ({ actor: undefined, chain: [] }),
  requestedType: 'access_token',
  now: NOW,
};
const foreign = token('ada', { principal: { iss: IDP, sub: 'ada' }, type: 'jwt', clientId: undefined });
const agent = token('agent');

function ruled(
  rules: readonly Rule[],
  facts: Partial<Facts> = {},
): RuleDecision & { readonly permit: Permit | undefined } {
  const decision = decide(compilePolicy(SELF, rules, []), { ...plain, ...facts });
  const { outcome } = decision;
  return { ...decision, permit: outcome?.kind === 'permit' ? outcome : undefined };
}

/** By the beginning of the mismatch. A rule's own `when` is not listed: it counts for the actor or, without one, for the subject. */
const PART_OF = new Map(Object.entries({ subject: 'subject', actor: 'actor', unknown: 'target', grant: 'target' }));

/** What keeps the one rule from matching. */
function missOf(parts: Parameters<typeof rule>[1], facts: Partial<Facts> = {}): string | undefined {
  const { permit, mismatches, furthest } = ruled([rule([api], parts)], facts);
  assert.equal(mismatches.length, permit === undefined ? 1 : 0);
  const [miss] = mismatches;
  if (miss === undefined) return undefined;
  assert.equal(miss.rule, 'rule');
  const part = PART_OF.get(/^\w+/.exec(miss.what)?.[0] ?? '');
  if (part !== undefined) assert.deepEqual([miss.part, furthest], [part, part]);
  return miss.problem === undefined ? miss.what : `${miss.what}: ${miss.problem}`;
}

test('a rule asks where a token comes from, of which type it is and to whom it was issued', () => {
  const names = (...all: string[]): ReadonlySet<string> => new Set(all);
  for (const [part, facts] of [
    ['subject', (one: typeof agent) => ({ subject: one })],
    ['actor', (one: typeof agent) => ({ actor: one })],
  ] as const) {
    const miss = (pattern: Partial<Rule['subject']>, one: typeof agent) => missOf({ [part]: pattern }, facts(one));
    assert.equal(miss({ issuers: names(IDP) }, agent), `${part}.issuer`);
    assert.equal(miss({ issuers: names(IDP, SELF) }, agent), undefined);
    assert.equal(miss({ issuers: names(IDP) }, foreign), undefined);
    assert.equal(miss({ types: types('jwt') }, agent), `${part}.types`);
    assert.equal(miss({ types: types('jwt', 'access_token') }, agent), undefined);
    assert.equal(miss({ clients: names('x') }, agent), `${part}.clients`);
    assert.equal(miss({ clients: names('x', 'gateway') }, agent), undefined);
    assert.equal(miss({ clients: names('gateway') }, { ...foreign, clientId: 'gateway' }), `${part}.clients`);
    assert.equal(miss({ clients: names('undefined') }, { ...agent, clientId: undefined }), `${part}.clients`);
  }
});

test('a rule without types takes access tokens of ours alone, and of others what their issuer may send', () => {
  for (const [part, facts] of [
    ['subject', (one: typeof agent) => ({ subject: one })],
    ['actor', (one: typeof agent) => ({ actor: one })],
  ] as const) {
    const issuers = new Set([SELF, IDP]);
    const miss = (of: typeof agent, type: string) => missOf({ [part]: { issuers } }, facts({ ...of, type }));
    assert.equal(miss(agent, 'access_token'), undefined);
    for (const type of ['id_token', 'refresh_token', 'jwt', 'saml2']) {
      assert.equal(miss(agent, type), `${part}.types`, type);
      assert.equal(miss(foreign, type), undefined, type);
    }
    const named = { [part]: { issuers, types: types('id_token') } };
    assert.equal(missOf(named, facts({ ...agent, type: 'id_token' })), undefined);
    assert.equal(missOf(named, facts({ ...foreign, type: 'jwt' })), `${part}.types`);
  }
});

test('the caller must have a claim on a token, or the rule name where it comes from', () => {
  const strange = token('ada', { clientId: 'stranger' });
  const issuers = new Set([SELF, IDP]);
  assert.equal(missOf({}), undefined);
  assert.equal(missOf({}, { subject: strange }), 'subject.origin');
  assert.equal(
    missOf({ subject: { issuers } }, { subject: strange }),
    'subject.origin',
    'self does not name an origin',
  );
  assert.equal(missOf({ subject: { clients: new Set(['stranger']) } }, { subject: strange }), undefined);
  assert.equal(missOf({}, { subject: { ...strange, audiences: ['x', 'gateway'] } }), undefined);
  assert.equal(missOf({}, { subject: { ...strange, audiences: ['urn:us'] } }), 'subject.origin');
  const api1 = { client: { id: 'gateway', resource: 'urn:us', scopes: 'unbounded' } } as const;
  assert.equal(missOf({}, { ...api1, subject: { ...strange, audiences: ['urn:us'] } }), undefined);
  assert.equal(missOf({}, { subject: foreign }), 'subject.origin');
  assert.equal(
    missOf({}, { subject: { ...foreign, clientId: 'gateway' } }),
    'subject.origin',
    'their gateway is not ours',
  );
  assert.equal(missOf({}, { subject: { ...foreign, audiences: ['gateway'] } }), undefined);
  assert.equal(missOf({ subject: { issuers } }, { subject: foreign }), undefined);
  assert.equal(missOf({}, { actor: strange }), 'actor.origin');
  assert.equal(missOf({}, { actor: agent }), undefined);
});

test('a rule may require an actor, forbid one, and refuse one for whom somebody acts', () => {
  const acted = token('agent', { chain: [vouchFor({ iss: SELF, sub: 'tool' })] });
  assert.equal(missOf({ actor: { presence: 'required' } }), 'actor.required');
  assert.equal(missOf({ actor: { presence: 'required' } }, { actor: agent }), undefined);
  assert.equal(missOf({ actor: { presence: 'forbidden' } }), undefined);
  assert.equal(missOf({ actor: { presence: 'forbidden' } }, { actor: agent }), 'actor.forbidden');
  assert.equal(missOf({}, { actor: acted }), 'actor.delegated');
  assert.equal(missOf({ actor: { delegated: 'allow' } }, { actor: acted }), undefined);
});

test('conditions of the subject, of the actor where there is one, and of the whole', () => {
  const red = when('subject.claims.tenant == "red"');
  const inRed = token('ada', { claims: { tenant: 'red' } });
  const missing = 'subject.claims.tenant is missing';
  assert.equal(missOf({ subject: { when: red } }, { subject: inRed }), undefined);
  assert.equal(missOf({ subject: { when: red } }), `subject.when: ${missing}`);
  assert.equal(
    missOf({ subject: { when: red } }, { subject: token('ada', { claims: { tenant: 'blue' } }) }),
    'subject.when',
  );
  const byAgent = when('actor.sub == "agent"');
  assert.equal(missOf({ actor: { when: byAgent } }), undefined, 'nobody acts, so nothing is asked of the actor');
  assert.equal(missOf({ actor: { when: byAgent } }, { actor: agent }), undefined);
  assert.equal(missOf({ actor: { when: byAgent } }, { actor: token('robot') }), 'actor.when');
  assert.equal(missOf({ when: red }, { subject: inRed }), undefined);
  assert.equal(missOf({ when: red }), `when: ${missing}`);
  assert.equal(ruled([rule([api], { when: red })]).furthest, 'subject', 'without an actor it speaks of the subject');
  assert.equal(ruled([rule([api], { when: red })], { actor: agent }).furthest, 'actor');
});

test('targets are granted all together, and what is not registered never is', () => {
  assert.equal(missOf({}, { targets: [api] }), undefined);
  assert.equal(missOf({}, { targets: [api, other] }), 'grant.audiences');
  assert.equal(missOf({}, { targets: 'unknown' }), 'unknown target');
  assert.deepEqual(ruled([rule([api, other])]).permit?.targets, [api], 'the first is the default');
  assert.deepEqual(ruled([rule([api, other])], { targets: [other] }).permit?.targets, [other]);
  assert.deepEqual(ruled([rule([api, other])], { targets: [other, api] }).permit?.targets, [other, api]);
});

test('the first rule that matches decides, and those before it say why they did not', () => {
  const rules = [
    rule([api], { name: 'of others', clients: new Set(['x']) }),
    rule([api], { name: 'with actor', actor: { presence: 'required' } }),
    rule([api], { name: 'watched', mode: 'audit' }),
    rule([api], { name: 'first' }),
    rule([api], { name: 'second' }),
  ];
  const { permit, furthest, mismatches, shadows } = ruled(rules);
  assert.deepEqual([permit?.rule.name, furthest], ['first', 'target']);
  assert.deepEqual(mismatches, [{ rule: 'with actor', part: 'actor', what: 'actor.required' }]);
  assert.deepEqual(
    shadows.map(({ rule }) => rule.name),
    ['watched'],
  );
  const nobody = ruled(rules, { client: { id: 'nobody', resource: undefined, scopes: 'unbounded' } });
  assert.deepEqual([nobody.permit, nobody.furthest, nobody.mismatches, nobody.shadows], [undefined, 'client', [], []]);
  assert.equal(ruled(rules.slice(0, 3)).furthest, 'actor', 'what is only watched does not count');
});

test('many rules are looked up by issuer, client and target, and decide as if each were read', () => {
  const crowd = (length: number, parts: (index: number) => Parameters<typeof rule>[1], targets = [other] as const) =>
    Array.from({ length }, (_, index) => rule(targets, { name: `crowd ${index}`, ...parts(index) }));
  const elsewhere = crowd(40, (index) => ({ subject: { issuers: new Set([`https://${index}.example`]) } }));
  const others = crowd(40, (index) => ({ subject: { clients: new Set([`client-${index}`]) } }));
  const last = rule([api], { name: 'last' });
  const named = rule([api], { name: 'named', subject: { issuers: new Set([IDP]) } });
  const nameOf = (rules: readonly Rule[], facts: Partial<Facts> = {}) => ruled(rules, facts).permit?.rule.name;
  assert.equal(nameOf([...elsewhere, last]), 'last');
  assert.deepEqual(ruled([...elsewhere, last]).mismatches, [], 'rules for other clients are skipped');
  assert.equal(nameOf([...elsewhere, named, last], { subject: foreign }), 'named');
  assert.equal(nameOf([...elsewhere, last, named]), 'last');
  assert.equal(nameOf([...others, last]), 'last');
  const seventh = token('ada', { clientId: 'client-7', audiences: ['gateway'] });
  assert.equal(nameOf([...others, last], { subject: seventh }), 'crowd 7');
  const alien = { ...foreign, clientId: 'client-7', audiences: ['gateway'] };
  assert.equal(nameOf([...others, last], { subject: alien }), 'last', 'their client-7 is not ours');
  assert.deepEqual(ruled([...others, last], { subject: alien }).mismatches, []);
  const nameless = token('ada', { clientId: undefined, audiences: ['gateway'] });
  assert.equal(nameOf([...others, last], { subject: nameless }), 'last');
  const elsewhereToo = crowd(40, () => ({}));
  assert.equal(nameOf([...elsewhereToo, last], { targets: [api] }), 'last');
  assert.deepEqual(ruled([...elsewhereToo, last], { targets: [api] }).mismatches, []);
  assert.equal(nameOf([...elsewhereToo, last], { targets: [other] }), 'crowd 0');
  assert.equal(nameOf([...elsewhereToo, last]), 'crowd 0');
  assert.equal(ruled([...elsewhereToo, last], { targets: 'unknown' }).furthest, 'target');
  const missed = ruled([...elsewhere, last, named], { subject: foreign }).mismatches;
  assert.deepEqual(
    missed.map((one) => one.rule),
    ['last'],
  );
  assert.equal(ruled([...elsewhere.slice(0, 31), last]).mismatches.length, 31, 'so few are read');
  assert.equal(ruled([...elsewhere.slice(0, 32), last]).mismatches.length, 0);
  assert.deepEqual(
    indexRules([...elsewhere, last])
      .get('gateway')
      ?.naming({}),
    [...elsewhere, last],
  );
  const late = crowd(60, (index) => ({
    subject: { issuers: new Set([index % 2 === 0 ? SELF : IDP]) },
    when: when('now < 1'),
  }));
  const read = ruled([...late, last]).mismatches.map((one) => one.rule);
  assert.deepEqual(
    read,
    Array.from({ length: 30 }, (_, index) => `crowd ${index * 2}`),
    'in the order of the file',
  );
});

test('of very many rules the first hundred are told, and the furthest of all speaks', () => {
  const rules = Array.from({ length: 101 }, (_, index) =>
    rule([api], { name: `${index}`, actor: { presence: index === 100 ? 'forbidden' : 'required' } }),
  );
  const { furthest, mismatches } = ruled(rules, { targets: [other] });
  assert.deepEqual([furthest, mismatches.length, mismatches.at(-1)?.rule], ['target', 100, '99']);
  assert.equal(ruled(rules.slice(0, 32)).mismatches.length, 32, 'few rules are read, each of them');
});

test('conditions read the facts under fixed names, made once', () => {
  const placed = resource('placed', { locations: ['https://placed.example'] });
  const subject = token('ada', { clientId: undefined, audiences: ['api'], claims: { tenant: 'red' } });
  const facts: Facts = {
    ...plain,
    subject,
    actor: agent,
    chain: [{ iss: SELF, sub: 'agent', extra: 1 } as never],
    targets: [placed],
    scope: new Set(['write', 'read', 'pay']),
    requestedType: 'jwt',
  };
  const granting = rule([other, placed]);
  const read = (one: Facts, of: Rule) => {
    const made = new RuleFacts(sharedFacts(one), one, offerOf(of, one, new Budget()));
    return { ...made, targets: made.targets, scope: made.scope, request: made.request };
  };
  assert.deepEqual(read(facts, granting), {
    subject: { iss: SELF, sub: 'ada', type: 'access_token', aud: ['api'], claims: { tenant: 'red' } },
    actor: {
      iss: SELF,
      sub: 'agent',
      type: 'access_token',
      client_id: 'gateway',
      aud: [],
      claims: { iss: SELF, sub: 'agent' },
    },
    client: { id: 'gateway' },
    targets: ['placed'],
    scope: ['read', 'write'],
    request: {
      audiences: ['placed'],
      resources: ['https://placed.example'],
      scope: ['read', 'write'],
      requested_token_type: 'jwt',
    },
    chain: [{ iss: SELF, sub: 'agent' }],
    now: NOW,
  });
  assert.deepEqual(read(plain, granting).actor, {});
  const { facts: lazy } = ruled([rule([api])]);
  assert.equal(lazy(), lazy());
});

test('the claims that rules read are recorded, each once, and what looks like a token is withheld', () => {
  const team = 'subject.claims["https://x.example/\\"team\\""]';
  const rules = [
    rule([api], { subject: { when: when('subject.claims.org.id == 7 && subject.sub != "x"') } }),
    rule([api], { actor: { when: when('actor.claims.level == 1 || subject.claims.org.id == 8') } }),
    rule([api], { when: when(`${team} == "red" && now > 1`) }),
    rule([api], { grant: { claims: [['secret', value('subject.claims.secret')]] } }),
  ];
  const { claimReads, byClient } = compilePolicy(SELF, rules, []);
  assert.deepEqual(
    claimReads.map(({ text, path }) => [text, path]),
    [
      ['subject.claims.org.id', ['subject', 'claims', 'org', 'id']],
      ['actor.claims.level', ['actor', 'claims', 'level']],
      [team, ['subject', 'claims', 'https://x.example/"team"']],
      ['subject.claims.secret', ['subject', 'claims', 'secret']],
    ],
  );
  assert.equal(byClient.get('gateway')?.all.length, 4);
  const claims = { org: { id: 7 }, 'https://x.example/"team"': 'red', secret: `cambio_rt_${'x'.repeat(40)}` };
  assert.deepEqual(readClaims(claimReads, { subject: { claims }, actor: {} }), {
    'subject.claims.org.id': 7,
    [team]: 'red',
    'subject.claims.secret': '[withheld]',
  });
  assert.deepEqual(parsePath('chain'), ['chain']);
});

test('what looks like a token is withheld wherever it stands, and what does not is kept', () => {
  const random = 'aB3_'.repeat(10);
  for (const kept of [
    ...[7, true, null, '', 'ada', 'a.b.c', [], { a: 1 }, 'https://api.example/v1/some/quite/long/path/of/segments'],
    ...['x'.repeat(39), `${'x'.repeat(20)}.${'y'.repeat(19)}`, `${'x'.repeat(19)}.${'y'.repeat(20)}`, 'eyJhbGciOi.x'],
    ...['cambio_xt_', `two words ${random}`, `${random}!`],
  ])
    assert.equal(redactValue(kept), kept, JSON.stringify(kept));
  for (const token of [
    ...[
      `eyJ${'a'.repeat(8)}.`,
      `see eyA${'a'.repeat(8)}.b`,
      `ewo${'a'.repeat(8)}.`,
      `ew0${'-'.repeat(8)}.`,
      `ewk${'_'.repeat(8)}.`,
    ],
    ...[
      `${'x'.repeat(20)}.${'y'.repeat(20)}`,
      'x cambio_at_1',
      'cambio_rt_',
      random,
      `Bearer ${random}`,
      `Bearer   ${random}`,
      `+/=~${random}`,
    ],
  ]) {
    assert.equal(redactValue(token), '[withheld]', token);
    assert.equal(redactValue([1, { a: token }]), '[withheld]', token);
    assert.equal(redactValue({ [token]: 1 }), '[withheld]', token);
  }
  const long = (length: number) => 'a b '.repeat(100).slice(0, length);
  assert.equal(redactValue(long(254)), long(254), '256 with its quotes');
  assert.equal(redactValue(long(255)), '[withheld]');
  assert.equal(redactValue('"quoted"'), '"quoted"');
  assert.equal(redactValue(`\\"${random}`), `\\"${random}`, 'text with a quote is not a token');
});

test('a resource is an absolute URI without fragment and user information (RFC 8707 section 2)', () => {
  for (const [text, normal] of [
    ['https://api.example', 'https://api.example/'],
    ['HTTPS://API.example:443/a/../b?q=1', 'https://api.example/b?q=1'],
    ['urn:example:api', 'urn:example:api'],
    ['a+b-c.d:x', 'a+b-c.d:x'],
    ["https://api.example/%7e!$&'()*+,;=:@[]~", "https://api.example/%7e!$&'()*+,;=:@[]~"],
  ] as const) {
    assert.equal(parseResourceUri(text)?.href, normal, text);
  }
  for (const text of [
    ...[
      '',
      'api',
      '/v1',
      '//api.example',
      '1a:b',
      '-a:b',
      ' https://api.example',
      'https://api.example ',
      'https://a b/',
    ],
    ...['https://api.example#', 'https://api.example#x', 'https://u@api.example', 'https://:p@api.example', 'a:'],
    ...['https:\\\\api.example', 'https://api.example/\u00e9', 'https://api.example/\n', 'https://[', 'https://'],
  ]) {
    assert.equal(parseResourceUri(text), undefined, text);
  }
});

test('https://x and https://x/ are one audience, and no other two are', () => {
  for (const name of ['https://api.example', 'https://api.example/', 'HTTPS://API.EXAMPLE', 'https://api.example:443'])
    assert.equal(normalAudience(name), 'https://api.example/', name);
  assert.equal(normalAudience('http://api.example'), 'http://api.example/');
  for (const name of [
    ...[
      'https://api.example/v1',
      'https://api.example//',
      'https://api.example?',
      'https://api.example#',
      'https://a b',
    ],
    ...['api', 'urn:api', 'ftp://API', 'xhttps://API', 'http:https://API', 'https://', 'https://API/V1/'],
  ])
    assert.equal(normalAudience(name), name);
});

test('a resource is found by its audience, and by the narrowest location that holds the URI', () => {
  const root = resource('https://api.example', { locations: ['https://api.example/', 'https://old.example/a'] });
  const v1 = resource('v1', { locations: ['https://api.example/v1/'], scopes: new Set(['read', 'pay']) });
  const admin = resource('admin', { locations: ['https://api.example/v1/admin'] });
  const { audiences, scopes, byAudience, byUri } = indexResources([root, v1, admin]);
  assert.deepEqual(audiences, ['https://api.example', 'v1', 'admin']);
  assert.deepEqual([...scopes], ['read', 'write', 'pay']);
  assert.equal(byAudience('https://api.example'), root);
  assert.equal(byAudience('https://api.example/'), root);
  assert.equal(byAudience('admin'), admin);
  assert.equal(byAudience('nothing'), undefined);
  assert.equal(
    indexResources([resource('https://api.example/')]).byAudience('https://api.example')?.audience,
    'https://api.example/',
  );
  for (const [uri, found] of [
    ['https://api.example/', root],
    ['https://api.example/x', root],
    ['https://old.example/a', root],
    ['https://old.example/a/b', root],
    ['https://old.example/ab', undefined],
    ['https://old.example/', undefined],
    ['https://api.example/v1', v1],
    ['https://api.example/v1/', v1],
    ['https://api.example/v1x', root],
    ['https://api.example/v1/administration', v1],
    ['https://api.example/v1/admin/users', admin],
    ['http://api.example/v1', undefined],
    ['https://api.example:8443/v1', undefined],
    ['https://evil.example/v1', undefined],
  ] as const) {
    assert.equal(byUri(new URL(uri)), found, uri);
  }
});
