// Describes the admin API in OpenAPI 3.1, from the list of operations.
import { z } from 'zod';
import { adminAudience } from '../../model/resource.ts';
import { STATUS_CODES } from '../../primitives/node-http.ts';
import type { Operation } from './operation.ts';
import { problem } from './problem.ts';

type Json = Readonly<Record<string, unknown>>;

/** The path of the API, below the issuer. */
export const ADMIN_PATH = '/admin/v1';

export function describeApi(operations: readonly Operation[], issuer: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operations) {
    paths[operation.at] ??= {};
    Object.assign(paths[operation.at] ?? {}, { [operation.method.toLowerCase()]: describe(operation) });
  }
  const base = issuer.replace(/\/$/, '');
  return {
    openapi: '3.1.0',
    info: {
      title: 'Cambio admin API',
      version: '1',
      description: `For access tokens of this server with the audience ${adminAudience(issuer)}.`,
    },
    servers: [{ url: base + ADMIN_PATH }],
    security: [{ token: ['admin:read'] }],
    paths,
    components: {
      schemas: { Problem: schemaOf(problem) },
      securitySchemes: {
        token: {
          type: 'oauth2',
          flows: {
            clientCredentials: {
              tokenUrl: `${base}/oauth/token`,
              scopes: { 'admin:read': 'see everything but secrets', 'admin:write': 'change what can be changed' },
            },
          },
        },
      },
    },
  };
}

function describe({ id, summary, scope, path, query, body, answer, status, versioned, needsMatch }: Operation): Json {
  const parameters = [
    ...parametersOf(path, 'path'),
    ...parametersOf(query, 'query'),
    ...(needsMatch ? [{ name: 'If-Match', in: 'header', required: true, schema: { type: 'string' } }] : []),
  ];
  const statuses = [400, 401, 403, ...(path ? [404] : []), ...(scope === 'admin:write' ? [409] : [])];
  const refused = [...statuses, ...(needsMatch ? [412, 428] : []), 422, 503];
  const headers = versioned && { headers: { ETag: { schema: { type: 'string' } } } };
  return {
    operationId: id,
    summary,
    security: [{ token: [scope] }],
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } },
    }),
    responses: {
      [status]: {
        description: STATUS_CODES[status],
        ...headers,
        ...(answer && { content: { 'application/json': { schema: schemaOf(answer) } } }),
      },
      ...Object.fromEntries(refused.map((code) => [code, refusal(code)])),
    },
  };
}

const refusal = (code: number): Json => ({
  description: STATUS_CODES[code],
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query'): readonly Json[] {
  return Object.entries(schema?.shape ?? {}).map(([name, value]) => {
    const { description, ...described } = schemaOf(value as z.ZodType, 'input');
    const required = place === 'path' || !(value as z.ZodType).safeParse(undefined).success;
    return { name, in: place, required, ...(description !== undefined && { description }), schema: described };
  });
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output' = 'output'): Json {
  const { $schema, id, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
