// Generates worlds: resources, clients, rules and chains of requests, each in the shape of the second model, of the server's own
// parts, and of a configuration file.
import fc from 'fast-check';
import { compileCondition } from '../../src/expression/condition.ts';
import type { Client } from '../../src/model/client.ts';
import type { Resource } from '../../src/model/resource.ts';
import { indexResources, type Targeting } from '../../src/narrowing/targets.ts';
import { conditionVariables } from '../../src/policy/facts.ts';
import { compilePolicy, type Policy } from '../../src/policy/policy.ts';
import { DEFAULT_TYPES, type DenyRule, type Rule } from '../../src/policy/rule.ts';
import { FEW } from '../../src/policy/rule-index.ts';
import { denial as denialOf, client as registered, types as typesOf } from './judging.ts';
import { newProver, type Prover } from './prover.ts';
import type * as Model from './second-model.ts';

export const SELF = 'https://login.example';
export const ELSEWHERE = 'https://idp.example';
const AUDIENCES = ['https://r0.example', 'https://r1.example', 'urn:r2'] as const;
const CLIENTS = ['a', 'b', 'c'] as const;
const SCOPES = ['read', 'write', 'pay'] as const;
const TENANTS = ['red', 'blue'] as const;
/** How subjects begin. */
const STARTS = ['a', 'b', 'idp:'] as const;
const ACRS = ['silver', 'gold'] as const;
/** Real keys, so that a caller can prove them. */
const PROVERS = [newProver(), newProver()] as const;
const KEYS = PROVERS.map(({ jkt }) => jkt);
export const proverOf = (key: string): Prover | undefined => PROVERS.find(({ jkt }) => jkt === key);
const TYPES = ['access_token', 'jwt', 'refresh_token'] as const;

/** A token of an unknown issuer. */
export interface Root {
  readonly iss: string;
  readonly sub: string;
  readonly client: string | undefined;
  readonly audiences: readonly string[];
  readonly scope: readonly string[];
  readonly life: number;
  readonly chain: readonly Model.Name[];
  readonly mayAct: Readonly<Record<string, unknown>> | undefined;
  readonly acr: string | undefined;
  readonly tenant: string | undefined;
  readonly key: string | undefined;
}

export interface Step {
  readonly client: string;
  /** Index of the earlier token that acts; undefined: none. */
  readonly actor: number | undefined;
  readonly audiences: readonly string[];
  readonly resources: readonly string[];
  readonly scope: readonly string[] | undefined;
  readonly type: (typeof TYPES)[number];
  /** The key that the caller proves. */
  readonly key: string | undefined;
  /** Seconds before the step. */
  readonly wait: number;
}

/** Present in one of `of` cases. */
const sometimes = <T>(arbitrary: fc.Arbitrary<T>, of: number): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 1, arbitrary }, { weight: of - 1, arbitrary: fc.constant(undefined) });
/** Present in all but one of `of` cases. */
const mostly = <T>(arbitrary: fc.Arbitrary<T>, of: number): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: of - 1, arbitrary }, { weight: 1, arbitrary: fc.constant(undefined) });
const some = <T>(list: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...list], { minLength: 1 });
const any = <T>(list: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...list]);
/** Usually the whole list: a narrow world ends a chain at once. */
const most = <T>(list: readonly T[]): fc.Arbitrary<T[]> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(null).map(() => [...list]) }, { weight: 1, arbitrary: some(list) });
const one = <T>(list: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...list);
const rarely = (of: number): fc.Arbitrary<boolean> => fc.nat(of - 1).map((n) => n === 0);

const resource = (audience: string): fc.Arbitrary<Model.Resource> =>
  fc.record({
    audience: fc.constant(audience),
    locations: fc.constant([`https://place.${audience.slice(-9).replace(/\W/g, '')}/v1`]),
    scopes: most(SCOPES),
    acr: fc.oneof({ weight: 12, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: some(ACRS) }),
    lifetime: one([60, 600, 3600]),
    strict: rarely(40),
    format: fc.oneof({ weight: 12, arbitrary: fc.constant('jwt') }, { weight: 1, arbitrary: fc.constant('opaque') }),
  });

const client = (id: string): fc.Arbitrary<Model.Client> =>
  fc
    .record({ scopes: sometimes(most(SCOPES), 2), audience: sometimes(one(AUDIENCES), 2), refreshes: fc.boolean() })
    .map(({ scopes, audience, refreshes }) => ({
      id,
      refreshes,
      ...(scopes && { scopes }),
      ...(audience && { audience }),
    }));

const party: fc.Arbitrary<Model.Party> = fc
  .record({
    issuers: mostly(most([SELF, ELSEWHERE]), 4),
    types: sometimes(most(['access_token', 'jwt', 'refresh_token']), 3),
    clients: mostly(most(CLIENTS), 2),
    tenant: sometimes(one(TENANTS), 12),
    anyKey: mostly(fc.constant(true), 8).map(Boolean),
  })
  .map(
    (parts) =>
      Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as unknown as Model.Party,
  );

const rule: fc.Arbitrary<Model.Rule> = fc
  .record({
    clients: most(CLIENTS),
    watched: rarely(8),
    subject: party,
    actor: party,
    starts: sometimes(one(STARTS), 12),
    word: sometimes(one(TENANTS), 20),
    must: fc.oneof(
      { weight: 8, arbitrary: fc.constant('may be' as const) },
      { weight: 1, arbitrary: one(['be', 'not be'] as const) },
    ),
    delegated: mostly(fc.constant(true), 3).map(Boolean),
    clientActs: rarely(4),
    loosens: mostly(fc.constant(true), 4).map(Boolean),
    audiences: most(AUDIENCES),
    scopes: most(SCOPES),
    types: most(TYPES),
    lifetime: sometimes(one([30, 300]), 3),
    depth: one([0, 2, 5, 5, 5, 10, 10, 10]),
    refreshBeside: rarely(4),
    refreshLifetime: one([90, 86_400]),
    origins: sometimes(fc.array(one(SCOPES), { minLength: SCOPES.length, maxLength: SCOPES.length }), 20),
  })
  .map(({ actor, must, delegated, starts, word, lifetime, origins, ...rest }) => ({
    ...rest,
    ...(origins && { renames: rest.scopes.map((to, index) => [origins[index] ?? to, to] as const) }),
    ...(lifetime !== undefined && { lifetime }),
    actor: { ...actor, must, delegated, ...(starts && { starts }), ...(word && { word }) },
  }));

const name = fc
  .tuple(one([SELF, ELSEWHERE]), one(['a', 'ada', 'tool']))
  .map(([iss, sub]): Model.Name => ({ iss, sub }));

const root: fc.Arbitrary<Root> = fc
  .record({
    iss: fc.oneof({ weight: 5, arbitrary: fc.constant(SELF) }, { weight: 1, arbitrary: fc.constant(ELSEWHERE) }),
    sub: one(['ada', 'bob', 'cem', 'dee', 'a', 'b', 'c']),
    client: one(CLIENTS),
    audiences: any([...AUDIENCES, ...CLIENTS]),
    scope: most(SCOPES),
    life: one([45, 900, 7200]),
    chain: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(name, { maxLength: 2 }) },
    ),
    mayAct: sometimes(
      one([
        { iss: SELF, sub: 'a' },
        { iss: SELF, client_id: 'b' },
        { iss: ELSEWHERE, sub: 'ada' },
        { iss: SELF, sub: 'c', client_id: 'a' },
      ]),
      12,
    ),
    acr: sometimes(one(ACRS), 2),
    tenant: sometimes(one(TENANTS), 2),
    key: sometimes(one(KEYS), 12),
  })
  .map((one) => ({
    ...one,
    // An issuer vouches for its own subjects only.
    chain: one.iss === SELF ? one.chain : (one.chain as Model.Name[]).map((hop) => ({ ...hop, iss: one.iss })),
  }));

const step: fc.Arbitrary<Step> = fc.record({
  client: one(CLIENTS),
  actor: sometimes(fc.nat(8), 3),
  audiences: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 3, arbitrary: any(AUDIENCES) },
    { weight: 1, arbitrary: any([...AUDIENCES, 'urn:nothing']) },
  ),
  resources: fc.oneof(
    { weight: 5, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: any([
        'https://place.0example/v1',
        'https://place.1example/v1/x',
        'https://place.1example/v10',
        'https://place.urnr2/v1/',
      ]),
    },
  ),
  scope: sometimes(some([...SCOPES, 'none']), 3),
  type: fc.oneof({ weight: 5, arbitrary: fc.constant('access_token' as const) }, { weight: 1, arbitrary: one(TYPES) }),
  key: sometimes(one(KEYS), 6),
  wait: one([0, 0, 0, 1, 20]),
});

export interface Story {
  readonly world: Model.World;
  /** The first is the subject of the first step. */
  readonly roots: readonly Root[];
  readonly steps: readonly Step[];
}

const own = one(['clients', 'subject', 'actor', 'audiences'] as const);

/** Some rules repeat an earlier one except for one part: they are reached rarely, or never. */
const toRules = (
  list: readonly { rule: Model.Rule; like: number | undefined; own: keyof Model.Rule }[],
): Model.Rule[] =>
  list.map(({ rule, like, own }) => {
    const earlier = like === undefined ? undefined : list[like]?.rule;
    if (earlier === undefined) return rule;
    const { clients, subject, actor, audiences } = earlier;
    return { ...rule, clients, subject, actor, audiences, [own]: rule[own] };
  });

const denial: fc.Arbitrary<Model.Denial> = fc
  .record({
    clients: sometimes(some(CLIENTS), 2),
    issuers: sometimes(one([[SELF], [ELSEWHERE]]), 3),
    audiences: mostly(some(AUDIENCES), 4),
    actorFrom: sometimes(one([[SELF], [ELSEWHERE]]), 2),
    actorStarts: sometimes(one(STARTS), 3),
    actorWord: sometimes(one(TENANTS), 4),
    tenant: mostly(one(TENANTS), 4),
  })
  .map((parts) => Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)));

const world: fc.Arbitrary<Model.World> = fc.record({
  self: fc.constant(SELF),
  denials: fc.oneof(
    { weight: 19, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(denial, { minLength: 1, maxLength: 2 }) },
  ),
  resources: fc.tuple(...AUDIENCES.map(resource)),
  clients: fc.tuple(...CLIENTS.map(client)),
  rules: fc.array(fc.record({ rule, like: sometimes(fc.nat(2), 3), own }), { minLength: 1, maxLength: 4 }).map(toRules),
});

export const story = (longest: number): fc.Arbitrary<Story> =>
  fc.record({
    world,
    roots: fc.array(root, { minLength: 3, maxLength: 3 }),
    steps: fc.array(step, { minLength: 1, maxLength: longest, size: 'max' }),
  });

export interface Parts {
  readonly issuer: string;
  readonly policy: Policy;
  readonly targeting: Targeting;
  readonly clients: ReadonlyMap<string, Client>;
}

/** The world in the server's own types. */
export function partsOf({ resources, clients, rules, denials }: Model.World): Parts {
  const known = resources.map(toResource);
  const own = rules.map((one, index) => toRule(one, index, known));
  return {
    issuer: SELF,
    policy: compilePolicy(
      SELF,
      rules.length % 2 === 0 ? own : [...own, ...crowdOf(own)],
      denials.map((one) => toDenial(one, known)),
    ),
    targeting: indexResources(known),
    clients: new Map(clients.map((one) => [one.id, toClient(one)])),
  };
}

const toDenial = (
  { clients, issuers, audiences, actorFrom, actorStarts, actorWord, tenant }: Model.Denial,
  resources: readonly Resource[],
): DenyRule =>
  denialOf({
    ...(clients && { clients: new Set(clients) }),
    ...(audiences && { targets: new Set(resources.filter(({ audience }) => audiences.includes(audience))) }),
    subject: {
      ...(issuers && { issuers: new Set(issuers) }),
      ...(tenant && { when: conditions.get(`subject${tenant}`) ?? 'always' }),
    },
    ...((actorFrom ?? actorStarts ?? actorWord) !== undefined && {
      actor: {
        presence: 'required',
        ...(actorFrom && { issuers: new Set(actorFrom) }),
        ...actorParts({ starts: actorStarts, word: actorWord }),
      },
    }),
  });

/** Rules for subjects of an unused issuer. A policy with many rules uses its index, and must decide the same. */
const crowdOf = ([rule]: readonly Rule[]): readonly Rule[] =>
  rule === undefined
    ? []
    : Array.from({ length: FEW }, (_, index) => ({
        ...rule,
        name: `crowd ${index}`,
        clients: new Set(CLIENTS),
        subject: { ...rule.subject, issuers: new Set([`https://${index}.example`]) },
      }));

const toResource = ({ audience, locations, scopes, acr, lifetime, strict, format }: Model.Resource): Resource => ({
  audience,
  locations,
  scopes: new Set(scopes),
  scopeNames: new Map(),
  requiredAcr: new Set(acr),
  requireSenderConstraint: strict,
  token: { format: format as 'jwt' | 'opaque', lifetime, alg: 'ES256' },
});

const toClient = ({ id, scopes, audience, refreshes }: Model.Client): Client =>
  registered(id, {
    grants: new Set(refreshes ? ['token_exchange', 'refresh_token'] : ['token_exchange']),
    scopes: scopes === undefined ? 'unbounded' : new Set(scopes),
    resource: audience,
  });

const conditions = new Map(
  (['subject', 'actor'] as const).flatMap((part) =>
    TENANTS.map((tenant) => [
      part + tenant,
      compileCondition(`${part}.claims.tenant == "${tenant}"`, conditionVariables),
    ]),
  ),
);

const toPattern = (part: 'subject' | 'actor', { issuers, types, clients, tenant, anyKey }: Model.Party) => {
  const when = tenant === undefined ? undefined : conditions.get(part + tenant);
  return {
    issuers: issuers === undefined ? ('any' as const) : new Set(issuers),
    types: types === undefined ? DEFAULT_TYPES : typesOf(...types),
    clients: clients === undefined ? ('any' as const) : new Set(clients),
    clientPatterns: [],
    subjects: 'any' as const,
    claims: 'always' as const,
    when: when ?? ('always' as const),
    constrained: anyKey ? ('accept' as const) : ('prove' as const),
  };
};

const wordsOf = new Map(
  TENANTS.map((tenant) => [
    tenant as string,
    compileCondition(`actor.claims["tenant"].split(" ").exists(word, word in ["${tenant}"])`, conditionVariables),
  ]),
);

const actorParts = ({
  starts,
  word,
}: {
  readonly starts?: string | undefined;
  readonly word?: string | undefined;
}) => ({
  ...(starts !== undefined && { subjects: [`${starts}*`] }),
  ...(word !== undefined && { claims: wordsOf.get(word) ?? ('always' as const) }),
});

const presences = { be: 'required', 'not be': 'forbidden', 'may be': 'optional' } as const;

function toRule(one: Model.Rule, index: number, resources: readonly Resource[]): Rule {
  const { clients, watched, subject, actor, clientActs, audiences, scopes, types, lifetime, depth, ...rest } = one;
  const [first, ...others] = resources.filter(({ audience }) => audiences.includes(audience));
  if (first === undefined) throw new Error('a rule grants something');
  return {
    name: String(index),
    position: index,
    effect: 'allow',
    guests: new Set(),
    mode: watched ? 'audit' : 'enforce',
    clients: new Set(clients),
    subject: toPattern('subject', subject),
    actor: {
      ...toPattern('actor', actor),
      ...actorParts(actor),
      presence: presences[actor.must],
      delegated: actor.delegated ? 'allow' : 'refuse',
    },
    when: 'always',
    act: clientActs ? 'client' : 'actor',
    rebind: rest.loosens ? 'bearer' : 'refuse',
    grant: {
      targets: [first, ...others],
      scopes: new Set(scopes),
      scopeMap: rest.renames === undefined ? 'same' : mapOf(rest.renames),
      types: new Set(types),
      lifetime,
      refreshToken: rest.refreshBeside ? 'beside' : 'none',
      refreshLifetime: rest.refreshLifetime,
      maxDepth: depth,
      claims: [],
    },
  };
}

function mapOf(renames: NonNullable<Model.Rule['renames']>): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const [from, to] of renames) map.set(from, [...(map.get(from) ?? []), to]);
  return map;
}

/** The world as a configuration file: JSON is YAML. @param issuers entries of the file */
export function fileOf({ resources, clients, rules, denials }: Model.World, issuers: readonly unknown[]): string {
  const parts = {
    issuer: SELF,
    store: 'sqlite:cambio.db',
    resources: resources.map(({ acr, lifetime, strict, format, ...rest }) => ({
      ...rest,
      requireSenderConstraint: strict,
      ...(acr.length > 0 && { requiredAcr: acr }),
      token: { format, lifetime: `${lifetime}s` },
    })),
    clients: [...clients, ...bystandersOf(clients)].map(clientInFile),
    issuers,
    rules: [...rules.map(ruleInFile), ...denials.map(denialInFile)],
  };
  const lines = Object.entries(parts).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
  return `server:\n  port: \${PORT}\n${lines.join('')}`;
}

/** Tokens of ours may name clients, or accounts, which cost more. */
const bystandersOf = (clients: readonly Model.Client[]): readonly Model.Client[] =>
  ['ada', 'bob', 'cem', 'dee', 'a', 'b', 'c', 'tool']
    .filter((id) => !clients.some((client) => client.id === id))
    .map((id) => ({ id, refreshes: false }));

const clientInFile = ({ id, scopes, audience, refreshes }: Model.Client) => ({
  id,
  auth: 'client_secret_post',
  secret: { plain: id },
  grants: refreshes ? ['token_exchange', 'refresh_token'] : ['token_exchange'],
  ...(scopes && { scopes }),
  ...(audience && { resource: audience }),
});

const ruleInFile = (one: Model.Rule) => ({
  client: one.clients,
  ...(one.watched && { mode: 'audit' }),
  subject: partyInFile('subject', one.subject),
  actor: {
    ...partyInFile('actor', one.actor),
    ...actorInFile(one.actor),
    ...(one.actor.must === 'be' && { required: true }),
    ...(one.actor.must === 'not be' && { forbidden: true }),
    ...(one.actor.delegated && { delegated: 'allow' }),
  },
  ...(one.clientActs && { act: 'client' }),
  ...(one.loosens && { rebind: 'bearer' }),
  grant: {
    audiences: one.audiences,
    scopes: one.renames === undefined ? one.scopes : Object.fromEntries(mapOf(one.renames)),
    types: one.types,
    ...(one.lifetime && { lifetime: `${one.lifetime}s` }),
    maxDepth: one.depth,
    refreshToken: one.refreshBeside,
    refreshLifetime: `${one.refreshLifetime}s`,
  },
});

const actorInFile = ({
  starts,
  word,
}: {
  readonly starts?: string | undefined;
  readonly word?: string | undefined;
}) => ({
  ...(starts !== undefined && { subjects: [`${starts}*`] }),
  ...(word !== undefined && { claims: { tenant: [word] } }),
});

const denialInFile = ({ clients, issuers, audiences, actorFrom, actorStarts, actorWord, tenant }: Model.Denial) => ({
  effect: 'deny',
  ...(clients && { client: clients }),
  ...(audiences && { audiences }),
  subject: partyInFile('subject', { ...(issuers && { issuers }), ...(tenant && { tenant }), anyKey: false }),
  actor: {
    ...partyInFile('actor', { ...(actorFrom && { issuers: actorFrom }), anyKey: false }),
    ...actorInFile({ starts: actorStarts, word: actorWord }),
  },
});

const partyInFile = (part: string, { issuers, types, clients, tenant, anyKey }: Model.Party) => ({
  ...(issuers && { issuer: issuers.map((one) => (one === SELF ? 'self' : one)) }),
  ...(types && { types }),
  ...(clients && { clients }),
  ...(anyKey && { constrained: 'accept' }),
  ...(tenant && { when: `${part}.claims.tenant == "${tenant}"` }),
});
