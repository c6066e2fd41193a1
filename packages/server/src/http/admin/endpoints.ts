// Makes an HTTP endpoint of each operation of the admin API.
import { adminAudience } from '../../model/resource.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { parseJsonObject } from '../../primitives/strict-json.ts';
import { decodeUtf8 } from '../../primitives/utf8.ts';
import type { Endpoint, HttpServices } from '../endpoint.ts';
import { readPairs } from '../form.ts';
import type { Answer, Request } from '../request.ts';
import { authorizeAdmin } from './authorize.ts';
import { invoke, type OperationInput } from './invoke.ts';
import { ADMIN_PATH, describeApi } from './openapi.ts';
import type { AdminAnswer, Operation } from './operation.ts';
import { InvalidRequest } from './problem.ts';

/** The API exists if a resource has its audience. */
const common = {
  place: 'below',
  face: 'problem',
  isThere: ({ resources, issuer }: HttpServices) =>
    resources.some(({ audience }) => audience === adminAudience(issuer)),
  cors: false,
  audit: 'admin',
} as const;

export function adminEndpoints(operations: readonly Operation[]): readonly Endpoint[] {
  return [describing(operations), ...operations.map(endpointOf), elsewhere];
}

function endpointOf(operation: Operation): Endpoint {
  return {
    ...common,
    path: ADMIN_PATH + operation.at.replaceAll(/\{(\w+)\}/g, ':$1'),
    methods: [operation.method],
    nonces: true,
    authorize: (exchange) => {
      exchange.event.operation = operation.id;
      return authorizeAdmin(exchange, operation.scope);
    },
    answer: async ({ request, services, event }) =>
      render(operation, request, await invoke(operation, read(operation, request), { services, event })),
  };
}

/** Anyone may read the description of the API. */
function describing(operations: readonly Operation[]): Endpoint {
  let document: object | undefined;
  return {
    ...common,
    path: `${ADMIN_PATH}/openapi.json`,
    front: 'admin',
    methods: ['GET'],
    answer: ({ services }) => {
      document ??= describeApi(operations, services.issuer);
      return { status: 200, body: document };
    },
  };
}

/** Refuses unknown paths in the form of this API. */
const elsewhere: Endpoint = {
  ...common,
  path: `${ADMIN_PATH}{/*rest}{/}`,
  methods: [],
  answer: () => {
    throw new Refusal('path_unknown');
  },
};

/** @throws Refusal admin_invalid, admin_body */
function read(operation: Operation, request: Request): OperationInput {
  const query = readQuery(request.query);
  return {
    path: request.parameters,
    query: Object.fromEntries(query),
    body: operation.body && readBody(request),
    ifMatch: request.headers['if-match'],
  };
}

/** Parses the query like a form. @throws InvalidRequest */
function readQuery(query: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of readPairsOf(query)) {
    if (found.has(name)) throw new InvalidRequest([{ at: `query.${name}`, detail: 'is repeated' }]);
    found.set(name, value);
  }
  return found;
}

function readPairsOf(query: string): readonly (readonly [string, string])[] {
  try {
    return readPairs(Buffer.from(query));
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    throw new InvalidRequest([{ at: 'query', detail: `cannot be read: ${cause.detail}` }]);
  }
}

function readBody({ headers, body }: Request): unknown {
  const mediaType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json')
    throw new Refusal('admin_body', { detail: 'the Content-Type must be application/json' });
  const text = decodeUtf8(body);
  if (text === undefined) throw new Refusal('admin_body', { detail: 'it is not UTF-8' });
  const value = parseJsonObject(text);
  if (value === undefined)
    throw new Refusal('admin_body', {
      detail: 'not a JSON object, or one with a member twice or a number beyond 2^53',
    });
  return { ...value };
}

function render({ status }: Operation, request: Request, { body, version, location }: AdminAnswer): Answer {
  return {
    status,
    headers: {
      ...(version !== undefined && { ETag: `"${version}"` }),
      ...(location !== undefined && { Location: request.path + location }),
    },
    body,
  };
}
