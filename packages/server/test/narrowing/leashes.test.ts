// Which limits count a token, and until when they let a delegation last.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Delegation, formatDelegation, parseDelegation } from '../../src/model/delegation.ts';
import type { LeashLimits } from '../../src/model/leash.ts';
import { delegationOf, endWith, findLimits } from '../../src/narrowing/delegation-limit.ts';
import { type ActorEntry, indexLeashes } from '../../src/narrowing/leashes.ts';
import { digestOf } from '../../src/primitives/principal.ts';
import { Refusal } from '../../src/primitives/refusal.ts';
import { client, IDP, NOW, SELF, token } from '../support/judging.ts';

const FREE: LeashLimits = {
  perMinute: 'unbounded',
  perDay: 'unbounded',
  delegation: 'unbounded',
  descendants: 'unbounded',
};
const hour: LeashLimits = { ...FREE, delegation: 3600 };
const entry = (more: Partial<ActorEntry>): ActorEntry => ({
  name: 'runners',
  clients: [],
  issuers: new Set([IDP]),
  subjects: ['runner-*', 'walker'],
  count: 'together',
  limits: FREE,
  ...more,
});
const limited = client('agent', { limits: hour });
const clients = new Map([limited, client('free')].map((one) => [one.id, one]));
const ours = (sub: string) => ({ iss: SELF, sub });
const theirs = (sub: string) => ({ iss: IDP, sub });

test('finds limits by client, by pattern, by issuer and by origin, each once, in the order of their keys', () => {
  const { of, isEmpty } = indexLeashes([entry({}), entry({ name: 'agents', clients: ['ag*'] })], clients, SELF);
  const keys = (...parties: Parameters<typeof of>[0]) => of(parties, []).map(({ key }) => key);
  assert.equal(isEmpty, false);
  assert.deepEqual(keys(ours('agent')), ['actor agents', 'client agent']);
  assert.deepEqual(keys(ours('agent'), ours('agent'), ours('agile')), ['actor agents', 'client agent']);
  assert.deepEqual(keys(ours('free'), ours('runner-1'), theirs('runner'), theirs('agent')), []);
  assert.deepEqual(keys(theirs('runner-1')), ['actor agents', 'actor runners']);
  assert.deepEqual(keys(theirs('walker'), theirs('walker-1')), ['actor agents', 'actor runners']);
  assert.deepEqual(keys({ ...ours('idp:runner-1'), origin: theirs('runner-1') }), ['actor agents', 'actor runners']);
  assert.deepEqual(
    keys({ ...ours('agent'), origin: theirs('x') }),
    [],
    'a subject of another issuer is not our client',
  );
  assert.deepEqual(
    of([], ['client agent', 'client gone', 'actor runners', 'actor gone', 'actor runners#x']).map(({ key }) => key),
    ['actor runners', 'client agent'],
  );
  assert.equal(indexLeashes([], new Map(), SELF).isEmpty, true);
});

test('finds the limits of a client by its SPIFFE ID too, which its trust domain alone may state', () => {
  const cart = client('cart', { limits: hour, spiffeId: 'spiffe://shop.example/cart/*' });
  const { of } = indexLeashes([entry({ name: 'carts', clients: ['ca*'] })], new Map([['cart', cart]]), SELF);
  const keys = (iss: string, sub: string) => of([{ iss, sub }], []).map(({ key }) => key);
  assert.deepEqual(keys('spiffe://shop.example', 'spiffe://shop.example/cart/1'), ['actor carts', 'client cart']);
  assert.deepEqual(keys('spiffe://shop.example', 'spiffe://shop.example/till/1'), []);
  assert.deepEqual(keys(IDP, 'spiffe://shop.example/cart/1'), []);
});

test('gives each name counts of its own with each, the same under its name here', () => {
  const { of } = indexLeashes([entry({ count: 'each' })], new Map(), SELF);
  const key = `actor runners#${digestOf(theirs('runner-1'))}`;
  assert.deepEqual(
    of([theirs('runner-1'), { ...ours('idp:runner-1'), origin: theirs('runner-1') }], []).map((one) => one.key),
    [key],
  );
  assert.equal(of([theirs('runner-1'), theirs('runner-2')], []).length, 2);
  assert.deepEqual(
    of([], [key, 'actor runners']).map((one) => one.key),
    [key],
  );
});

test('tells the beginning of a delegation by the sign-in or the first token, and not where it is unknown', () => {
  const began = (more: Parameters<typeof token>[1]) => delegationOf(token('ada', more), SELF).began;
  const foreign = { principal: theirs('ada') };
  assert.equal(began({ issuedAt: NOW - 5 }), NOW - 5);
  assert.equal(began({ issuedAt: NOW - 5, authentication: { auth_time: NOW - 9 } }), NOW - 9);
  assert.equal(began({ issuedAt: NOW - 9, authentication: { auth_time: NOW - 5 } }), NOW - 9);
  assert.equal(began({ issuedAt: NOW - 5, lineage: ['x'] }), 'cannot tell');
  assert.equal(began({ issuedAt: NOW - 5, lineage: ['x'], authentication: { auth_time: NOW - 7 } }), NOW - 7);
  assert.equal(began({ ...foreign, issuedAt: NOW - 5 }), NOW - 5);
  const claims = { delegation: { iat: NOW - 99, exp: NOW + 1, limits: ['client agent', 7] } };
  assert.deepEqual(delegationOf(token('ada', { claims }), SELF), {
    began: NOW - 99,
    ends: NOW + 1,
    leashes: ['client agent'],
  });
  assert.equal(delegationOf(token('ada', { ...foreign, claims, issuedAt: NOW }), SELF).began, NOW, 'not of ours');
  const whole: Delegation = { began: NOW, ends: 'unbounded', leashes: [] };
  assert.deepEqual(parseDelegation(formatDelegation(whole)), whole);
  const unknown: Delegation = { began: 'cannot tell', ends: 7, leashes: ['actor x'] };
  assert.deepEqual(parseDelegation(formatDelegation(unknown)), unknown);
});

test('ends a delegation at the earliest limit, and passes the end, the limits and the beginning on', () => {
  const leashes = indexLeashes([entry({ limits: { ...FREE, delegation: 7200 } })], clients, SELF);
  const parties =
    (...list: { iss: string; sub: string }[]) =>
    () =>
      list;
  const before: Delegation = { began: NOW - 600, ends: 'unbounded', leashes: [] };
  const found = findLimits(parties(ours('agent'), theirs('walker')), before, leashes, NOW);
  assert.equal(found.end, NOW + 3000);
  assert.deepEqual(found.delegation, {
    began: NOW - 600,
    ends: NOW + 3000,
    leashes: ['actor runners', 'client agent'],
  });
  const later = findLimits(parties(ours('free')), found.delegation ?? before, leashes, NOW);
  assert.deepEqual([later.end, later.leashes.length], [NOW + 3000, 2]);
  const reason = (run: () => unknown) => {
    try {
      return run() && undefined;
    } catch (error) {
      return error instanceof Refusal ? error.reason : error;
    }
  };
  const at = (began: Delegation['began'], ends: Delegation['ends'] = 'unbounded', sub = 'agent') =>
    reason(() => findLimits(parties(ours(sub)), { began, ends, leashes: [] }, leashes, NOW));
  assert.equal(at(NOW - 3599), undefined);
  assert.equal(at(NOW - 3600), 'delegation_over');
  assert.equal(at('cannot tell'), 'delegation_cannot_be_told');
  assert.equal(at('cannot tell', 'unbounded', 'free'), undefined);
  assert.equal(at(NOW, NOW, 'free'), 'delegation_over');
  assert.equal(at(NOW, NOW + 1, 'free'), undefined);
  const none = indexLeashes([], new Map(), SELF);
  assert.equal(findLimits(parties(ours('agent')), before, none, NOW).delegation, undefined);
  assert.equal(findLimits(parties(), { ...before, ends: NOW + 5 }, none, NOW).end, NOW + 5);
  assert.equal(endWith(60, 'unbounded', NOW), 60);
  assert.equal(endWith(60, NOW + 5, NOW), 5);
  assert.equal(endWith(3, NOW + 5, NOW), 3);
});
