// The servers of the attacks on the admin API: two nodes on one database, with an operator.
import { join } from 'node:path';
import { admin, adminToken, withOperators } from '../../../support/admin-api.ts';
import { API, configuration } from '../../../support/basics.ts';
import { changed, edited } from '../../../support/configuration.ts';
import { type Answer, start, type TestServer } from '../../../support/harness.ts';
import type { Undo } from '../../group.ts';

export interface AdminWorld {
  readonly server: TestServer;
  /** Another node on the same database. */
  readonly second: TestServer;
  /** Calls as the operator. @param what method and path below the API */
  readonly call: (what: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
}

const ISSUER = 'https://login.example';
/** The same name on each node, whatever its port. */
export const lasting = changed(withOperators(configuration, ISSUER), { issuer: ISSUER });

export async function openAdminWorld(undo: Undo): Promise<AdminWorld> {
  const server = await start(undo, changed(lasting, { rules: edited('gateway', { client: ['gateway', 'named'] }) }), {
    recorded: true,
  });
  const shared = changed(lasting, { store: `sqlite:${join(server.folder, 'cambio.db')}` });
  const second = await start(undo, shared, { now: server.clock.now });
  let token = await adminToken(server);
  const call: AdminWorld['call'] = async (what, body, headers = {}) => {
    const answer = await admin(server, what, { token, body, headers });
    // A case may have revoked the token.
    if (answer.status === 401) token = await adminToken(server);
    return answer.status === 401 ? admin(server, what, { token, body, headers }) : answer;
  };
  return { server, second, call };
}

/** A complete entry of a client. */
export const ENTRY = { auth: 'client_secret_post', grants: ['client_credentials'], audiences: [API], scopes: ['read'] };
export const OPERATING = { ...ENTRY, audiences: [`${ISSUER}/admin`], scopes: ['admin:read', 'admin:write'] };

export const ANY = { 'if-match': '*' };

export const obtain = (server: TestServer, client_id: string, client_secret: unknown): Promise<Answer> =>
  server.token({ grant_type: 'client_credentials', client_id, client_secret: String(client_secret) });

/** Method and path of every operation, by its id. */
export async function operationsOf({ call }: AdminWorld): Promise<Readonly<Record<string, string>>> {
  const { paths } = (await call('GET /openapi.json')).body as {
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  return Object.fromEntries(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => [operationId, `${method.toUpperCase()} ${path}`]),
    ),
  );
}
