// What is an operation of the admin API? Its path and scope, the form of what goes in and comes out, and what it does. The
// routes and the OpenAPI document are made of the list of them.
import type { z } from 'zod';
import type { AuditEvent } from '../../audit/event.ts';
import type { JsonObject } from '../../primitives/strict-json.ts';
import type { HttpServices } from '../endpoint.ts';

export interface Call<Path, Query, Body> {
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  /** The body as it was said, without defaults. */
  readonly said: JsonObject;
  /** The value of If-Match, where the operation needs one. */
  readonly ifMatch: string;
  readonly services: HttpServices;
  readonly event: AuditEvent;
}

export interface AdminAnswer {
  readonly body?: unknown;
  /** Sent as ETag. */
  readonly version?: string;
  /** Below the API, of what was made. */
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
  /** 204 where there is none. */
  readonly answer?: z.ZodType;
  readonly status: 200 | 201 | 204;
  /** Does the answer have an ETag? */
  readonly versioned?: true;
  /** Must the caller say which version it changes (RFC 9110 section 13.1.1)? */
  readonly needsMatch?: true;
  /** @throws Refusal */
  readonly run: (call: Call<never, never, never>) => Promise<AdminAnswer>;
}

type Parsed<T> = T extends z.ZodType ? z.output<T> : undefined;

/** An operation whose `run` is given what its schemas make of the request. */
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
