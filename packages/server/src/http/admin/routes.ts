// The admin API: each operation behind the same steps (who asks, what is asked, in which form), with an audit row for every
// change and every refusal.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AuditEvent } from '../../audit/event.ts';
import { adminAudience } from '../../model/resource.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { parseJsonObject } from '../../primitives/strict-json.ts';
import { recordRefusal, toRefusal } from '../answer.ts';
import type { HttpServices } from '../endpoint.ts';
import { type Life, refuseEncoded } from '../life.ts';
import { authorizeAdmin } from './authorize.ts';
import { operationsFor } from './index.ts';
import { invoke, type Said } from './invoke.ts';
import { describeApi } from './openapi.ts';
import type { AdminAnswer, Operation } from './operation.ts';
import { InvalidRequest, sendProblem } from './problem.ts';

export interface AdminOptions extends Pick<Life, 'begin' | 'report'> {
  readonly current: () => HttpServices;
}

/** Below the prefix that it is registered with. Without a resource of its audience the API is not there. */
export async function adminRoutes(server: FastifyInstance, { current, begin, report }: AdminOptions): Promise<void> {
  const events = new WeakMap<FastifyRequest, AuditEvent>();
  server.addHook('onRequest', async (request) => {
    const { resources, issuer, requests } = current();
    if (!resources.some(({ audience }) => audience === adminAudience(issuer))) throw new Refusal('path_unknown');
    events.set(request, begin(request, 'admin'));
    requests.ofAddress(request.ip);
    if (request.is404) throw refuseMethod(request);
    refuseEncoded(request);
  });
  server.setErrorHandler(async (error, request, reply) => {
    const event = events.get(request);
    const refusal = toRefusal(error);
    const answer = event === undefined ? refusal : await recordRefusal(refusal, event, current());
    report(answer, request);
    return sendProblem(reply, answer);
  });
  // So that what has no route here is refused here, in the form of this API.
  server.setNotFoundHandler(() => undefined);
  const operations = operationsFor(current().admin);
  let document: object | undefined;
  server.get('/openapi.json', () => {
    document ??= describeApi(operations, current().issuer);
    return document;
  });

  const refuseMethod = ({ url }: FastifyRequest): Refusal => {
    const path = url.split('?', 1)[0]?.slice(server.prefix.length) ?? '';
    const methods = operations.filter(({ at }) => patternOf(at).test(path)).map(({ method }) => method);
    if (methods.length === 0) return new Refusal('path_unknown');
    return new Refusal('method_not_allowed', { headers: { Allow: methods.join(', ') } });
  };

  for (const operation of operations) {
    server.route({
      method: operation.method,
      url: operation.at.replaceAll(PARAMETER, ':$1'),
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        const event = events.get(request) ?? begin(request, 'admin');
        event.operation = operation.id;
        const services = current();
        await authorizeAdmin({ request, reply, services, event }, operation.scope);
        const answer = await invoke(operation, read(operation, request), { services, event });
        return send(reply, operation, answer);
      },
    });
  }
}

/** A part of a path that stands for whatever is there. */
const PARAMETER = /\{(\w+)\}/g;

const patternOf = (at: string): RegExp => new RegExp(`^${at.replaceAll(PARAMETER, '[^/]+')}$`);

/** @throws Refusal admin_invalid, admin_body */
function read(operation: Operation, request: FastifyRequest): Said {
  const { searchParams } = new URL(request.url, 'http://localhost');
  return {
    path: request.params,
    query: Object.fromEntries([...searchParams.keys()].map((name) => [name, single(searchParams.getAll(name), name)])),
    body: operation.body && readBody(request),
    ifMatch: request.headers['if-match'],
  };
}

function single([value = '', ...others]: readonly string[], name: string): string {
  if (others.length > 0) throw new InvalidRequest([{ at: `query.${name}`, detail: 'stands more than once' }]);
  return value;
}

function readBody({ headers, body }: FastifyRequest): unknown {
  const mediaType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') throw new Refusal('admin_body', { detail: 'the content type is another' });
  const value = parseJsonObject(Buffer.from((body as Uint8Array | undefined) ?? []).toString('utf8'));
  if (value === undefined)
    throw new Refusal('admin_body', {
      detail: 'not a JSON object, or one with a member twice or a number beyond 2^53',
    });
  return { ...value };
}

function send(reply: FastifyReply, { status }: Operation, { body, version, location }: AdminAnswer): FastifyReply {
  if (version !== undefined) reply.header('ETag', `"${version}"`);
  if (location !== undefined) reply.header('Location', reply.request.url.split('?', 1)[0] + location);
  return reply.code(status).send(body);
}
