// Calls APIs for the caller of a handler of Hono: `app.get('/total', invoices.require(), handler)`.
import { createForwarderOf, type Forwarder } from './forward.ts';
import type { OnBehalfOf } from './on-behalf-of.ts';

/** The part of Hono's context that is used here. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
}
export type HonoMiddleware = (context: HonoContext, next: () => Promise<void>) => Promise<Response | undefined>;

export const createForwarder = (onBehalfOf: OnBehalfOf): Forwarder<HonoContext, HonoMiddleware> =>
  createForwarderOf(
    onBehalfOf,
    // Two headers are joined by a comma, which no token has.
    ({ req: { raw } }) => raw.headers.get('authorization')?.split(/, */) ?? [],
    (admit): HonoMiddleware =>
      async (context, next) => {
        const denied = await admit(context);
        if (denied !== undefined) return Response.json(denied.body, { status: denied.status, headers: denied.headers });
        await next();
        return undefined;
      },
  );
