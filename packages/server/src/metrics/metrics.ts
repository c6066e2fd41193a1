// Counts and times the work of the server, between its parts.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type FinishedStep, STEPS_FINISHED } from '../primitives/tracing.ts';
import { measureTurns } from './event-loop.ts';
import type { Observer } from './observer.ts';
import { createCounter, createHistogram } from './series.ts';

export interface Metrics extends Observer {
  readonly registry: Registry;
  /** Audit rows that wait for their commit. */
  readonly auditBacklog: () => number;
  readonly close: () => void;
}

const ANSWER_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const STEP_BUCKETS = [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1];
/** Of the samples of prom-client, which would wake the process up. The maximum of a timer. */
const SAMPLE_EVERY_MS = 2 ** 31 - 1;

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: SAMPLE_EVERY_MS });
  const stopMeasuring = measureTurns(registry);
  const { requests, latency, steps, commits, fetches } = createSeriesOf(registry);
  const onStep = (message: unknown): void => {
    const { step, seconds } = message as FinishedStep;
    steps(seconds, step);
  };
  subscribe(STEPS_FINISHED, onStep);
  let backlog = 0;
  const committing = <T>(work: Promise<T>): Promise<T> => {
    backlog++;
    return timed(work, (seconds, outcome) => {
      backlog--;
      commits(seconds, outcome);
    });
  };
  return {
    registry,
    auditBacklog: () => backlog,
    answered: ({ endpoint = 'none', status, seconds, event }) => {
      const outcome = event.outcome ?? (status < 400 ? 'answered' : status < 500 ? 'refused' : 'failed');
      requests(endpoint, event.grant ?? '', event.client ?? '', event.rule ?? '', outcome, event.reason ?? '');
      latency(seconds, endpoint, outcome);
    },
    audit: (log) => ({
      ...log,
      append: (...row) => committing(log.append(...row)),
      appendWith: (...row) => committing(log.appendWith(...row)),
    }),
    outbound: (issuer, outbound) => (request, deadline) =>
      timed(outbound(request, deadline), (seconds, outcome) => fetches(seconds, issuer, outcome)),
    close: () => {
      unsubscribe(STEPS_FINISHED, onStep);
      stopMeasuring();
    },
  };
}

/** Creates the counter and the histograms. */
function createSeriesOf(registry: Registry) {
  const requests = createCounter(registry, {
    name: 'cambio_requests_total',
    help: 'Answers, by endpoint, grant, client, the rule that decided, outcome and reason',
    labels: ['endpoint', 'grant', 'client', 'rule', 'outcome', 'reason'],
  });
  const latency = createHistogram(registry, {
    name: 'cambio_request_duration_seconds',
    help: 'From the head of a request to the end of its answer',
    labels: ['endpoint', 'outcome'],
    buckets: ANSWER_BUCKETS,
  });
  const steps = createHistogram(registry, {
    name: 'cambio_step_duration_seconds',
    help: 'The steps of a request; verify is a part of subject and actor',
    labels: ['step'],
    buckets: STEP_BUCKETS,
  });
  const commits = createHistogram(registry, {
    name: 'cambio_audit_commit_duration_seconds',
    help: 'Time to commit an audit row, with the other writes of its request',
    labels: ['outcome'],
    buckets: ANSWER_BUCKETS,
  });
  const fetches = createHistogram(registry, {
    name: 'cambio_issuer_fetch_duration_seconds',
    help: 'Requests to trusted issuers: keys, discovery, introspection',
    labels: ['issuer', 'outcome'],
    buckets: ANSWER_BUCKETS,
  });
  return { requests, latency, steps, commits, fetches };
}

/** @returns the same promise. `took` is called before its callers continue. */
function timed<T>(work: Promise<T>, took: (seconds: number, outcome: 'ok' | 'failed') => void): Promise<T> {
  const since = performance.now();
  const end = (outcome: 'ok' | 'failed'): void => took((performance.now() - since) / 1000, outcome);
  work.then(
    () => end('ok'),
    () => end('failed'),
  );
  return work;
}
