// Whatever the maps are: a grant for another server has no more than the mapped scope of subject, rule, client and server allow. A
// second model says the same of every request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judge } from '../../src/exchange/judge.ts';
import { grantClaims } from '../../src/issuing/grant-claims.ts';
import type { AuthorizationServer } from '../../src/model/authorization-server.ts';
import type { Resource } from '../../src/model/resource.ts';
import { NO_LEASHES } from '../../src/narrowing/leashes.ts';
import { indexResources } from '../../src/narrowing/targets.ts';
import { compilePolicy } from '../../src/policy/policy.ts';
import { Refusal } from '../../src/primitives/refusal.ts';
import { client, NOW, resource, rule, SELF, token } from '../support/judging.ts';
import { expectGrant, type GrantWorld } from '../support/second-model-grants.ts';

const HERE = ['a', 'b', 'c'] as const;
const THERE = ['a', 'x', 'y', 'z'] as const;
const OURS = 'https://api.example';

const some = <T>(list: readonly T[]) => fc.subarray([...list]);
/** Usually the whole list: most requests of a narrow world are refused. */
const most = <T>(list: readonly T[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(list) }, { weight: 1, arbitrary: some(list) });
/** A map that a file may have: at one resource, a name there has one name here. */
const map = fc
  .tuple(most(HERE), fc.shuffledSubarray(['x', 'y', 'z'], { minLength: 3 }))
  .map(([names, words]): readonly (readonly [string, string])[] =>
    names.map((name) => [name, words[HERE.indexOf(name)] ?? name]),
  );
const server = (issuer: string) =>
  fc
    .record({
      words: map,
      ids: most(['web', 'agent']),
      grants: most(['id_jag', 'chaining_grant']),
      resources: some([`${issuer}/one`, `${issuer}/two`]),
      cut: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: some(HERE) }),
      lifetime: fc.constantFrom(60, 300),
    })
    .map((parts) => ({ issuer, ...parts }));

const world: fc.Arbitrary<GrantWorld> = fc.record({
  self: fc.constant(SELF),
  servers: fc.tuple(server('https://s.example'), server('https://t.example')),
  own: fc.constant({ audience: OURS, scopes: [...HERE] }),
  subject: fc.record({
    type: fc.constantFrom('id_token', 'id_token', 'access_token', 'refresh_token'),
    client: fc.constantFrom('web', 'agent'),
    scope: most([...HERE, 'openid']),
    expires: fc.constantFrom(NOW + 30, NOW + 3600),
  }),
  client: fc.record({
    id: fc.constantFrom('web', 'agent'),
    isPublic: fc.nat(9).map((n) => n === 0),
    scopes: fc.option(most(HERE), { nil: undefined }),
  }),
  rule: fc.record({
    servers: most(['https://s.example', 'https://t.example']),
    scopes: most(HERE),
    renames: fc.option(
      fc.array(fc.tuple(fc.constantFrom(...HERE, 'openid'), fc.constantFrom(...HERE)), { maxLength: 4 }),
      {
        nil: undefined,
      },
    ),
    types: most(['id_jag', 'jwt']),
    lifetime: fc.option(fc.constantFrom(20, 200), { nil: undefined }),
  }),
  request: fc.record({
    type: fc.constantFrom('id_jag', 'id_jag', 'jwt', 'jwt', 'access_token'),
    audiences: fc.constantFrom(
      [],
      ...Array.from({ length: 8 }, () => ['https://s.example']),
      ['https://t.example'],
      ['https://s.example', 'https://t.example'],
      [OURS],
      [SELF],
      ['https://s.example', OURS],
    ),
    resources: fc.constantFrom(
      [],
      [],
      [],
      [],
      ['https://s.example/one'],
      ['https://s.example/one'],
      ['https://s.example/one', 'https://s.example/two'],
      ['https://t.example/one'],
    ),
    scope: fc.option(
      some(THERE).filter((list) => list.length > 0),
      { nil: undefined, freq: 2 },
    ),
  }),
});

const toServer = ({ issuer, words, ids, grants }: GrantWorld['servers'][number]): AuthorizationServer => ({
  issuer,
  aliases: [],
  grants: new Set(grants as ('id_jag' | 'chaining_grant')[]),
  clients: new Map(ids.map((id) => [id, `${id}-there`])),
  subject: 'same',
  samlSubjectId: false,
  claims: new Set(),
  acr: [],
  maxAge: undefined,
  keyBinding: 'optional',
  subjectTokens: new Set(['id_token', 'saml2', 'refresh_token']),
  tenant: undefined,
  scopes: new Map(words),
});

test('a second model agrees about every grant: its server, its resources, its scope and its end', () => {
  let granted = 0;
  fc.assert(
    fc.property(world, (one) => {
      const registered = one.servers.map((from) => {
        const at = toServer(from);
        const target = (audience: string, names: readonly string[]): Resource =>
          resource(audience, { server: at, scopes: new Set(names), token: { lifetime: from.lifetime } });
        const all = from.words.map(([here]) => here);
        const targets = from.resources.map((uri, index) =>
          target(uri, index === 0 ? all : all.filter((name) => !from.cut.includes(name as 'a'))),
        );
        return { server: at, targets: targets.length === 0 ? [target(from.issuer, all)] : targets };
      });
      const granting = registered.filter(({ server: at }) => one.rule.servers.includes(at.issuer));
      const [first, ...others] = granting.flatMap(({ targets }) => targets);
      if (first === undefined) return;
      const { renames } = one.rule;
      const scopeMap =
        renames &&
        new Map(
          Object.entries(Object.groupBy(renames, ([from]) => from)).map(([from, to = []]) => [
            from,
            to.map(([, name]) => name),
          ]),
        );
      const chosen = rule([first, ...others], {
        clients: new Set(['web', 'agent']),
        subject: {
          issuers: new Set([SELF]),
          clients: new Set(['web', 'agent']),
          types: { own: new Set(['id_token', 'access_token', 'refresh_token']), foreign: new Set() },
        },
        grant: {
          scopes: new Set(renames ? renames.map(([, to]) => to) : one.rule.scopes),
          scopeMap: scopeMap ?? 'same',
          types: new Set(one.rule.types),
          lifetime: one.rule.lifetime,
        },
      });
      const { type, scope, client: to, expires } = one.subject;
      const { result } = judge(
        {
          client: client(one.client.id, {
            auth: one.client.isPublic ? ['none'] : ['client_secret_post'],
            scopes: one.client.scopes === undefined ? 'unbounded' : new Set(one.client.scopes),
          }),
          subject: token('ada', {
            type,
            clientId: to,
            audiences: type === 'id_token' ? [to] : [],
            scope: new Set(scope),
            expiresAt: expires,
            mayAct: undefined,
          }),
          actor: undefined,
          request: {
            audiences: one.request.audiences,
            resources: one.request.resources.map((uri) => new URL(uri)),
            requestedType: one.request.type as 'jwt',
            scope: one.request.scope && new Set(one.request.scope),
          },
        },
        {
          issuer: SELF,
          policy: compilePolicy(SELF, [chosen], []),
          targeting: indexResources([resource(OURS, { scopes: new Set(HERE) })], registered),
          leashes: NO_LEASHES,
          now: NOW,
          confirmation: undefined,
        },
      );
      const expected = expectGrant(one, NOW);
      if (result instanceof Refusal || expected === 'refused') {
        assert.equal(result instanceof Refusal ? 'refused' : 'granted', expected === 'refused' ? 'refused' : 'granted');
        return;
      }
      const { grantFor, lifetime } = result;
      assert.ok(grantFor !== undefined, 'a token of ours was issued for another server');
      const about = { issuer: SELF, id: 'id', sub: 'ada', now: NOW, expiresAt: NOW + lifetime };
      const claims = grantClaims({ ...result, grantFor }, about);
      granted++;
      assert.deepEqual(
        {
          aud: claims.aud,
          client: claims.client_id,
          resources: [claims.resource ?? []].flat(),
          scope: String(claims.scope ?? '')
            .split(' ')
            .filter(Boolean)
            .sort(),
          exp: claims.exp,
        },
        { ...expected, scope: [...expected.scope].sort() },
      );
    }),
    { seed: 8693, numRuns: 2000 },
  );
  assert.ok(granted > 100, `${granted} grants show little`);
});
