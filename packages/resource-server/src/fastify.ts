// Checks access tokens before handlers of Fastify: `{ onRequest: guard.require({ scope: 'read' }) }`.
import { createGuardOf, type Guard, type GuardOptions } from './guard.ts';
import { type NodeRequest, readNodeRequest } from './node-request.ts';

/** The parts of Fastify's request and reply that are used here. */
export interface FastifyRequest {
  readonly originalUrl: string;
  readonly raw: NodeRequest;
}
export interface FastifyReply {
  code(status: number): FastifyReply;
  headers(values: Record<string, string>): FastifyReply;
  send(body: unknown): FastifyReply;
}
export type FastifyHook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

export const createGuard = (options: GuardOptions<FastifyRequest>): Guard<FastifyRequest, FastifyHook> =>
  createGuardOf(
    options,
    ({ raw, originalUrl }) => readNodeRequest(raw, originalUrl),
    (admit): FastifyHook =>
      async (request, reply) => {
        const refusal = await admit(request);
        return refusal && reply.code(refusal.status).headers(refusal.headers).send(refusal.body);
      },
  );
