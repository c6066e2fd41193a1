// Calls the admin API with the person's token. The types come from the server's OpenAPI description.
import createClient from 'openapi-fetch';
import { adminUrl } from '../location.ts';
import { fetchAsPerson } from '../session/session.ts';
import type { components, paths } from './admin-api.ts';

type Problem = components['schemas']['Problem'];

export const api = createClient<paths>({ baseUrl: adminUrl, fetch: fetchAsPerson });

/** A refusal of the server, or its absence. */
export class ApiFailure extends Error {
  /** 0 if the server did not answer. */
  readonly status: number;
  readonly problem: Partial<Problem>;
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfter: number | undefined;

  constructor(status: number, problem: Partial<Problem>, retryAfter?: number) {
    super(problem.title ?? 'The server does not answer');
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

interface Answered<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** @returns the body of the answer @throws ApiFailure */
export async function read<T>(request: Promise<Answered<T>>): Promise<T> {
  const answer = await request.catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiFailure(0, {});
  });
  const { data, error, response } = answer;
  if (response.ok) return data as T;
  const problem = typeof error === 'object' && error !== null ? (error as Partial<Problem>) : {};
  const seconds = Number(response.headers.get('retry-after'));
  throw new ApiFailure(
    response.status,
    { request_id: response.headers.get('x-request-id') ?? undefined, ...problem } as Partial<Problem>,
    Number.isFinite(seconds) && seconds > 0 ? seconds : undefined,
  );
}
