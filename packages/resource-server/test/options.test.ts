// Refuses options and requirements that are missing by mistake, each beside its accepted twin.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuard } from '../src/express.ts';
import { createVerifier, requireActor, type VerifierOptions } from '../src/index.ts';
import type { Requirements } from '../src/requirements.ts';

const good: VerifierOptions = { issuer: 'https://login.example', audience: 'https://orders.example' };
const introspection = { clientId: 'orders', clientSecret: 'secret' };
/** The value of an environment variable that is not set. */
const unset = undefined as unknown as string;

test('names an option that is undefined, empty or unknown at start', () => {
  const faults: Record<string, object> = {
    issuer: { issuer: unset },
    audience: { audience: '' },
    senderConstraint: { senderConstraint: 'require' },
    'options.senderConstraint is undefined': { senderConstraint: unset },
    'options.introspection is undefined': { introspection: unset },
    'introspection.clientSecret': { introspection: { ...introspection, clientSecret: unset } },
    'introspection.tokens': { introspection: { ...introspection, tokens: 'any' } },
    'introspection.cacheFor': { introspection: { ...introspection, cacheFor: Number.NaN } },
    nonceSecret: { nonceSecret: '' },
    algorithms: { algorithms: [] },
    'algorithms is \\["HS256"\\]': { algorithms: ['HS256'] },
    proofAlgorithms: { proofAlgorithms: ['none'] },
    'options.senderConstrained is not known': { senderConstrained: 'required' },
    'introspection.token is not known': { introspection: { ...introspection, token: 'all' } },
    'baseUrl is "api.example"': { baseUrl: 'api.example' },
    'baseUrl is ""': { baseUrl: '' },
    'baseUrl is .*query': { baseUrl: 'https://api.example/?query' },
  };
  for (const [said, options] of Object.entries(faults))
    assert.throws(() => createVerifier({ ...good, ...options }), new RegExp(`^TypeError: .*${said}`), said);
  const twin: VerifierOptions = {
    ...good,
    senderConstraint: 'required',
    introspection: { ...introspection, tokens: 'all', cacheFor: 0 },
    nonceSecret: 'secret',
    algorithms: ['ES256'],
    baseUrl: 'https://api.example/v1',
  };
  assert.ok(createVerifier(twin));
});

test('throws for a requirement that is undefined, empty or unknown when the guard is made', () => {
  const guard = createGuard(good);
  const faults: Record<string, object> = {
    'actor.sub is undefined': { actor: { sub: unset } },
    'actor.iss is undefined': { actor: { iss: unset, sub: 'gateway' } },
    'actor.sub': { actor: [{ sub: 'gateway' }, { sub: '' }] },
    'actor.id': { actor: { id: 'gateway' } },
    'actor.subProfile': { actor: { subProfile: 'ai_agent service' } },
    'actor is \\[\\]': { actor: [] },
    'requirements.actor is undefined': { actor: unset },
    'requirements.scope is undefined': { scope: unset },
    'requirements.scope': { scope: ' ' },
    'requirements.scopes is not known': { scopes: 'read' },
    'requirements.acr': { acr: [] },
    'requirements.maxAge': { maxAge: Number.NaN },
  };
  for (const [said, requirements] of Object.entries(faults))
    assert.throws(() => guard.require(requirements as Requirements), new RegExp(`^TypeError: .*${said}`), said);
  assert.ok(guard.require({ scope: 'read', actor: [{ sub: 'gateway' }, {}], acr: 'gold', maxAge: 0 }));
  assert.ok(guard.require());
});

test('throws if a handler requires an actor whose name is undefined', () => {
  const token = {
    issuer: good.issuer,
    subject: 'ada',
    clientId: 'gateway',
    scope: new Set<string>(),
    audience: [good.audience],
    expiresAt: 0,
    scheme: 'Bearer',
    claims: { act: { sub: 'intruder' } },
  } as const;
  assert.throws(() => requireActor(token, { sub: unset }), /^TypeError: actor.sub is undefined/);
  assert.throws(() => requireActor(token, { sub: 'gateway' }), { name: 'AccessRefusal' });
  assert.deepEqual(requireActor(token, { sub: 'intruder' }), { iss: good.issuer, sub: 'intruder' });
});
