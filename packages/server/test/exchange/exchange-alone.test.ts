// The steps of an exchange before it is judged: read, record, refuse. Uses opaque tokens in memory, without a server.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { AllClients } from '../../src/client-auth/all-clients.ts';
import { type ExchangeContext, exchange } from '../../src/exchange/exchange.ts';
import { exchangeParameters, readExchangeRequest } from '../../src/exchange/request.ts';
import { explainExchange } from '../../src/explain/explain.ts';
import { explainTargets } from '../../src/explain/targets.ts';
import { signCompact } from '../../src/keys/jws.ts';
import { createSignatureCache } from '../../src/keys/signature-cache.ts';
import { NO_LEASHES } from '../../src/narrowing/leashes.ts';
import { noteWanted, resolveTargets } from '../../src/narrowing/wanted.ts';
import type { Rule } from '../../src/policy/rule.ts';
import { type Parameters as Form, parametersOf } from '../../src/primitives/parameters.ts';
import { Refusal } from '../../src/primitives/refusal.ts';
import { sha256 } from '../../src/primitives/secret.ts';
import { tokenTypeUri } from '../../src/primitives/token-type.ts';
import { type FinishedStep, STEPS_FINISHED } from '../../src/primitives/tracing.ts';
import { anyFile, client, IDP, NOW, newEvent, partsOf, resource, rule, SELF, value } from '../support/judging.ts';

const api = resource('api', { locations: ['https://api.example/v1'] });
const other = resource('other', { scopes: new Set(['write', 'pay']), token: { lifetime: 60 } });
const gateway = client('gateway');
const barred = client('barred', { disabled: true });

const ADA = 'cambio_at_ada';
const AGENT = 'cambio_at_agent';
const claims = { client_id: 'gateway', aud: 'api', iat: NOW - 10, exp: NOW + 600, scope: 'read write' };
const held = new Map(
  [
    [ADA, { ...claims, sub: 'ada', jti: 'id-ada', acr: 'gold' }],
    [AGENT, { ...claims, sub: 'agent', jti: 'id-agent', exp: NOW + 300 }],
    ['cambio_at_old', { ...claims, sub: 'ada', jti: 'id-old', exp: NOW }],
  ].map(([text, said]) => [sha256(String(text)), JSON.stringify(said)]),
);

/** The services that validators of opaque tokens use. */
const context = (rules: readonly Rule[], more: object = {}) =>
  ({
    ...partsOf({ resources: [api, other], rules }),
    client: gateway,
    clients: new AllClients(new Map([gateway, barred].map((one) => [one.id, one])), []),
    enabledTypes: new Set(['access_token', 'jwt']),
    issuers: { introspecting: undefined, all: () => [], byPrincipal: () => undefined },
    clientIndex: { bySpiffeId: () => undefined, ofWorkloads: () => [] },
    saml: new Map(),
    resources: [api, other],
    grants: [],
    file: anyFile,
    names: {
      namesOf: () => [],
      otherOwner: () => undefined,
      ownerHere: () => 'an account',
      isTrustedVoucher: () => true,
    },
    signatures: createSignatureCache(),
    revocations: { whyRefused: () => undefined },
    signIn: undefined,
    leashes: NO_LEASHES,
    suspensions: { find: () => undefined },
    confirmation: undefined,
    now: NOW,
    findOpaque: async (hash: string) => held.get(hash),
    tokenErrorCode: 'invalid_grant',
    isUsed: async () => false,
    leashCounter: { refuseEarly: () => undefined },
    ...more,
  }) as unknown as ExchangeContext & Parameters<typeof explainExchange>[3] & Parameters<typeof explainTargets>[3];

const open = rule([api, other]);
type Said = Readonly<Record<string, string | readonly string[] | undefined>>;
const parameters = (said: Said): Form =>
  parametersOf(
    Object.entries(said).flatMap(([name, values]) => [values ?? []].flat().map((one) => [name, one] as const)),
  );
const form: Said = { subject_token: ADA, subject_token_type: tokenTypeUri('access_token') };
const acting: Said = { ...form, actor_token: AGENT, actor_token_type: tokenTypeUri('access_token') };

const refusal = (reason: string, parameter?: string) => (error: unknown) =>
  error instanceof Refusal && error.reason === reason && error.parameter === parameter;

test('reads the tokens, their types, and the requested targets and scope (RFC 8693 section 2.1)', () => {
  const enabled = new Set(['access_token', 'jwt']);
  const read = (said: Said) => readExchangeRequest(parameters(said), enabled);
  const { subject, actor, ...plain } = read(form);
  assert.deepEqual([subject.text, subject.type.name, actor], [ADA, 'access_token', undefined]);
  assert.deepEqual(plain, { requestedType: 'access_token', audiences: [], resources: [], scope: undefined });
  const full = read({
    ...acting,
    actor_token_type: tokenTypeUri('jwt'),
    requested_token_type: tokenTypeUri('refresh_token'),
    audience: ['api', 'other'],
    resource: ['https://API.example/v1', 'urn:x'],
    scope: 'read write',
  });
  assert.deepEqual([full.actor?.text, full.actor?.type.name, full.requestedType], [AGENT, 'jwt', 'refresh_token']);
  assert.deepEqual(
    [full.audiences, full.resources.map(String), full.scope],
    [['api', 'other'], ['https://api.example/v1', 'urn:x'], new Set(['read', 'write'])],
  );
  assert.equal(read({ ...form, requested_token_type: tokenTypeUri('jwt') }).requestedType, 'jwt');
  const { subject_token, subject_token_type } = form;
  const actor_token_type = tokenTypeUri('access_token');
  for (const [said, reason, parameter] of [
    [{}, 'parameter_missing', 'subject_token'],
    [{ subject_token_type }, 'parameter_missing', 'subject_token'],
    [{ subject_token }, 'parameter_missing', 'subject_token_type'],
    [{ ...form, actor_token_type }, 'parameter_not_allowed', 'actor_token_type'],
    [{ ...form, actor_token: AGENT }, 'parameter_missing', 'actor_token_type'],
    [{ ...form, subject_token_type: 'access_token' }, 'subject_token_type_unsupported', undefined],
    [{ ...form, subject_token_type: tokenTypeUri('nothing') }, 'subject_token_type_unsupported', undefined],
    [{ ...form, subject_token_type: tokenTypeUri('saml2') }, 'subject_token_type_unsupported', undefined],
    [{ ...acting, actor_token_type: tokenTypeUri('saml2') }, 'actor_token_type_unsupported', undefined],
    [{ ...form, requested_token_type: tokenTypeUri('saml2') }, 'requested_token_type_unsupported', undefined],
    [{ ...form, requested_token_type: 'jwt' }, 'requested_token_type_unsupported', undefined],
    [{ ...form, scope: 'a  b' }, 'scope_malformed', undefined],
    [{ ...form, resource: ['https://api.example', '/v1'] }, 'target_malformed', undefined],
    [{ ...form, resource: 'https://api.example/#' }, 'target_malformed', undefined],
  ] as const) {
    assert.throws(() => read(said), refusal(reason, parameter), JSON.stringify(said));
  }
  for (const name of Object.keys(acting))
    assert.ok(
      exchangeParameters.some((one) => one === name),
      name,
    );
});

test('resolves all targets, each once, or none', () => {
  const { targeting } = partsOf({ resources: [api, other], rules: [] });
  const resolve = (audiences: string[], resources: string[] = []) =>
    resolveTargets({ audiences, resources: resources.map((one) => new URL(one)) }, targeting);
  assert.deepEqual(resolve([]), []);
  assert.deepEqual(resolve(['other', 'api', 'other'], ['https://api.example/v1/x']), [other, api]);
  assert.equal(resolve(['api', 'nothing']), 'unknown');
  assert.equal(resolve(['api'], ['https://api.example/v2']), 'unknown');
});

test('records the request, except values that may be a token in the wrong parameter', () => {
  const secret = 'x'.repeat(50);
  const named = resource(secret, { scopes: new Set([`${secret}y`]) });
  const { targeting } = partsOf({ resources: [api, named], rules: [] });
  const event = newEvent();
  const resources = [new URL('https://api.example/v1'), new URL(`urn:cambio_rt_${secret}`)];
  noteWanted(
    event,
    { audiences: ['api', 'x', secret, `${secret}z`], resources, scope: new Set(['read', 'x', `${secret}y`, secret]) },
    targeting,
  );
  assert.deepEqual(event.audiencesAsked, ['api', 'x', secret, '[withheld]']);
  assert.deepEqual(event.resourcesAsked, ['https://api.example/v1', '[withheld]']);
  assert.deepEqual(event.scopeAsked, ['read', 'x', `${secret}y`, '[withheld]']);
  const silent = newEvent();
  noteWanted(silent, { audiences: [], resources: [], scope: undefined }, targeting);
  assert.equal('scopeAsked' in silent, false);
});

test('validates the tokens, and records what they proved', async () => {
  const event = newEvent();
  const said = parameters({ ...acting, audience: 'api', scope: 'read' });
  const issued = await exchange(said, gateway, event, context([open]));
  assert.deepEqual([issued.sub, issued.lifetime, issued.chain], ['ada', 300, [{ iss: SELF, sub: 'agent' }]]);
  const { subject, actor, requestedType, audiencesAsked, scopeAsked, rule } = event;
  assert.deepEqual(
    [subject?.sub, subject?.declaredType, actor?.sub, actor?.declaredType],
    ['ada', 'access_token', 'agent', 'access_token'],
  );
  assert.deepEqual([requestedType, audiencesAsked, scopeAsked, rule], ['access_token', ['api'], ['read'], 'rule']);
  const alone = newEvent();
  await exchange(parameters(form), gateway, alone, context([open]));
  assert.equal(alone.actor, undefined);
});

test('refuses an invalid or revoked token under its declared type', async () => {
  const fails = async (said: Said, more: object, reason: string) => {
    const event = newEvent();
    await assert.rejects(exchange(parameters(said), gateway, event, context([open], more)), refusal(reason));
    return event;
  };
  const old = await fails({ ...form, subject_token: 'cambio_at_old' }, {}, 'subject_token_expired');
  assert.deepEqual([old.subject, old.requestedType], [undefined, 'access_token']);
  await fails({ ...acting, actor_token: 'cambio_at_old' }, {}, 'actor_token_expired');
  const revoked = (id: string) => ({
    revocations: { whyRefused: (token: { id: string }) => (token.id === id ? ('revoked' as const) : undefined) },
  });
  const dead = await fails(acting, revoked('id-ada'), 'subject_token_revoked');
  assert.deepEqual([dead.subject?.id, dead.actor], ['id-ada', undefined]);
  assert.equal((await fails(acting, revoked('id-agent'), 'actor_token_revoked')).actor?.id, 'id-agent');
  const broken = { findOpaque: async () => assert.fail('the database is gone') };
  await assert.rejects(
    exchange(parameters(form), gateway, newEvent(), context([open], broken)),
    /the database is gone/,
  );
});

test('explains an exchange without making it', async () => {
  const grant = { claims: [['team', value('subject.claims.team')] as const, ['level', value('1')] as const] };
  const around = context([rule([other], { name: 'for another', clients: new Set(['x']) }), rule([api], { grant })]);
  const event = newEvent();
  const told = await explainExchange(parameters(form), 'gateway', event, around);
  assert.equal(told.decision, 'allowed');
  assert.deepEqual(told.claims, {
    level: 1,
    iss: SELF,
    sub: 'ada',
    aud: 'api',
    client_id: 'gateway',
    iat: NOW,
    exp: NOW + 600,
    jti: '(new)',
    scope: 'read write',
    acr: 'gold',
    lineage: ['id-ada'],
  });
  assert.deepEqual(told.steps.map(({ step, found }) => `${step}: ${found}`).slice(-3), [
    'scope: what the token may do: read write; the subject token allows read write; the rule allows read write; api allows read write',
    'lifetime: 10 min; the subject token allows 10 min; api allows 1 h',
    'claims: not known, and therefore left out: team',
  ]);
  assert.deepEqual(told.rules.at(-1), { rule: 'rule', result: 'decides', at: 'rules 0' });
  const { client: id, grant: kind, outcome, chain, scopeGiven } = event;
  assert.deepEqual(
    [id, kind, outcome, chain, scopeGiven],
    ['gateway', 'token_exchange', 'issued', [], ['read', 'write']],
  );
  assert.equal(
    (await explainExchange(parameters(form), 'gateway', newEvent(), context([open]))).steps.at(-1)?.step,
    'lifetime',
  );
});

const KEY = { ...generateKeyPairSync('ed25519'), kid: 'k', alg: 'Ed25519' } as const;
/** Clients whose tokens are single-use. */
const idp = {
  issuer: IDP,
  name: 'idp',
  kind: 'oauth',
  accepts: new Set(['jwt']),
  audiences: new Set([SELF]),
  clientIds: new Set(),
  leeway: 30,
  algorithms: new Set(['Ed25519']),
  reuse: 'never',
  scopes: 'ignore',
  claims: [],
  keySource: { find: async () => ({ ...KEY, key: KEY.publicKey }) },
};
const foreign = (exp: number): Said => ({
  subject_token: signCompact(
    'JWT',
    { iss: IDP, sub: 'ada', aud: SELF, jti: 'once', iat: NOW, exp },
    { ...KEY, key: KEY.privateKey },
  ),
  subject_token_type: tokenTypeUri('jwt'),
});
const trusting = (isUsed: () => Promise<boolean>) =>
  context([rule([api], { subject: { issuers: new Set([IDP]) } })], {
    issuers: { byIssuer: () => idp, byName: () => idp },
    saml: new Map(),
    samlDecryptionKeys: [],
    isUsed,
  });
const MONTH = 30 * 86_400;

test('remembers a single-use token for a month or less, and does not consume it in an explanation', async () => {
  const fresh = trusting(async () => false);
  const { uses } = await exchange(parameters(foreign(NOW + MONTH - 120)), gateway, newEvent(), fresh);
  assert.deepEqual(
    uses.map(({ expiresAt, replayed }) => [expiresAt, replayed]),
    [[NOW + MONTH, 'subject_token_replayed']],
  );
  const detail = 'it expires too late for a single-use token: 30 days are allowed';
  await assert.rejects(exchange(parameters(foreign(NOW + MONTH - 119)), gateway, newEvent(), fresh), {
    reason: 'subject_token_claims',
    detail,
  });
  const explain = (isUsed: boolean) =>
    explainExchange(
      parameters(foreign(NOW + 60)),
      'gateway',
      newEvent(),
      trusting(async () => isUsed),
    );
  assert.equal((await explain(false)).decision, 'allowed');
  const used = await explain(true);
  assert.deepEqual([used.decision, used.reason], ['refused', 'subject_token_replayed']);
});

test('names the steps of an exchange for metrics and traces', async () => {
  const told: unknown[] = [];
  const listen = (finished: unknown): void => {
    told.push((finished as FinishedStep).step);
  };
  subscribe(STEPS_FINISHED, listen);
  await exchange(parameters(acting), gateway, newEvent(), context([open]));
  unsubscribe(STEPS_FINISHED, listen);
  assert.deepEqual(told, ['subject', 'actor', 'decide']);
});

test('explains without a proof, and says which one the request would need', async () => {
  const strict = rule([resource('strict', { requireSenderConstraint: true })]);
  const event = newEvent();
  const told = await explainExchange(parameters(form), 'gateway', event, context([strict]));
  assert.equal(told.decision, 'allowed');
  assert.deepEqual(event.confirmation, { jkt: '(of the caller)' });
  assert.equal(event.rebound, undefined);
});

test('explains a refusal with its sentence, and no other error', async () => {
  const event = newEvent();
  const told = await explainExchange(parameters({ ...form, scope: 'none' }), 'gateway', event, context([open]));
  assert.deepEqual([told.decision, told.error, told.reason], ['refused', 'invalid_scope', 'scope_exceeded']);
  assert.equal(told.error_description, 'The requested scope is invalid, or more than may be granted');
  assert.match(told.steps.at(-1)?.found ?? '', /: not allowed: none \(missing in .*\); the subject token allows/);
  assert.deepEqual([event.outcome, event.reason], ['refused', 'scope_exceeded']);
  const missing = newEvent();
  await explainExchange(parameters({}), 'gateway', missing, context([open]));
  assert.deepEqual([missing.reason, missing.parameter], ['parameter_missing', 'subject_token']);
  const unknown = await explainExchange(parameters(form), 'nobody', newEvent(), context([open]));
  assert.equal(unknown.reason, 'client_unknown');
  const broken = context([open], { findOpaque: async () => assert.fail('the database is gone') });
  await assert.rejects(explainExchange(parameters(form), 'gateway', newEvent(), broken), /the database is gone/);
});

test('judges each target as if it were requested separately', async () => {
  const caller = context([
    rule([other], { name: 'pays', actor: { presence: 'required' } }),
    rule([api, other], { name: 'all' }),
  ]);
  const targets = (said: Said, id = 'gateway') => explainTargets(parameters(said), id, newEvent(), caller);
  assert.deepEqual(await targets(form), [
    { audience: 'api', scope: 'read write', lifetime: 600, rule: 'all' },
    { audience: 'other', scope: 'write', lifetime: 60, rule: 'all' },
  ]);
  assert.deepEqual(await targets({ ...acting, audience: 'nothing', resource: 'urn:nothing' }), [
    { audience: 'api', scope: 'read write', lifetime: 300, rule: 'all' },
    { audience: 'other', scope: 'write', lifetime: 60, rule: 'pays' },
  ]);
  assert.deepEqual(await targets({ ...form, scope: 'read' }), [
    { audience: 'api', scope: 'read', lifetime: 600, rule: 'all' },
  ]);
  const fault = { ...value('1'), evaluate: () => assert.fail('a fault of ours') };
  const faulty = context([rule([api], { grant: { claims: [['x', fault]] } })]);
  await assert.rejects(explainTargets(parameters(form), 'gateway', newEvent(), faulty), /a fault of ours/);
  await assert.rejects(targets(form, 'barred'), refusal('client_disabled'));
  await assert.rejects(targets({ ...form, subject_token: 'cambio_at_old' }), refusal('subject_token_expired'));
});
