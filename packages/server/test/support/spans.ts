// Loads the OpenTelemetry SDK as an operator does, with a collector in memory, and checks that spans have no secrets.
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { canaries } from './canaries.ts';

/** Collects the spans of this process from when this file is loaded. */
export const spans = new InMemorySpanExporter();

const watched: SpanProcessor = {
  onStart: () => undefined,
  onEnd: ({ name, attributes, events, status }) =>
    canaries.look('a span', JSON.stringify([name, attributes, events, status])),
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans), watched] }));
