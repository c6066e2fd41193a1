// The interface of an operation of the admin API: its path, its scope, its schemas, and its code. The routes and the OpenAPI
// document are made from the list of operations.
import type { z } from 'zod';
import type { AuditEvent } from '../../audit/event.ts';
import type { JsonObject } from '../../primitives/strict-json.ts';
import type { HttpServices } from '../endpoint.ts';

export interface Call<Path, Query, Body> {
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  /** The body as it was sent, without defaults. */
  readonly rawBody: JsonObject;
  /** The value of If-Match, if the operation needs one. */
  readonly ifMatch: string;
  readonly services: HttpServices;
  readonly event: AuditEvent;
}

export interface AdminAnswer {
  readonly body?: unknown;
  /** Sent as ETag. */
  readonly version?: string;
  /** The path of the created item, below the path of the request. */
  readonly location?: string;
}

export interface Operation {
  /** The OpenAPI operationId. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/admin/v1`; `{name}` stands for a parameter of `path`. */
  readonly at: string;
  readonly summary: string;
  readonly scope: 'admin:read' | 'admin:write';
  readonly path?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Absent with the status 204. */
  readonly answer?: z.ZodType;
  readonly status: 200 | 201 | 204;
  /** The answer has an ETag. */
  readonly versioned?: true;
  /** The caller must name the version that it changes (RFC 9110 section 13.1.1). */
  readonly needsMatch?: true;
  /** @throws Refusal */
  readonly run: (call: Call<never, never, never>) => Promise<AdminAnswer>;
}

type Parsed<T> = T extends z.ZodType ? z.output<T> : undefined;

/** Defines an operation. Its schemas parse the input of `run`. */
export const operation = <
  const P extends z.ZodObject | undefined = undefined,
  const Q extends z.ZodObject | undefined = undefined,
  const B extends z.ZodType | undefined = undefined,
>(
  given: Omit<Operation, 'run' | 'path' | 'query' | 'body'> & {
    readonly path?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly run: (call: Call<Parsed<P>, Parsed<Q>, Parsed<B>>) => Promise<AdminAnswer>;
  },
): Operation => given as Operation;
