// What a rule requires of an actor by pattern (`clients`, `subjects`) and by its claims (`claims`).
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfiguration } from '../../src/config/load.ts';
import type { DenyRule, Rule } from '../../src/policy/rule.ts';
import { vouchFor } from '../../src/primitives/principal.ts';
import { API, assertIssued, exchange, withRules } from '../support/basics.ts';
import { type Configuration, changed, yamlOf } from '../support/configuration.ts';
import { start, type TestServer, type } from '../support/harness.ts';
import { entry, startIssuer } from '../support/issuer.ts';
import { ask, denial, IDP, reasonOf, resource, rule, SELF, token, type World, when } from '../support/judging.ts';

const api = resource('api');
const agentic = when('actor.claims["sub_profile"].split(" ").exists(word, word in ["ai_agent"])');
const allowing = (actor: Partial<Rule['actor']>): World => ({
  resources: [api],
  rules: [rule([api], { actor: { presence: 'required', delegated: 'allow', ...actor } })],
});
const denying = (actor: Partial<DenyRule['actor']>): World => ({
  resources: [api],
  rules: [rule([api], { actor: { delegated: 'allow' }, act: 'actor' })],
  denials: [denial({ actor: { presence: 'required', ...actor } })],
});
const ours = (sub: string) => ({ iss: SELF, sub });
const by = (sub: string, more: Parameters<typeof token>[1] = {}) =>
  token(sub, { clientId: sub, ...more, audiences: ['gateway'] });
const reason = (world: World, actor: ReturnType<typeof token> | undefined, subject = token('ada')) =>
  [reasonOf(ask(world, { subject, ...(actor && { actor }) }))].flat()[0];

test('an actor of a rule that allows must match a pattern of clients, of subjects, and a word of its claims', () => {
  const named = allowing({ clients: new Set(['tool']), clientPatterns: ['agent-*'] });
  for (const id of ['agent-1', 'agent-', 'tool']) assert.equal(reason(named, by(id)), undefined, id);
  for (const id of ['agent', 'my-agent-1', 'tools', 'Agent-1'])
    assert.equal(reason(named, by(id)), 'no_rule_for_actor', id);
  const foreign = { principal: { iss: IDP, sub: 'agent-1' }, clientId: 'agent-1' };
  assert.equal(reason(named, by('agent-1', foreign)), 'no_rule_for_actor', 'a client of another issuer');

  const subjects = allowing({ issuers: new Set([IDP]), subjects: ['repo:acme/*', 'walker'] });
  const at = (sub: string, iss = IDP) =>
    by(`idp:${sub}`, { principal: { iss, sub }, type: 'jwt', clientId: undefined });
  for (const sub of ['repo:acme/x', 'walker']) assert.equal(reason(subjects, at(sub)), undefined, sub);
  for (const sub of ['repo:acme', 'walkers', 'repo:evil/repo:acme/x'])
    assert.equal(reason(subjects, at(sub)), 'no_rule_for_actor', sub);
  assert.equal(reason(subjects, at('walker', 'https://other.example')), 'no_rule_for_actor');

  const profiled = allowing({ claims: agentic });
  for (const sub_profile of ['ai_agent', 'service ai_agent'])
    assert.equal(reason(profiled, by('agent-1', { claims: { sub_profile } })), undefined, sub_profile);
  for (const sub_profile of ['service', 'ai_agents', '', ['ai_agent'], undefined, 7])
    assert.equal(
      reason(profiled, by('agent-1', { claims: { sub_profile } })),
      'no_rule_for_actor',
      String(sub_profile),
    );
});

test('a rule that denies matches a pattern at any hop, by either name of an actor', () => {
  const world = denying({ clients: new Set(), clientPatterns: ['agent-*'] });
  assert.equal(reason(world, by('agent-1')), 'denied_by_rule');
  assert.equal(reason(world, by('tool')), undefined);
  assert.equal(reason(world, undefined, token('ada', { chain: [vouchFor(ours('agent-1'))] })), 'denied_by_rule');
  const deep = token('ada', { chain: [vouchFor(ours('tool')), vouchFor(ours('agent-2'))] });
  assert.equal(reason(world, by('helper'), deep), 'denied_by_rule');
  // Its token was issued to another client.
  assert.equal(reason(world, by('agent-1', { clientId: 'other' })), 'denied_by_rule');
  const subjects = denying({ issuers: new Set([IDP]), subjects: ['runner-*'] });
  const runner = { iss: IDP, sub: 'runner-1' };
  for (const hop of [runner, { ...ours('idp:x'), origin: runner }])
    assert.equal(reason(subjects, by('tool'), token('ada', { chain: [vouchFor(hop)] })), 'denied_by_rule');
  for (const hop of [
    ours('runner-1'),
    { iss: IDP, sub: 'walker' },
    { ...ours('runner-1'), origin: { iss: IDP, sub: 'x' } },
  ])
    assert.equal(reason(subjects, by('tool'), token('ada', { chain: [vouchFor(hop)] })), undefined);
});

test('a rule that denies by claims refuses an actor whose claims cannot be told: without the claim, or without its token', () => {
  const world = denying({ clients: new Set(), clientPatterns: ['agent-*'], claims: agentic });
  const profile = (sub_profile: unknown) => by('agent-1', { claims: { sub_profile } });
  assert.equal(reason(world, profile('ai_agent')), 'denied_by_rule');
  assert.equal(reason(world, profile('service')), undefined);
  for (const odd of [undefined, ['service'], 7]) assert.equal(reason(world, profile(odd)), 'denial_cannot_be_told');
  assert.equal(reason(world, by('tool', { claims: { sub_profile: 'ai_agent' } })), undefined);
  // One hop deeper, its claims are not known, whatever those of the last actor are.
  const deep = token('ada', { chain: [vouchFor(ours('agent-2'))] });
  for (const actor of [undefined, by('tool', { claims: { sub_profile: 'service' } }), profile('service')])
    assert.equal(reason(world, actor, deep), 'denial_cannot_be_told');
  const innocent = token('ada', { chain: [vouchFor(ours('helper'))] });
  assert.equal(reason(world, profile('service'), innocent), undefined);
  const conditional = denying({ clients: new Set(['agent-2']), when: when('actor.claims.kind == "robot"') });
  assert.equal(reason(conditional, by('tool', { claims: { kind: 'person' } }), deep), 'denial_cannot_be_told');
});

test('reads patterns and claims from the file, exchanges by them, and warns of a pattern that matches no client', async (t) => {
  const idp = await startIssuer(t);
  const file = (actor: object) =>
    changed(
      withRules({
        name: 'agents',
        client: 'gateway',
        subject: { issuer: 'self', types: ['access_token'] },
        actor: { required: true, ...actor },
        grant: { audiences: [API], scopes: ['read'] },
      }),
      { issuers: [entry(idp)] },
    );
  const runners = { issuer: 'idp', types: ['jwt'], subjects: ['runner-*'], claims: { sub_profile: 'ai_agent' } };
  const server = await start(t, file(runners));
  const acting = (claims: Record<string, unknown>) =>
    exchange(server, { actor_token: idp.sign(claims), actor_token_type: type('jwt') });
  assertIssued(server, await acting({ sub: 'runner-1', sub_profile: 'service ai_agent' }));
  for (const claims of [{ sub: 'runner-1' }, { sub: 'walker', sub_profile: 'ai_agent' }])
    assert.equal(server.audit(await acting(claims))?.reason, 'no_rule_for_actor');
  const { warnings } = await loaded(server, file({ clients: ['agen*', 'robot-*'] }));
  assert.deepEqual(
    warnings.map(({ message }) => message).filter((message) => message.includes('client')),
    ['there is no client "robot-*". Add it to clients.'],
  );
  for (const [wrong, message] of [
    [{ clients: '*' }, /is not a client id/],
    [{ subjects: ['a*b'] }, /is not a subject/],
    [{ claims: {} }, /claims/],
    [{ claims: { sub_profile: ['ai agent'] } }, /is not a word/],
  ] as const)
    await assert.rejects(loaded(server, file(wrong)), message);
});

function loaded({ folder, issuer }: TestServer, source: Configuration) {
  const path = join(folder, 'other.yaml');
  writeFileSync(path, yamlOf(source));
  return loadConfiguration(path, { ISSUER: issuer, PORT: new URL(issuer).port });
}
