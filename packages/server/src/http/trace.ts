// Puts a request into the trace of its caller, if `traceparent` names one (W3C Trace Context), for the OpenTelemetry SDK that the
// operator loaded. Without an SDK, it does nothing.
import { type Context, context, INVALID_TRACEID, propagation, type Span, SpanKind, trace } from '@opentelemetry/api';
import type { AuditEvent } from '../audit/event.ts';
import { endSpan } from '../primitives/tracing.ts';
import type { Request } from './request.ts';

const tracer = trace.getTracer('cambio');

/** Attributes are names from the configuration and from our tables. A trace does not show whose token it was. */
export function inTrace<T>(
  { method, headers, id }: Pick<Request, 'method' | 'headers' | 'id'>,
  { route, event }: { readonly route: string | undefined; readonly event: AuditEvent },
  work: () => Promise<T> | T,
): Promise<T> | T {
  const caller = propagation.extract(context.active(), headers);
  const span = tracer.startSpan(route === undefined ? method : `${method} ${route}`, { kind: SpanKind.SERVER }, caller);
  if (span.spanContext().traceId === INVALID_TRACEID) return work();
  return inSpan(span, caller, { method, route, id, event }, work);
}

async function inSpan<T>(
  span: Span,
  caller: Context,
  { method, route, id, event }: { method: string; route: string | undefined; id: string; event: AuditEvent },
  work: () => Promise<T> | T,
): Promise<T> {
  span.setAttributes({
    'http.request.method': method,
    ...(route !== undefined && { 'http.route': route }),
    'cambio.request_id': id,
  });
  const end = (error?: unknown): void => {
    const { grant, client, rule, outcome } = event;
    for (const [name, value] of Object.entries({ grant, client, rule, outcome })) {
      if (value !== undefined) span.setAttribute(`cambio.${name}`, value);
    }
    endSpan(span, error);
  };
  try {
    const result = await context.with(trace.setSpan(caller, span), work);
    end();
    return result;
  } catch (error) {
    end(error);
    throw error;
  }
}
