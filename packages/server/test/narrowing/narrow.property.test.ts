// Whatever the rules are and however often a token is exchanged: nothing grows, nothing is lost, and a second model, which
// knows the design and not the code, says the same of every request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findShadowed } from '../../src/config/shadowed.ts';
import { judge } from '../../src/exchange/judge.ts';
import { accessTokenClaims } from '../../src/issuing/access-token-claims.ts';
import type { Decision } from '../../src/issuing/authorization.ts';
import type { TokenFacts } from '../../src/model/token-facts.ts';
import { NO_LEASHES } from '../../src/narrowing/leashes.ts';
import { type Chain, formatAct, parseAct, vouchFor } from '../../src/primitives/principal.ts';
import { type AnswerName, Refusal, reasons } from '../../src/primitives/refusal.ts';
import { listedNames } from '../../src/primitives/scope.ts';
import { authenticationClaims, confirmationClaim, mayActClaim } from '../../src/subject-tokens/claims.ts';
import { claimsOf, EXCHANGE, start, type } from '../support/harness.ts';
import { startIssuer, US } from '../support/issuer.ts';
import { type Expected, expect, type Hop, type Request, type Token, type Voice } from '../support/second-model.ts';
import {
  ELSEWHERE,
  fileOf,
  type Parts,
  partsOf,
  proverOf,
  type Root,
  SELF,
  type Step,
  type Story,
  story,
} from '../support/worlds.ts';

/** Fixed, so that a failure comes again. */
const SEED = 8693;
const CHAINS = 10_000;
const NOW = 1_800_000_000;

const voices: Partial<Record<AnswerName, Voice>> = {
  subject_token: 'subject',
  actor: 'actor',
  actor_token: 'actor token',
  target: 'target',
  requested_token_type: 'type',
  scope: 'scope',
};

let ids = 0;
const newId = (): string => `id-${ids++}`;

/** A root as a validator would have told it. */
function rootFacts(root: Root): TokenFacts {
  const { iss, sub, client, audiences, scope, life, chain, mayAct, acr, tenant, key } = root;
  const cnf = key && { jkt: key };
  const own = iss === SELF;
  const said = {
    sub,
    ...(own && { client_id: client }),
    ...(tenant && { tenant }),
    ...(acr && { acr }),
    ...(cnf && { cnf }),
  };
  return {
    principal: { iss, sub },
    sub: own ? sub : `idp:${sub}`,
    origin: own ? undefined : { iss, sub },
    type: own ? 'access_token' : 'jwt',
    clientId: own ? client : undefined,
    audiences,
    chain: chain.map(vouchFor),
    claims: { iss, ...said },
    id: newId(),
    issuedAt: undefined,
    lineage: [],
    actorLineage: [],
    scope: own ? new Set(scope) : 'unbounded',
    agreedAudiences: 'unbounded',
    expiresAt: NOW + life,
    confirmation: cnf || undefined,
    mayAct,
    authentication: authenticationClaims(said),
    extraClaims: {},
  };
}

/** A chain as the model has it. */
const hopsOf = (chain: Chain): readonly Hop[] =>
  chain.map(({ iss, sub, origin }) => ({ iss, sub, ...(origin && { from: { iss: origin.iss, sub: origin.sub } }) }));

/** The issued token as a validator would tell it, from nothing but its claims. */
function readClaims(claims: Record<string, unknown>): TokenFacts {
  const { sub, client_id, aud, exp, jti, act, scope = '', lineage = [], actor_lineage = [], sub_id } = claims;
  const chain = parseAct(act, { issuer: SELF, vouchesFor: 'everyone' });
  assert.ok(typeof chain === 'object');
  return {
    principal: { iss: SELF, sub: String(sub) },
    sub: String(sub),
    origin: sub_id as TokenFacts['origin'],
    type: 'access_token',
    clientId: String(client_id),
    audiences: [aud].flat() as string[],
    chain,
    claims,
    id: String(jti),
    issuedAt: undefined,
    lineage: lineage as string[],
    actorLineage: actor_lineage as string[],
    scope: new Set(String(scope).split(' ').filter(Boolean)),
    agreedAudiences: 'unbounded',
    expiresAt: Number(exp),
    confirmation: confirmationClaim(claims),
    mayAct: mayActClaim(claims, SELF),
    authentication: authenticationClaims(claims),
    extraClaims: {},
  };
}

function issue(decision: Decision, now: number): TokenFacts {
  const { refresh } = decision;
  const family = refresh === undefined ? undefined : newId();
  if (decision.type !== 'refresh_token') {
    const about = { issuer: SELF, id: newId(), family, now, expiresAt: now + decision.lifetime };
    return readClaims(JSON.parse(JSON.stringify(accessTokenClaims(decision, about))));
  }
  assert.ok(refresh?.kind === 'new' && family !== undefined);
  const { grant, lifetime } = refresh;
  return {
    ...grant,
    principal: { iss: SELF, sub: grant.sub },
    origin: grant.origin,
    type: 'refresh_token',
    clientId: decision.clientId,
    audiences: [],
    claims: accessTokenClaims(decision, {
      issuer: SELF,
      id: family,
      family: undefined,
      now,
      expiresAt: now + lifetime,
    }),
    id: family,
    issuedAt: now,
    scope: new Set(grant.scope),
    agreedAudiences: 'unbounded',
    extraClaims: {},
    expiresAt: now + lifetime,
    confirmation: decision.confirmation,
    mayAct: grant.mayAct,
  };
}

const forModel = (facts: TokenFacts): Token => ({
  iss: facts.principal.iss,
  sub: facts.principal.sub,
  ...(facts.origin && facts.principal.iss === SELF && { from: { iss: facts.origin.iss, sub: facts.origin.sub } }),
  type: facts.type,
  ...(facts.clientId !== undefined && { client: facts.clientId }),
  audiences: facts.audiences,
  ...(facts.scope !== 'unbounded' && { scope: [...facts.scope] }),
  expires: facts.expiresAt,
  chain: hopsOf(facts.chain),
  ...(facts.mayAct && { mayAct: facts.mayAct }),
  ...(typeof facts.authentication.acr === 'string' && { acr: facts.authentication.acr }),
  ...(facts.confirmation && 'jkt' in facts.confirmation && { key: facts.confirmation.jkt }),
  ...(typeof facts.claims.tenant === 'string' && { tenant: facts.claims.tenant }),
  ancestors: [facts.id, ...facts.lineage],
  actingAncestors: facts.actorLineage,
});

const requestFor = (step: Step, subject: TokenFacts, actor: TokenFacts | undefined, now: number): Request => ({
  client: step.client,
  subject: forModel(subject),
  ...(actor && { actor: forModel(actor) }),
  audiences: step.audiences,
  resources: step.resources,
  ...(step.scope && { scope: step.scope }),
  type: step.type,
  ...(step.key && { key: step.key }),
  now,
});

function decide(
  parts: Parts,
  step: Step,
  subject: TokenFacts,
  actor: TokenFacts | undefined,
  now: number,
): Decision | Voice {
  const client = parts.clients.get(step.client);
  assert.ok(client);
  const request = {
    audiences: step.audiences,
    resources: step.resources.map((uri) => new URL(uri)),
    requestedType: step.type,
    scope: step.scope && new Set(step.scope),
  };
  const confirmation = step.key === undefined ? undefined : { jkt: step.key };
  const { result } = judge({ request, subject, actor, client }, { ...parts, leashes: NO_LEASHES, confirmation, now });
  if (!(result instanceof Refusal)) return result;
  const voice = voices[reasons[result.reason].answer];
  assert.ok(voice, result.reason);
  return voice;
}

/** The invariants, asked of the tokens themselves. */
function assertNarrower(
  world: Story['world'],
  before: TokenFacts,
  after: TokenFacts,
  decision: Decision,
  expected: Expected,
): void {
  assert.ok(!('refused' in expected));
  const renames = world.rules[expected.rule]?.renames;
  for (const name of listedNames(after.scope)) {
    const origins = renames?.filter(([, to]) => to === name).map(([from]) => from) ?? [name];
    const { scope } = before;
    if (scope === 'unbounded') assert.equal(renames, undefined, `${name} came of no scope`);
    else
      assert.ok(
        origins.some((origin) => scope.has(origin)),
        `scope grew by ${name}`,
      );
  }
  assert.equal(decision.lifetime >= 1, true);
  if (decision.type !== 'refresh_token') assert.equal(after.expiresAt <= before.expiresAt, true, 'lifetime grew');
  const kept = after.chain.slice(after.chain.length - before.chain.length);
  assert.deepEqual(kept, before.chain, 'the chain lost a link');
  assert.equal(after.chain.length - before.chain.length <= 1, true);
  assert.deepEqual(after.lineage.slice(-1 - before.lineage.length), [before.id, ...before.lineage]);
  assert.deepEqual(after.authentication, before.authentication, 'acr, amr and auth_time are copied');
  if (decision.type !== 'refresh_token') assert.deepEqual([...after.audiences].sort(), [...expected.audiences].sort());
}

function compare(told: Decision | Voice, expected: Expected, what: string): void {
  if (typeof told === 'string') {
    assert.ok('refused' in expected, `${what}: refused (${told}), and the model allows it`);
    assert.ok(expected.refused.includes(told), `${what}: refused by ${told}, not ${expected.refused.join(' or ')}`);
    return;
  }
  assert.ok(!('refused' in expected), `${what}: allowed, and the model refuses it: ${JSON.stringify(expected)}`);
  const { refresh } = told;
  assert.deepEqual(
    {
      audiences: told.targets.map(({ audience }) => audience).sort(),
      scope: [...told.scope].sort(),
      lifetime: told.lifetime,
      chain: hopsOf(told.chain),
      mayAct: told.mayAct,
      refreshLifetime: refresh?.kind === 'new' ? refresh.lifetime : undefined,
      confirmation: told.confirmation,
    },
    {
      audiences: [...expected.audiences].sort(),
      scope: [...expected.scope].sort(),
      lifetime: expected.lifetime,
      chain: expected.chain,
      mayAct: expected.mayAct,
      refreshLifetime: expected.refreshLifetime,
      confirmation: expected.key === undefined ? undefined : { jkt: expected.key },
    },
    what,
  );
}

interface Tally {
  allowed: number;
  refused: Record<string, number>;
  longest: number;
  shadowed: number;
}

const nothing = (): Tally => ({ allowed: 0, refused: {}, longest: 0, shadowed: 0 });

/** Exchanges the token of each step for the next, as far as the rules let it. */
function walk({ world, roots, steps }: Story, tally: Tally): void {
  const parts = partsOf(world);
  const shadowed = [...findShadowed(parts.policy.rules, SELF).keys()];
  tally.shadowed += shadowed.length;
  const tokens = roots.map(rootFacts);
  let [subject] = tokens;
  let now = NOW;
  let hops = 0;
  for (const step of steps) {
    now += step.wait;
    assert.ok(subject);
    const actor = step.actor === undefined ? undefined : tokens.at(step.actor % tokens.length);
    // What has expired is refused before anybody is asked.
    if (subject.expiresAt <= now || (actor && actor.expiresAt <= now)) continue;
    const expected = expect(world, requestFor(step, subject, actor, now));
    const told = decide(parts, step, subject, actor, now);
    compare(told, expected, JSON.stringify(step));
    const decides = 'rule' in expected ? String(expected.rule) : undefined;
    assert.equal(
      shadowed.some(({ name }) => name === decides),
      false,
      'a rule decided that check calls shadowed',
    );
    if (typeof told === 'string') {
      tally.refused[told] = (tally.refused[told] ?? 0) + 1;
      continue;
    }
    const issued = issue(told, now);
    assertNarrower(world, subject, issued, told, expected);
    tokens.push(issued);
    subject = issued;
    hops++;
    tally.allowed++;
  }
  tally.longest = Math.max(tally.longest, hops);
}

test(`over ${CHAINS} chains of exchanges under any rules, scope and lifetime never grow and no actor is lost (TE-53)`, (t) => {
  const tally = nothing();
  fc.assert(
    fc.property(story(12), (one) => walk(one, tally)),
    { numRuns: CHAINS, seed: SEED },
  );
  t.diagnostic(`seed ${SEED}: ${JSON.stringify(tally)}`);
  assert.equal(tally.allowed > CHAINS, true, 'enough was allowed to say something');
  assert.equal(tally.longest >= 6, true, 'and over enough hops');
  assert.equal(tally.shadowed > 500, true, 'among rules that could never decide, and none did');
  assert.deepEqual(Object.keys(tally.refused).sort(), ['actor', 'actor token', 'scope', 'subject', 'target', 'type']);
});

test('a chain may be exchanged until it names sixteen ancestors, and the model agrees to the last', () => {
  const open = { issuers: [SELF], clients: ['a'], anyKey: false };
  const world: Story['world'] = {
    self: SELF,
    denials: [],
    resources: [
      { audience: 'urn:r', locations: [], scopes: ['read'], acr: [], lifetime: 3600, strict: false, format: 'jwt' },
    ],
    clients: [{ id: 'a', refreshes: false }],
    rules: [
      {
        clients: ['a'],
        watched: false,
        subject: open,
        actor: { ...open, must: 'may be', delegated: true },
        clientActs: false,
        loosens: false,
        audiences: ['urn:r'],
        scopes: ['read'],
        types: ['access_token'],
        depth: 10,
        refreshBeside: false,
        refreshLifetime: 60,
      },
    ],
  };
  const root: Root = {
    iss: SELF,
    sub: 'ada',
    client: 'a',
    audiences: [],
    scope: ['read'],
    life: 3600,
    chain: [],
    mayAct: undefined,
    acr: undefined,
    tenant: undefined,
    key: undefined,
  };
  const step: Step = {
    client: 'a',
    actor: undefined,
    audiences: [],
    resources: [],
    scope: undefined,
    type: 'access_token',
    key: undefined,
    wait: 1,
  };
  const tally = nothing();
  walk({ world, roots: [root], steps: Array(20).fill(step) }, tally);
  assert.deepEqual(tally, { ...nothing(), allowed: 16, refused: { subject: 4 }, longest: 16 });
  const busy = nothing();
  const actors = Array.from({ length: 12 }, (_, index): Root => ({ ...root, sub: `agent-${index}` }));
  walk({ world, roots: [root, ...actors], steps: actors.map((_, index) => ({ ...step, actor: index + 1 })) }, busy);
  assert.deepEqual(busy, { ...nothing(), allowed: 10, refused: { actor: 2 }, longest: 10 });
});

/** Sentence of the answer → whose it is. */
const sentences: Readonly<Record<string, Voice>> = {
  'The provided subject token is invalid or expired': 'subject',
  'The provided actor token is invalid or expired': 'actor token',
  'The actor is not allowed to act for this subject': 'actor',
  'The requested audience is not valid for this client': 'target',
  'The requested_token_type is not supported': 'type',
  'The requested scope is invalid, or more than may be granted': 'scope',
};

test('the same over HTTP: every answer is the one that the model gives', async (t) => {
  const idp = await startIssuer(t);
  const issuers = [
    {
      issuer: ELSEWHERE,
      name: 'idp',
      accepts: ['jwt'],
      audiences: [US],
      jwks: { keys: idp.keys.map(({ jwk }) => jwk) },
    },
  ];
  const tally = { allowed: 0, refused: 0 };
  for (const one of fc.sample(story(24), { numRuns: 28, seed: SEED })) {
    const server = await start(t, fileOf(one.world, issuers));
    const begun = Math.floor(server.clock.now / 1000);
    const present = (root: Root): { text: string; facts: TokenFacts; declared: string } => {
      const facts = { ...rootFacts(root), expiresAt: begun + root.life };
      const { sub, claims, chain, mayAct, id } = facts;
      const said = { ...claims, jti: id, iat: begun, exp: begun + root.life, act: formatAct(chain), may_act: mayAct };
      if (root.iss === SELF) {
        const aud = root.audiences.length === 0 ? ['urn:somebody'] : root.audiences;
        const text = server.forge({ ...said, sub, aud, scope: root.scope.join(' ') });
        return { text, facts: { ...facts, audiences: aud }, declared: 'access_token' };
      }
      const aud = [US, ...root.audiences];
      return { text: idp.signAll({ ...said, aud }), facts: { ...facts, audiences: aud }, declared: 'jwt' };
    };
    const tokens = one.roots.map(present);
    let [subject] = tokens;
    for (const step of one.steps) {
      assert.ok(subject);
      // Opaque and refresh tokens do not say what they are: the pure chains above have them.
      if (step.type === 'refresh_token') continue;
      server.clock.now += step.wait * 1000;
      const now = Math.floor(server.clock.now / 1000);
      const actor = step.actor === undefined ? undefined : tokens.at(step.actor % tokens.length);
      if (subject.facts.expiresAt <= now || (actor && actor.facts.expiresAt <= now)) continue;
      const expected = expect(one.world, requestFor(step, subject.facts, actor?.facts, now));
      const proof =
        step.key === undefined ? undefined : proverOf(step.key)?.prove({ issuer: SELF, clock: server.clock });
      const form = {
        grant_type: EXCHANGE,
        client_id: step.client,
        client_secret: step.client,
        subject_token: subject.text,
        subject_token_type: type(subject.declared),
        ...(actor && { actor_token: actor.text, actor_token_type: type(actor.declared) }),
        audience: step.audiences,
        resource: step.resources,
        scope: step.scope?.join(' '),
        requested_token_type: type('jwt'),
        ...(step.type === 'access_token' && { requested_token_type: undefined }),
      };
      const answer = await server.token(form, proof ? { dpop: proof } : {});
      if (answer.status !== 200) {
        const voice = sentences[String(answer.body.error_description)];
        assert.ok(
          voice && 'refused' in expected && expected.refused.includes(voice),
          `${answer.text} ${JSON.stringify(expected)}`,
        );
        tally.refused++;
        continue;
      }
      assert.ok(!('refused' in expected), `${answer.text} ${JSON.stringify(expected)}`);
      tally.allowed++;
      const text = String(answer.body.access_token);
      if (!text.includes('.')) continue;
      const claims = claimsOf(text);
      assert.deepEqual(
        [
          [claims.aud].flat().sort(),
          String(claims.scope ?? '')
            .split(' ')
            .filter(Boolean)
            .sort(),
          answer.body.expires_in,
          claims.act,
          claims.cnf,
        ],
        [
          [...expected.audiences].sort(),
          [...expected.scope].sort(),
          expected.lifetime,
          formatAct(expected.chain.map(({ from: origin, ...hop }) => (origin ? { ...hop, origin } : hop))),
          expected.key === undefined ? undefined : { jkt: expected.key },
        ],
      );
      subject = { text, facts: readClaims(claims), declared: 'access_token' };
      tokens.push(subject);
    }
    await server.close();
  }
  t.diagnostic(`seed ${SEED}: ${JSON.stringify(tally)}`);
  assert.equal(tally.allowed + tally.refused >= 200, true);
  assert.equal(tally.allowed >= 30, true);
});
