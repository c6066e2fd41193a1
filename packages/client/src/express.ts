// Calls APIs for the caller of a handler of Express 4 and 5: `app.get('/total', invoices.require(), handler)`.
import { authorizationsOf, createForwarderOf, type Forwarder } from './forward.ts';
import type { OnBehalfOf } from './on-behalf-of.ts';

/** The parts of Express' request and response that are used here. */
export interface ExpressRequest {
  readonly rawHeaders: readonly string[];
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

export const createForwarder = (onBehalfOf: OnBehalfOf): Forwarder<ExpressRequest, ExpressMiddleware> =>
  createForwarderOf(
    onBehalfOf,
    ({ rawHeaders }) => authorizationsOf(rawHeaders),
    (admit): ExpressMiddleware =>
      async (request, response, next) => {
        try {
          const denied = await admit(request);
          if (denied === undefined) next();
          else response.status(denied.status).set(denied.headers).json(denied.body);
        } catch (error) {
          next(error);
        }
      },
  );
