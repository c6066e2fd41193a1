// Checks access tokens before handlers of Express 4 and 5: `app.get('/orders', guard.require({ scope: 'read' }), handler)`.
import { createGuardOf, type Guard, type GuardOptions } from './guard.ts';
import { type NodeRequest, readNodeRequest } from './node-request.ts';

/** The parts of Express' request and response that are used here. */
export interface ExpressRequest extends NodeRequest {
  readonly originalUrl: string;
}
export interface ExpressResponse {
  status(code: number): ExpressResponse;
  set(headers: Record<string, string>): ExpressResponse;
  json(body: unknown): ExpressResponse;
}
export type ExpressMiddleware = (
  request: ExpressRequest,
  response: ExpressResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

export const createGuard = (options: GuardOptions<ExpressRequest>): Guard<ExpressRequest, ExpressMiddleware> =>
  createGuardOf(
    options,
    (request) => readNodeRequest(request, request.originalUrl),
    (admit): ExpressMiddleware =>
      async (request, response, next) => {
        try {
          const refusal = await admit(request);
          if (refusal === undefined) next();
          else response.status(refusal.status).set(refusal.headers).json(refusal.body);
        } catch (error) {
          next(error);
        }
      },
  );
