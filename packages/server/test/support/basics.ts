// The base configuration of most tests, requests to vary, and assertions about answers.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { added, type Configuration, changed, type Entry, entries, yamlOf } from './configuration.ts';
import { type Answer, claimsOf, EXCHANGE, type Form, start, type TestServer, type } from './harness.ts';

export const API = 'https://api.example';
export const BACKEND = 'https://backend.example';

/** `gateway` exchanges, `agent` acts, `stranger` can only authenticate. */
export const configuration: Configuration = {
  issuer: `\${ISSUER}`,
  server: { port: `\${PORT}` },
  store: 'sqlite:cambio.db',
  resources: [
    { audience: API, locations: [`${API}/v1`], scopes: ['read', 'write', 'admin'] },
    { audience: BACKEND, locations: [`${BACKEND}/api`], scopes: ['read'], token: { lifetime: '10m' } },
    { audience: 'https://private.example', scopes: ['read'] },
  ],
  clients: [
    client('gateway', {
      grants: ['client_credentials', 'token_exchange'],
      audiences: [API, BACKEND],
      scopes: ['read', 'write'],
    }),
    client('agent', { auth: 'client_secret_basic' }),
    client('stranger'),
  ],
  rules: [
    {
      name: 'gateway',
      client: 'gateway',
      subject: { issuer: 'self', types: ['access_token'] },
      actor: { clients: ['agent'] },
      grant: {
        audiences: [API, BACKEND],
        scopes: ['read', 'write'],
        types: ['access_token', 'jwt'],
        lifetime: '30m',
      },
    },
  ],
};

/** The entry of a client with a secret that may request tokens to read the first API. `members` add to it or replace. */
export function client(id: string, members: Configuration = {}): Configuration {
  return {
    id,
    auth: 'client_secret_post',
    secret: { plain: `${id}-secret` },
    grants: ['client_credentials'],
    audiences: [API],
    scopes: ['read'],
    ...members,
  };
}

/** Entries of clients that only need to exist, so that tokens may name them. */
export const named = (...ids: readonly string[]): Configuration => ({
  clients: added(
    ...ids.map((id) => client(id, { grants: ['token_exchange'], audiences: undefined, scopes: undefined })),
  ),
});

/** The base configuration with other rules. */
export const withRules = (...rules: readonly Entry[]): Configuration =>
  changed(configuration, { rules: entries(rules) });

/** The text of the base configuration up to its rules, for tests of line numbers. */
export const textBeforeRules: string = yamlOf(changed(configuration, { rules: undefined }));

export const gateway = { client_id: 'gateway', client_secret: 'gateway-secret' };
export const stranger = { client_id: 'stranger', client_secret: 'stranger-secret' };
export const agentBasic = { authorization: `Basic ${btoa('agent:agent-secret')}` };

export const startBasic = (t: Pick<TestContext, 'after'>): Promise<TestServer> => start(t, configuration);

/** A subject token of the gateway. */
export async function subjectToken(server: TestServer, form: Form = {}): Promise<string> {
  const answer = await server.token({ grant_type: 'client_credentials', ...gateway, ...form });
  return String(answer.body.access_token);
}

/** A token of the agent, with some claims changed, as the parameters of an actor token. */
export async function acting(server: TestServer, claims: Record<string, unknown> = {}): Promise<Form> {
  const actor_token = server.forge({ ...claimsOf(await actorToken(server)), ...claims });
  return { actor_token, actor_token_type: type('access_token') };
}

/** A token of the agent, to use as actor token. */
export async function actorToken(server: TestServer): Promise<string> {
  const answer = await server.token({ grant_type: 'client_credentials' }, agentBasic);
  return String(answer.body.access_token);
}

/** A valid exchange of the gateway, changed by `form`; `undefined` omits a parameter. */
export const exchange = async (server: TestServer, form: Form = {}): Promise<Answer> =>
  server.token({
    grant_type: EXCHANGE,
    ...gateway,
    ...('subject_token' in form ? {} : { subject_token: await subjectToken(server) }),
    subject_token_type: type('access_token'),
    ...form,
  });

/** A valid subject token of the gateway with some claims and header members changed; `undefined` omits one. */
export const forgedToken = async (
  server: TestServer,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> => server.forge({ ...claimsOf(await subjectToken(server)), ...claims }, header);

export interface Refusal {
  readonly status?: number;
  readonly error: string;
  readonly description: string;
  /** Appears in the audit row only. */
  readonly reason: string;
}

/** The text of the answer without its request id: equal for all refusals of one kind. */
export const withoutRequestId = ({ text, headers }: Pick<Answer, 'text' | 'headers'>): string =>
  text.replace(headers.get('x-request-id') ?? '', 'ID');

/** The answer has only its public sentence, and the audit row has the reason. */
export function assertRefused(server: TestServer, answer: Answer, expected: Refusal, what = ''): void {
  const { status = 400, error, description, reason } = expected;
  const told = { status: answer.status, ...answer.body, reason: server.audit(answer)?.reason };
  const request_id = answer.headers.get('x-request-id');
  assert.deepEqual(told, { status, error, error_description: description, request_id, reason }, what);
}

/** A token was issued, and its audit row was committed before the answer. */
export function assertIssued(server: TestServer, answer: Answer, what = ''): void {
  assert.equal(answer.status, 200, `${what} ${answer.text}`);
  assert.equal(server.audit(answer)?.outcome, 'issued', what);
}

export const SUBJECT_REFUSED = {
  error: 'invalid_grant',
  description: 'The provided subject token is invalid or expired',
};
export const ACTOR_REFUSED = { error: 'invalid_grant', description: 'The provided actor token is invalid or expired' };
export const ACTOR_NOT_ALLOWED = {
  error: 'invalid_grant',
  description: 'The actor is not allowed to act for this subject',
};
export const TARGET_REFUSED = {
  error: 'invalid_target',
  description: 'The requested audience is not valid for this client',
};
export const SCOPE_REFUSED = {
  error: 'invalid_scope',
  description: 'The requested scope is invalid, or more than may be granted',
};
export const REQUESTED_TYPE_REFUSED = {
  error: 'invalid_request',
  description: 'The requested_token_type is not supported',
};
export const CLIENT_MISSING = {
  status: 401,
  error: 'invalid_client',
  description: 'Client authentication is missing: use HTTP Basic, or client_id and client_secret',
};
export const CLIENT_REFUSED = { status: 401, error: 'invalid_client', description: 'Client authentication failed' };

/** The subject token is refused with the public sentence, and the audit row has one of these reasons. */
export async function assertTokenRefused(
  server: TestServer,
  token: string,
  faults: string | readonly string[],
  what = token.slice(0, 99),
): Promise<void> {
  const answer = await exchange(server, { subject_token: token });
  const fault = server.audit(answer)?.reason?.replace('subject_token_', '') ?? '';
  assert.ok([faults].flat().includes(fault), `${what}: ${fault}`);
  assertRefused(server, answer, { ...SUBJECT_REFUSED, reason: `subject_token_${fault}` }, what);
}

export const assertTokenAccepted = async (
  server: TestServer,
  token: string,
  what = token.slice(0, 99),
): Promise<void> => assertIssued(server, await exchange(server, { subject_token: token }), what);
