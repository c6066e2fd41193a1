// The table of refusals: the exact answer of each, an accepted twin, and the reason that only the audit row has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAct } from '../../src/primitives/principal.ts';
import {
  ACTOR_NOT_ALLOWED,
  ACTOR_REFUSED,
  API,
  acting,
  actorToken,
  assertIssued,
  assertRefused,
  BACKEND,
  CLIENT_REFUSED,
  configuration,
  exchange,
  forgedToken,
  gateway,
  named,
  REQUESTED_TYPE_REFUSED,
  type Refusal,
  SCOPE_REFUSED,
  SUBJECT_REFUSED,
  stranger,
  subjectToken,
  TARGET_REFUSED,
} from '../support/basics.ts';
import { added, type Configuration, changed } from '../support/configuration.ts';
import { claimsOf, type Form, start, type TestServer, type } from '../support/harness.ts';

const ELSEWHERE = 'https://elsewhere.example';

interface Row {
  readonly when: string;
  readonly refused: Refusal;
  /** The fault, and its correction, each applied to a valid exchange. */
  readonly wrong: (server: TestServer) => Form | Promise<Form>;
  readonly right: (server: TestServer) => Form | Promise<Form>;
}

const invalidRequest = (description: string, reason: string): Refusal => ({
  error: 'invalid_request',
  description,
  reason,
});
const rows: readonly Row[] = [
  {
    when: 'no rule lets the client exchange such a subject token',
    refused: { ...SUBJECT_REFUSED, reason: 'no_rule_for_subject' },
    wrong: async (server) => ({ subject_token: await forgedToken(server, { client_id: 'stranger' }) }),
    right: async (server) => ({ subject_token: await forgedToken(server, { client_id: 'gateway' }) }),
  },
  {
    when: 'the subject token has more ancestors than a token may name',
    refused: { ...SUBJECT_REFUSED, reason: 'lineage_too_long' },
    wrong: async (server) => ({ subject_token: await forgedToken(server, { lineage: ids(16) }) }),
    right: async (server) => ({ subject_token: await forgedToken(server, { lineage: ids(15) }) }),
  },
  {
    when: 'no rule lets this actor act',
    refused: { ...ACTOR_NOT_ALLOWED, reason: 'no_rule_for_actor' },
    wrong: (server) => acting(server, { client_id: 'stranger' }),
    right: (server) => acting(server),
  },
  {
    when: 'may_act names another party',
    refused: { ...ACTOR_NOT_ALLOWED, reason: 'may_act' },
    wrong: async (server) => ({ subject_token: await forgedToken(server, { may_act: { sub: 'agent' } }) }),
    right: async (server) => ({
      ...(await acting(server)),
      subject_token: await forgedToken(server, { may_act: { sub: 'agent' } }),
    }),
  },
  {
    when: 'the actor is the subject',
    refused: { ...ACTOR_NOT_ALLOWED, reason: 'actor_is_subject' },
    wrong: (server) => acting(server, { sub: 'gateway' }),
    right: (server) => acting(server, { sub: 'somebody' }),
  },
  {
    when: 'the chain would be deeper than the rule allows',
    refused: { ...ACTOR_NOT_ALLOWED, reason: 'chain_too_deep' },
    wrong: async (server) => ({
      ...(await acting(server)),
      subject_token: await forgedToken(server, { act: chainOf('a', 'b', 'c', 'd', 'e') }),
    }),
    right: async (server) => ({
      ...(await acting(server)),
      subject_token: await forgedToken(server, { act: chainOf('b', 'c', 'd', 'e') }),
    }),
  },
  {
    when: 'the chain would take more than 8 KiB',
    refused: { ...ACTOR_NOT_ALLOWED, reason: 'chain_too_large' },
    wrong: async (server) => ({ subject_token: await forgedToken(server, { act: foreignChainOf(...longNames(5)) }) }),
    right: async (server) => ({ subject_token: await forgedToken(server, { act: foreignChainOf(...longNames(3)) }) }),
  },
  {
    when: 'subject_token_type is unknown or not enabled',
    refused: invalidRequest('The subject_token_type is not supported', 'subject_token_type_unsupported'),
    wrong: () => ({ subject_token_type: type('saml2') }),
    right: () => ({ subject_token_type: type('access_token') }),
  },
  {
    when: 'actor_token_type is unknown or not enabled',
    refused: invalidRequest('The actor_token_type is not supported', 'actor_token_type_unsupported'),
    wrong: async (server) => ({ ...(await acting(server)), actor_token_type: type('saml2') }),
    right: async (server) => ({ ...(await acting(server)), actor_token_type: type('jwt') }),
  },
  {
    when: 'requested_token_type is unknown or not enabled',
    refused: { ...REQUESTED_TYPE_REFUSED, reason: 'requested_token_type_unsupported' },
    wrong: () => ({ requested_token_type: type('saml2') }),
    right: () => ({ requested_token_type: type('jwt') }),
  },
  {
    when: 'a parameter is missing',
    refused: invalidRequest('The parameter subject_token_type is missing', 'parameter_missing'),
    wrong: () => ({ subject_token_type: undefined }),
    right: () => ({ subject_token_type: type('access_token') }),
  },
  {
    when: 'a parameter is repeated',
    refused: invalidRequest('The parameter scope is repeated', 'parameter_repeated'),
    wrong: () => ({ scope: ['read', 'read'] }),
    right: () => ({ scope: 'read' }),
  },
  {
    when: 'the target is unknown',
    refused: { ...TARGET_REFUSED, reason: 'target_unknown' },
    wrong: () => ({ audience: 'https://unknown.example' }),
    right: () => ({ audience: API }),
  },
  {
    when: 'the target is not allowed',
    refused: { ...TARGET_REFUSED, reason: 'target_not_granted' },
    wrong: () => ({ audience: 'https://private.example' }),
    right: () => ({ audience: BACKEND }),
  },
  {
    when: 'the target is malformed',
    refused: { ...TARGET_REFUSED, reason: 'target_malformed' },
    wrong: () => ({ resource: '/v1' }),
    right: () => ({ resource: `${API}/v1` }),
  },
  {
    when: 'the scope is malformed',
    refused: { ...SCOPE_REFUSED, reason: 'scope_malformed' },
    wrong: () => ({ scope: 'read  write' }),
    right: () => ({ scope: 'read write' }),
  },
  {
    when: 'the scope is more than may be granted',
    refused: { ...SCOPE_REFUSED, reason: 'scope_exceeded' },
    wrong: () => ({ scope: 'admin' }),
    right: () => ({ scope: 'write' }),
  },
  {
    when: 'no scope is left',
    refused: { ...SCOPE_REFUSED, reason: 'scope_empty' },
    wrong: async (server) => ({ subject_token: await subjectToken(server, { scope: 'write' }), audience: BACKEND }),
    right: async (server) => ({ subject_token: await subjectToken(server, { scope: 'write' }), audience: API }),
  },
  {
    when: 'the client is unknown',
    refused: { ...CLIENT_REFUSED, reason: 'client_unknown' },
    wrong: () => ({ client_id: 'nobody' }),
    right: () => gateway,
  },
  {
    when: 'the credentials are wrong',
    refused: { ...CLIENT_REFUSED, reason: 'client_credentials' },
    wrong: () => ({ client_secret: 'wrong' }),
    right: () => gateway,
  },
  {
    when: 'the client is registered for another method',
    refused: { ...CLIENT_REFUSED, reason: 'client_method' },
    wrong: () => ({ client_id: 'agent', client_secret: 'agent-secret' }),
    right: () => gateway,
  },
  {
    when: 'the client may not use this grant (C19, TE-22, OA-13)',
    refused: {
      error: 'unauthorized_client',
      description: 'The client may not use this grant_type',
      reason: 'grant_not_allowed',
    },
    wrong: () => stranger,
    right: () => gateway,
  },
  {
    when: 'the grant is unknown',
    refused: {
      error: 'unsupported_grant_type',
      description: 'The grant_type is not supported',
      reason: 'grant_type_unsupported',
    },
    wrong: () => ({ grant_type: 'password' }),
    right: () => ({}),
  },
];

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `ancestor-${i}`);
const longNames = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`.padEnd(1024, 'é'));
const chainOf = (...subs: readonly string[]): unknown =>
  subs.reduceRight<unknown>((act, sub) => (act === undefined ? { sub } : { sub, act }), undefined);
/** The same for people of another issuer, whose names may be long. */
const foreignChainOf = (...subs: readonly string[]): unknown => formatAct(subs.map((sub) => ({ iss: ELSEWHERE, sub })));

/** Declares every party that the tokens below name. */
const crowded = changed(configuration, named('somebody', 'a', 'b', 'c', 'd', 'e'), {
  issuers: [{ issuer: ELSEWHERE, name: 'elsewhere', accepts: ['jwt'], audiences: [API] }],
});

for (const { when, refused, wrong, right } of rows) {
  test(`when ${when}: ${refused.error}, "${refused.description}"`, async (t) => {
    const server = await start(t, crowded);
    const answer = await exchange(server, await wrong(server));
    assertRefused(server, answer, refused);
    assert.equal(server.audit(answer)?.issued, undefined);
    assertIssued(server, await exchange(server, await right(server)));
  });
}

/** For each reason, turns a valid token into one that is refused for it. */
const tokenFaults: Readonly<Record<string, (server: TestServer, good: string) => string | Promise<string>>> = {
  malformed: (_server, good) => `${good}.`,
  wrong_type: (server, good) => server.forge(claimsOf(good), { typ: 'JWT' }),
  unknown_issuer: (server, good) => server.forge({ ...claimsOf(good), iss: 'https://idp.example' }),
  unknown_key: (server, good) => server.forge(claimsOf(good), { kid: 'another' }),
  algorithm: (server, good) => server.forge(claimsOf(good), { alg: 'ES384' }),
  signature: (_server, good) => good.replace(/[^.]{8}$/, 'AAAAAAAA'),
  critical_header: (server, good) => server.forge(claimsOf(good), { crit: ['exp'] }),
  expired: (server, good) => server.forge({ ...claimsOf(good), exp: Math.floor(server.clock.now / 1000) }),
  not_yet_valid: (server, good) => server.forge({ ...claimsOf(good), iat: Math.floor(server.clock.now / 1000) + 31 }),
  claims: (server, good) => server.forge({ ...claimsOf(good), jti: undefined }),
  client_disabled: (server, good) => server.forge({ ...claimsOf(good), client_id: 'retired' }),
};

for (const [role, refused] of [
  ['subject', SUBJECT_REFUSED],
  ['actor', ACTOR_REFUSED],
] as const) {
  test(`when the ${role} token is refused, for any reason: "${refused.description}" (TE-44)`, async (t) => {
    const server = await start(
      t,
      changed(configuration, {
        clients: added({
          id: 'retired',
          auth: 'client_secret_post',
          secret: { plain: 'x' },
          grants: ['token_exchange'],
          disabled: true,
        }),
      }),
    );
    const good = role === 'subject' ? await subjectToken(server) : await actorToken(server);
    const present = (token: string) =>
      exchange(server, { [`${role}_token`]: token, [`${role}_token_type`]: type('access_token') });
    assertIssued(server, await present(good));
    for (const [fault, spoil] of Object.entries(tokenFaults)) {
      const answer = await present(await spoil(server, good));
      assertRefused(server, answer, { ...refused, reason: `${role}_token_${fault}` }, fault);
    }
  });
}

test('switches the code of refused tokens and actors with tokenErrorCode: invalid_request, and no other code (RFC 8693 section 2.2.2; TE-40, TE-42, AP-11)', async (t) => {
  const [plain, strict] = [configuration, changed(configuration, { tokenErrorCode: 'invalid_request' })];
  const codes = async (source: Configuration): Promise<unknown[]> => {
    const server = await start(t, source);
    assertIssued(server, await exchange(server));
    const forms: Form[] = [
      { subject_token: 'not.a.token' },
      { actor_token: 'not.a.token', actor_token_type: type('access_token') },
      await acting(server, { client_id: 'stranger' }),
      { audience: 'unknown' },
      { scope: 'unknown' },
      { client_secret: 'wrong' },
      stranger,
      { grant_type: 'unknown' },
    ];
    return Promise.all(forms.map(async (form) => (await exchange(server, form)).body.error));
  };
  const others = ['invalid_target', 'invalid_scope', 'invalid_client', 'unauthorized_client', 'unsupported_grant_type'];
  assert.deepEqual(await codes(plain), [...Array(3).fill('invalid_grant'), ...others]);
  const strictly = ['invalid_request', 'invalid_request', 'actor_unauthorized'];
  assert.deepEqual(await codes(strict), [...strictly, ...others]);
});
