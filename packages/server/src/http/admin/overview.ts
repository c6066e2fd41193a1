// Answers how many requests got a token over time, why others did not, and how long they took.
import { z } from 'zod';
import { operation } from './operation.ts';
import { isoTime } from './page.ts';
import { InvalidRequest } from './problem.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 366 * 24 * HOUR_MS;

const count = z.int();
const counts = z.array(count).describe('by bucket');
const durations = {
  p50: z.number().optional().describe('milliseconds within which half of the requests that got a token were decided'),
  p99: z.number().optional(),
};
const requests = {
  issued: count,
  refused: count,
  failed: count.describe('by a fault of the server'),
  ...durations,
};
const named = z.object({
  name: z.string().optional().describe('absent: all others together'),
  issued: count,
  refused: count.describe('with those that failed'),
  issuedIn: counts,
  refusedIn: counts,
});

export const overview = operation({
  id: 'overview',
  method: 'GET',
  at: '/overview',
  summary:
    'Requests over time, in at most 120 buckets: tokens issued, refusals by reason, durations, and the audiences (with their durations) and clients with the most requests',
  scope: 'admin:read',
  query: z.strictObject({
    since: isoTime.optional().describe('an hour before `until` by default'),
    until: isoTime.optional().describe('now by default'),
    top: z.coerce
      .number()
      .int()
      .min(1)
      .max(50)
      .default(10)
      .describe('how many audiences and clients are listed by name'),
  }),
  status: 200,
  answer: z.object({
    since: z.iso.datetime().describe('the period, widened to whole buckets'),
    until: z.iso.datetime(),
    bucketSeconds: count,
    total: z.object(requests),
    buckets: z.array(z.object({ start: z.iso.datetime(), ...requests })),
    reasons: z
      .array(z.object({ outcome: z.enum(['refused', 'failed']), reason: z.string(), count, countIn: counts }))
      .describe('the most frequent first'),
    audiences: z
      .array(named.extend(durations))
      .describe('most requests first; without durations where some are not counted by audience'),
    clients: z.array(named).describe('most requests first'),
    countedUpTo: z
      .object({ position: count, time: z.iso.datetime().optional() })
      .describe('the last row that is counted; newer rows follow within a second'),
  }),
  run: async ({ query: { since, until, top }, services: { admin, clock } }) => {
    const end = until ?? clock();
    const begin = since ?? end - HOUR_MS;
    if (begin < 0 || begin >= end)
      throw new InvalidRequest([{ at: 'query.since', detail: 'must be before until, and not before 1970' }]);
    if (end - begin > 10 * YEAR_MS)
      throw new InvalidRequest([{ at: 'query.since', detail: 'must be at most 10 years before until' }]);
    return { body: await admin.overview({ since: begin, until: end, top }) };
  },
});
