// Measures and traces the steps of a request, for subscribers of a channel and for the OpenTelemetry SDK that the operator
// loaded. Without either, a step costs almost nothing.
import { channel } from 'node:diagnostics_channel';
import { context, propagation, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { Refusal, TokenRefusal } from './refusal.ts';

export type Step = 'parse' | 'authenticate' | 'subject' | 'actor' | 'verify' | 'decide' | 'sign' | 'commit' | 'fetch';

export interface FinishedStep {
  readonly step: Step;
  readonly seconds: number;
}

/** The channel on which every finished step is published. */
export const STEPS_FINISHED = 'cambio:step';

const finished = channel(STEPS_FINISHED);
const tracer = trace.getTracer('cambio');

/** Does the work, synchronous or not, and returns its result. */
export function step<T>(name: Step, work: () => T): T {
  const traced = trace.getActiveSpan() !== undefined;
  if (!traced && !finished.hasSubscribers) return work();
  const since = performance.now();
  const span = traced ? tracer.startSpan(name) : undefined;
  try {
    const result = span === undefined ? work() : context.with(trace.setSpan(context.active(), span), work);
    if (result instanceof Promise) finishAfter(result, name, since, span);
    else finish(name, since, span);
    return result;
  } catch (error) {
    finish(name, since, span, error);
    throw error;
  }
}

/** A function of its own: its closures would cost every step an allocation. */
function finishAfter(result: Promise<unknown>, step: Step, since: number, span: Span | undefined): void {
  result.then(
    () => finish(step, since, span),
    (error) => finish(step, since, span, error),
  );
}

function finish(step: Step, since: number, span: Span | undefined, error?: unknown): void {
  finished.publish({ step, seconds: (performance.now() - since) / 1000 } satisfies FinishedStep);
  if (span !== undefined) endSpan(span, error);
}

/** A failure is recorded by its reason only: its message may contain text of the caller. */
export function endSpan(span: Span, error?: unknown): void {
  if (error !== undefined) {
    span.setAttribute('error.type', reasonOf(error));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

const reasonOf = (error: unknown): string => {
  if (error instanceof Refusal) return error.reason;
  return error instanceof TokenRefusal ? error.fault : 'failed';
};

/** The headers that put an outgoing request into the current trace (W3C Trace Context). */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}
