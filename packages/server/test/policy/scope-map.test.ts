// Scopes with a name space for each API: a rule renames the scope of the subject token, and never gives more than the map does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeAgain } from '../../src/exchange/judge-again.ts';
import type { Granted } from '../../src/issuing/authorization.ts';
import type { RememberedGrant } from '../../src/model/refresh-family.ts';
import { NO_LEASHES } from '../../src/narrowing/leashes.ts';
import { Refusal } from '../../src/primitives/refusal.ts';
import {
  type Asked,
  ask,
  client,
  denial,
  IDP,
  NOW,
  partsOf,
  reasonOf,
  resource,
  rule,
  token,
  type World,
  when,
} from '../support/judging.ts';

const crm = resource('crm', { scopes: new Set(['crm.read', 'crm.write', 'crm.list']) });
const scopeMap = new Map([
  ['tool.search', ['crm.read', 'crm.list']],
  ['tool.edit', ['crm.write', 'crm.read']],
]);
const scopes = new Set(['crm.read', 'crm.list', 'crm.write']);
const mapping = (more: Parameters<typeof rule>[1] = {}): World => ({
  resources: [crm],
  rules: [rule([crm], { ...more, grant: { scopes, scopeMap, ...more?.grant } })],
});
const given = (world: World, asked: Asked): readonly string[] | undefined => {
  const { decision } = ask(world, asked);
  return decision && [...decision.scope].sort();
};
const having = (...names: readonly string[]) => token('ada', { scope: new Set(names) });

test('a scope of the subject token gives the scopes that the rule maps it to', () => {
  const world = mapping();
  assert.deepEqual(given(world, { subject: having('tool.search') }), ['crm.list', 'crm.read']);
  assert.deepEqual(given(world, { subject: having('tool.edit', 'profile') }), ['crm.read', 'crm.write']);
  assert.deepEqual(given(world, { subject: having('tool.search'), scope: new Set(['crm.read']) }), ['crm.read']);
});

test('a scope that no scope of the subject maps to is refused, also if the subject has it by name', () => {
  const world = mapping();
  const asked = { subject: having('tool.search', 'crm.write'), scope: new Set(['crm.write']) };
  assert.equal([reasonOf(ask(world, asked))].flat()[0], 'scope_exceeded');
  assert.equal([reasonOf(ask(world, { subject: having('crm.read') }))].flat()[0], 'scope_empty');
  assert.deepEqual(given(world, { ...asked, scope: new Set(['crm.list']) }), ['crm.list']);
});

test('client and target still limit what the map gives', () => {
  const bounded = { client: client('gateway', { scopes: new Set(['crm.read']) }), subject: having('tool.edit') };
  assert.deepEqual(given(mapping(), bounded), ['crm.read']);
  const small = resource('crm', { scopes: new Set(['crm.list']) });
  const world = { resources: [small], rules: [rule([small], { grant: { scopes, scopeMap } })] };
  assert.deepEqual(given(world, { subject: having('tool.search') }), ['crm.list']);
});

test('the scope of a foreign token is read from its claims: scope as text or list, or scp', () => {
  const world = mapping({ subject: { issuers: new Set([IDP]) } });
  const foreign = (claims: Record<string, unknown>) =>
    token('ada', { principal: { iss: IDP, sub: 'ada' }, type: 'jwt', clientId: undefined, scope: 'unbounded', claims });
  for (const claims of [
    { scope: 'tool.search x' },
    { scope: ['tool.search'] },
    { scp: 'tool.search' },
    { scp: ['tool.search'] },
  ])
    assert.deepEqual(given(world, { subject: foreign(claims) }), ['crm.list', 'crm.read'], JSON.stringify(claims));
  for (const claims of [
    {},
    { scope: 7 },
    { scope: { 'tool.search': true } },
    { scope: '' },
    { scp: ['tool.search', {}] },
  ])
    assert.equal([reasonOf(ask(world, { subject: foreign(claims) }))].flat()[0], 'scope_empty', JSON.stringify(claims));
});

test('at an API that the token is for, or that a person agreed to, the map adds no scope', () => {
  const climbing = new Map([
    ['crm.read', ['crm.write', 'crm.read']],
    ['crm.write', ['crm.list']],
  ]);
  const world = mapping({ grant: { scopeMap: climbing } });
  const at = (more: Parameters<typeof token>[1]) => token('ada', { scope: new Set(['crm.read']), ...more });
  assert.deepEqual(given(world, { subject: at({}) }), ['crm.read', 'crm.write']);
  assert.deepEqual(given(world, { subject: at({ audiences: ['crm'] }) }), ['crm.read']);
  assert.deepEqual(given(world, { subject: at({ agreedAudiences: ['crm'] }) }), ['crm.read']);
  // Conditions see what is given.
  const denied = { ...world, denials: [denial({ when: when('!("crm.write" in scope)') })] };
  assert.equal(given(denied, { subject: at({ agreedAudiences: ['crm'] }) }), undefined);
  assert.deepEqual(given(denied, { subject: at({}) }), ['crm.read', 'crm.write']);
});

test('conditions see the scope that the map gives', () => {
  const world = mapping({ when: when('!("crm.write" in scope)') });
  assert.deepEqual(given(world, { subject: having('tool.search') }), ['crm.list', 'crm.read']);
  assert.equal(given(world, { subject: having('tool.edit') }), undefined);
  assert.deepEqual(given(world, { subject: having('tool.edit'), scope: new Set(['crm.read']) }), ['crm.read']);
});

/** The token that a refresh gives by the rules of `world`. */
function refreshed(grant: RememberedGrant, world: World): Granted | Refusal {
  const family = {
    id: 'family',
    clientId: 'gateway',
    generation: 0,
    rotatedAt: NOW * 1000,
    rotatedBy: null,
    rotatedAgo: null,
    expiresAt: NOW + 3600,
    confirmation: undefined,
    grant,
  };
  const wanted = { audiences: [], resources: [], scope: undefined };
  const judged = { wanted, family, client: client('gateway') };
  return judgeAgain(judged, { ...partsOf(world), leashes: NO_LEASHES, now: NOW, confirmation: undefined }).result;
}

test('a refresh gives the same names, and no more than the map gives by then', () => {
  const refreshing = { grant: { refreshToken: 'beside' } } as const;
  const { decision } = ask(mapping(refreshing), { subject: having('tool.edit') });
  assert.ok(decision?.refresh?.kind === 'new');
  const { grant } = decision.refresh;
  const again = refreshed(grant, mapping(refreshing));
  assert.ok(!(again instanceof Refusal));
  assert.deepEqual([...again.scope].sort(), ['crm.read', 'crm.write']);
  const smaller = new Map([['tool.edit', ['crm.read']]]);
  const less = refreshed(grant, mapping({ grant: { refreshToken: 'beside', scopeMap: smaller } }));
  assert.ok(!(less instanceof Refusal));
  assert.deepEqual([...less.scope], ['crm.read']);
  const none = refreshed(grant, mapping({ grant: { refreshToken: 'beside', scopeMap: 'same' } }));
  assert.ok(none instanceof Refusal && none.reason === 'scope_empty');
});
