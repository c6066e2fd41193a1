// Checks access tokens before handlers of Hono: `app.get('/orders', guard.require({ scope: 'read' }), handler)`.
import { createGuardOf, type Guard, type GuardOptions } from './guard.ts';
import { certificateOf } from './node-request.ts';

/** The parts of Hono's context that are used here. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  /** With `@hono/node-server`: the request of node:http. */
  readonly env: unknown;
}
export type HonoMiddleware = (context: HonoContext, next: () => Promise<void>) => Promise<Response | undefined>;

export const createGuard = (options: GuardOptions<HonoContext>): Guard<HonoContext, HonoMiddleware> =>
  createGuardOf(
    options,
    ({ req: { raw }, env }) => {
      const { incoming } = (env ?? {}) as { readonly incoming?: { readonly socket: object } };
      return {
        method: raw.method,
        path: new URL(raw.url).pathname,
        headers: raw.headers,
        certificate: incoming && certificateOf(incoming.socket),
      };
    },
    (admit): HonoMiddleware =>
      async (context, next) => {
        const refusal = await admit(context);
        if (refusal !== undefined) return refusal.getResponse();
        await next();
        return undefined;
      },
  );
