// Starts a server with its admin API, and calls it.
import type { TestContext } from 'node:test';
import { client, configuration } from './basics.ts';
import { added, type Configuration, changed } from './configuration.ts';
import { type Answer, patiently, read, start, type TestServer } from './harness.ts';

/** The configuration with an operator, who may change everything, and an auditor, who may read. */
export function withOperators(base: Configuration, issuer: unknown = base.issuer): Configuration {
  const audience = `${issuer}/admin`;
  return changed(base, {
    resources: added({ audience, scopes: ['admin:read', 'admin:write'] }),
    clients: added(
      client('operator', { audiences: [audience], scopes: ['admin:read', 'admin:write'] }),
      client('auditor', { audiences: [audience], scopes: ['admin:read'] }),
    ),
  });
}
export const administered = withOperators(configuration);

export const startAdministered = (t: Pick<TestContext, 'after'>): Promise<TestServer> => start(t, administered);

export async function adminToken(server: Pick<TestServer, 'token'>, client = 'operator'): Promise<string> {
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
  server: Pick<TestServer, 'issuer' | 'token'>,
  what: string,
  { token, body, headers = {} }: AdminCall = {},
): Promise<Answer> {
  const [method = 'GET', path = ''] = what.split(' ');
  const authorization = `Bearer ${token ?? (await adminToken(server))}`;
  const sent = {
    method,
    headers: { authorization, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  };
  return patiently(async () => read(await fetch(`${server.issuer}/admin/v1${path}`, sent)));
}
