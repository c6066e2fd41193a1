// A server with its admin API, and calls to it.
import type { TestContext } from 'node:test';
import { configuration } from './basics.ts';
import { type Answer, read, start, type TestServer } from './harness.ts';

/** With an operator, who may change what can be changed, and an auditor, who may look. */
export const withOperators = (yaml: string): string =>
  yaml.replace(
    'clients:\n',
    `  - { audience: "\${ISSUER}/admin", scopes: [admin:read, admin:write] }
clients:
  - { id: operator, auth: client_secret_post, secret: { plain: operator-secret }, grants: [client_credentials], audiences: ["\${ISSUER}/admin"], scopes: [admin:read, admin:write] }
  - { id: auditor, auth: client_secret_post, secret: { plain: auditor-secret }, grants: [client_credentials], audiences: ["\${ISSUER}/admin"], scopes: [admin:read] }
`,
  );
export const administered = withOperators(configuration);

export const startAdministered = (t: Pick<TestContext, 'after'>): Promise<TestServer> => start(t, administered);

export async function adminToken(server: TestServer, client = 'operator'): Promise<string> {
  const form = { grant_type: 'client_credentials', client_id: client, client_secret: `${client}-secret` };
  return String((await server.token(form)).body.access_token);
}

export interface AdminCall {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** @param what method and path below the API */
export async function admin(
  server: TestServer,
  what: string,
  { token, body, headers = {} }: AdminCall = {},
): Promise<Answer> {
  const [method = 'GET', path = ''] = what.split(' ');
  const authorization = `Bearer ${token ?? (await adminToken(server))}`;
  return read(
    await fetch(`${server.issuer}/admin/v1${path}`, {
      method,
      headers: { authorization, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }),
  );
}
