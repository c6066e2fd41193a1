// Invokes one operation of the admin API, for HTTP and for commands: checks the input, and runs the operation.
import type { z } from 'zod';
import { wordIssues } from '../../primitives/form.ts';
import { Refusal } from '../../primitives/refusal.ts';
import type { JsonObject } from '../../primitives/strict-json.ts';
import type { AdminAnswer, Call, Operation } from './operation.ts';
import { InvalidRequest } from './problem.ts';

export interface OperationInput {
  readonly path?: unknown;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly ifMatch?: string | undefined;
}

/** @throws Refusal admin_invalid, admin_unconditional, or a refusal of the operation */
export function invoke(
  operation: Operation,
  { path, query = {}, body, ifMatch }: OperationInput,
  context: Pick<Call<never, never, never>, 'services' | 'event'>,
): Promise<AdminAnswer> {
  if (operation.needsMatch && ifMatch === undefined) throw new Refusal('admin_unconditional');
  const call = {
    ...context,
    path: parse(operation.path, path, 'path'),
    query: operation.query === undefined ? refuseAny(query) : parse(operation.query, query, 'query'),
    body: parse(operation.body, body, 'body'),
    rawBody: (body ?? {}) as JsonObject,
    ifMatch: ifMatch ?? '',
  };
  return operation.run(call as Call<never, never, never>);
}

function refuseAny(query: Readonly<Record<string, unknown>>): undefined {
  const faults = Object.keys(query).map((name) => ({ at: `query.${name}`, detail: 'unknown parameter.' }));
  if (faults.length > 0) throw new InvalidRequest(faults);
}

function parse(schema: z.ZodType | undefined, value: unknown, part: string): unknown {
  if (schema === undefined) return undefined;
  const { data, error } = schema.safeParse(value);
  if (error === undefined) return data;
  throw new InvalidRequest(
    wordIssues(schema, value, error.issues).map(({ path, message, about }) => ({
      at: placeOf([part, ...(about === 'hidden key' ? path.slice(0, -1) : path)]),
      detail: message,
    })),
  );
}

const placeOf = (path: readonly PropertyKey[]): string =>
  path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${String(key)}`)).join('');
