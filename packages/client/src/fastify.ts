// Calls APIs for the caller of a handler of Fastify: `{ onRequest: invoices.require() }`.
import { authorizationsOf, createForwarderOf, type Forwarder } from './forward.ts';
import type { OnBehalfOf } from './on-behalf-of.ts';

/** The parts of Fastify's request and reply that are used here. */
export interface FastifyRequest {
  readonly raw: { readonly rawHeaders: readonly string[] };
}
export interface FastifyReply {
  code(status: number): FastifyReply;
  headers(values: Record<string, string>): FastifyReply;
  send(body: unknown): FastifyReply;
}
export type FastifyHook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

export const createForwarder = (onBehalfOf: OnBehalfOf): Forwarder<FastifyRequest, FastifyHook> =>
  createForwarderOf(
    onBehalfOf,
    ({ raw }) => authorizationsOf(raw.rawHeaders),
    (admit): FastifyHook =>
      async (request, reply) => {
        const denied = await admit(request);
        return denied && reply.code(denied.status).headers(denied.headers).send(denied.body);
      },
  );
