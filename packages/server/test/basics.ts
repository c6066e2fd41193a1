// The configuration that most tests start from, and the requests that they vary.
import type { TestContext } from 'node:test';
import { type Answer, EXCHANGE, type Form, start, type TestServer, type } from './harness.ts';

export const API = 'https://api.example';
export const BACKEND = 'https://backend.example';

/** `gateway` exchanges, `agent` acts, `stranger` may authenticate and nothing else. */
export const configuration = `
issuer: \${ISSUER}
server:
  port: \${PORT}
store: sqlite:cambio.db
resources:
  - { audience: ${API}, locations: [${API}/v1], scopes: [read, write, admin] }
  - { audience: ${BACKEND}, locations: [${BACKEND}/api], scopes: [read], token: { lifetime: 10m } }
  - { audience: https://private.example, scopes: [read] }
clients:
  - { id: gateway, auth: client_secret_post, secret: { plain: gateway-secret }, grants: [client_credentials, token_exchange], audiences: [${API}, ${BACKEND}], scopes: [read, write] }
  - { id: agent, auth: client_secret_basic, secret: { plain: agent-secret }, grants: [client_credentials], audiences: [${API}], scopes: [read] }
  - { id: stranger, auth: client_secret_post, secret: { plain: stranger-secret }, grants: [client_credentials], audiences: [${API}], scopes: [read] }
rules:
  - name: gateway
    client: gateway
    subject: { issuer: self, types: [access_token] }
    actor: { clients: [agent] }
    grant: { audiences: [${API}, ${BACKEND}], scopes: [read, write], types: [access_token, jwt], lifetime: 30m }
`;

export const gateway = { client_id: 'gateway', client_secret: 'gateway-secret' };
export const stranger = { client_id: 'stranger', client_secret: 'stranger-secret' };
export const agentBasic = { authorization: `Basic ${btoa('agent:agent-secret')}` };

export const startBasic = (t: Pick<TestContext, 'after'>): Promise<TestServer> => start(t, configuration);

/** A subject token of the gateway's own. */
export async function subjectToken(server: TestServer, form: Form = {}): Promise<string> {
  const answer = await server.token({ grant_type: 'client_credentials', ...gateway, ...form });
  return String(answer.body.access_token);
}

/** A token of the agent, to act with. */
export async function actorToken(server: TestServer): Promise<string> {
  const answer = await server.token({ grant_type: 'client_credentials' }, agentBasic);
  return String(answer.body.access_token);
}

/** A good exchange of the gateway, varied by `form`; `undefined` leaves a parameter out. */
export const exchange = async (server: TestServer, form: Form = {}): Promise<Answer> =>
  server.token({
    grant_type: EXCHANGE,
    ...gateway,
    ...('subject_token' in form ? {} : { subject_token: await subjectToken(server) }),
    subject_token_type: type('access_token'),
    ...form,
  });
