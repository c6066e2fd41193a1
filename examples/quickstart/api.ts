// The sample API: two resources that accept tokens of the quickstart, and report subject and actor.
import { actors, type VerifierOptions } from '@cambio/resource-server';
import { createGuard } from '@cambio/resource-server/fastify';
import Fastify, { type FastifyInstance } from 'fastify';

/** The audience of the tokens for each path. */
const resources: Readonly<Record<string, string>> = {
  '/v1/resource': 'https://api.camall.io',
  '/api': 'https://backend-service.camall.io',
};

/** @param options its URL as clients call it, and the URL of the keys */
export function createApi(issuer: string, options: Pick<VerifierOptions, 'baseUrl' | 'jwks'>): FastifyInstance {
  const api = Fastify({ exposeHeadRoutes: false });
  api.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not_found' }));
  for (const [url, audience] of Object.entries(resources)) {
    const guard = createGuard({ issuer, audience, ...options });
    api.get(url, { onRequest: guard.require({ scope: 'openapi' }) }, async (request, reply) => {
      const token = guard.token(request);
      reply.header('Cache-Control', 'no-store');
      return {
        subject: token.subject,
        actors: actors(token),
        client_id: token.clientId,
        scope: [...token.scope].join(' '),
        audience: token.audience,
      };
    });
    const method = api.supportedMethods.filter((name) => name !== 'GET');
    api.route({
      method,
      url,
      onRequest: async (_request, reply) =>
        reply.code(405).header('Allow', 'GET').send({ error: 'method_not_allowed' }),
      handler: async () => undefined,
    });
  }
  return api;
}
