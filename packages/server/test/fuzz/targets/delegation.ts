// Delegation: chains and permissions of every shape. The second model must agree with each acceptance and each refusal.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, type Request } from '../../support/second-model.ts';
import { ELSEWHERE, SELF } from '../../support/worlds.ts';
import { world } from '../bench.ts';
import { asking, assertAllowed, readClaims, UNREADABLE } from '../oracle.ts';
import { defineTarget } from '../target.ts';

const sub = fc.constantFrom<unknown>('ada', 'a', 'b', 'idp:ada', 'Ada', 'agent', '', null, 1, ['a'], {});
const iss = fc.constantFrom<unknown>(SELF, ELSEWHERE, 'https://login.example/', 'https://nobody.example', '', 7);
const usual = <T>(good: fc.Arbitrary<T>, any: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 8, arbitrary: good as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: any });
const party = fc.record(
  {
    sub: usual(fc.constantFrom('ada', 'a', 'b', 'agent'), sub),
    iss: usual(fc.constantFrom(SELF, ELSEWHERE), iss),
    client_id: usual(fc.constantFrom('a', 'b'), sub),
    exp: fc.constantFrom<unknown>(0, 1, 'never'),
    tenant: fc.constantFrom<unknown>('red', 'blue', ['red']),
    x: fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<unknown>,
  },
  { requiredKeys: [] },
);
const hop = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .tuple(usual(fc.constantFrom('ada', 'a', 'b', 'agent'), sub), party)
      .map(([who, rest]): unknown => ({ ...rest, sub: who })),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, 'a', [], {}, 3) },
);
/** The actors, the current one first. A value that is not an object ends the list. */
const chain = fc
  .array(hop, { maxLength: 12 })
  .map((hops) =>
    hops.reduceRight<unknown>(
      (prior, one) =>
        prior === undefined || typeof one !== 'object' || one === null || Array.isArray(one)
          ? one
          : { ...one, act: prior },
      undefined,
    ),
  );
const issuer = fc.constantFrom('own' as const, 'foreign' as const);
const tenant = fc.option(fc.constantFrom('red', 'blue'), { nil: undefined });

const input = fc.record({
  client: fc.constantFrom('a', 'b'),
  subject: fc.record({
    issuer,
    sub: fc.constantFrom('ada', 'a', 'b'),
    act: chain,
    may_act: fc.option(fc.oneof(party, fc.constantFrom<unknown>({}, [], null, 'a')), { nil: undefined, freq: 2 }),
    tenant,
  }),
  actor: fc.option(
    fc.record({
      issuer,
      sub: fc.constantFrom('ada', 'a', 'b', 'agent'),
      act: fc.option(chain, { nil: undefined, freq: 4 }),
      tenant,
    }),
    { freq: 2 },
  ),
});

type Said = { readonly issuer: 'own' | 'foreign' } & Readonly<Record<string, unknown>>;

export const delegation = defineTarget({
  name: 'delegation',
  title: 'actors are never lost or invented, and the second model agrees about every chain and permission',
  short: 150,
  input,
  judge: async ({ client, subject, actor }, bench) => {
    const now = bench.now();
    const say = ({ issuer, ...said }: Said) => JSON.parse(JSON.stringify({ ...bench.claims(issuer), ...said }));
    const present = ({ issuer }: Said, claims: unknown) => ({
      text: bench.sign(issuer, JSON.stringify(claims)),
      declared: issuer === 'own' ? 'access_token' : 'jwt',
    });
    const [said, actorSaid] = [say(subject), actor ? say(actor) : undefined];
    const answer = await bench.exchange({
      client,
      subject: present(subject, said),
      actor: actor ? present(actor, actorSaid) : undefined,
    });
    const read = readClaims(said, now, actorSaid ?? { client_id: client });
    const acting = actorSaid && (readClaims(actorSaid, now) ?? UNREADABLE);
    const asked = asking(now, { client, subject: read, ...(acting && { actor: acting }) });
    if (assertAllowed(asked, answer)) return true;
    if (read === undefined || acting === UNREADABLE) return false;
    assert.ok('refused' in expect(world, asked as Request), `refused, and the model allows it: ${answer.text}`);
    return false;
  },
});
