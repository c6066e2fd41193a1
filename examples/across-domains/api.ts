// The vendor's API: it says for whom it was called, and who acts.
import { actors } from '@cambio/resource-server';
import { createGuard } from '@cambio/resource-server/fastify';
import Fastify, { type FastifyInstance } from 'fastify';

/** The name by which both servers know this API. */
const AUDIENCE = 'https://crm.vendor.example';

export function createApi(issuer: string): FastifyInstance {
  // Each token is introspected, so that a revoked one is refused at once.
  const introspection = { clientId: 'crm', clientSecret: 'crm_secret', tokens: 'all' } as const;
  const guard = createGuard({ issuer, audience: AUDIENCE, introspection });
  const api = Fastify();
  api.get('/customers', { onRequest: guard.require({ scope: 'read' }) }, async (request) => {
    const token = guard.token(request);
    return { subject: token.subject, actors: actors(token), client_id: token.clientId, scope: [...token.scope] };
  });
  return api;
}
