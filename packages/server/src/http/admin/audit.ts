// Who did what for whom? The audit log, searched.
import { z } from 'zod';
import { Refusal } from '../../primitives/refusal.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery } from './page.ts';
import { InvalidRequest } from './problem.ts';

const event = z.looseObject({ time: z.int(), requestId: z.string(), action: z.string() });
const text = z.string().min(1).max(1024).optional();
const time = z.iso.datetime({ offset: true }).transform((said) => Date.parse(said));

export const searchAudit = operation({
  id: 'search-audit',
  method: 'GET',
  at: '/audit',
  summary: 'The rows that hold all that is asked for, the newest first; docs/audit-log.md has the fields',
  scope: 'admin:read',
  query: z.strictObject({
    subject: text,
    actor: text,
    issuer: text,
    client: text,
    audience: text,
    outcome: text,
    reason: text,
    rule: text,
    request: text.describe('the X-Request-Id of the answer'),
    since: time.optional(),
    until: time.optional(),
    ...pageQuery,
  }),
  status: 200,
  answer: pageOf(event),
  run: async ({ query: { cursor, limit, request: requestId, ...filter }, services: { admin } }) => {
    const given = Object.fromEntries(
      Object.entries({ ...filter, requestId }).filter(([, value]) => value !== undefined),
    );
    try {
      const { found, next } = await admin.searchEvents(given, { cursor, limit });
      return { body: { items: found.map((one) => one.event), next } };
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new InvalidRequest([{ at: 'query.cursor', detail: (error as Error).message }]);
    }
  },
});

export const findAuditEvent = operation({
  id: 'find-audit-event',
  method: 'GET',
  at: '/audit/{requestId}',
  summary: 'The row of one request, by its X-Request-Id',
  scope: 'admin:read',
  path: z.strictObject({ requestId: z.string() }),
  status: 200,
  answer: event,
  run: async ({ path, services: { admin } }) => {
    const found = await admin.findEvent(path.requestId);
    if (found === undefined) throw new Refusal('admin_item_unknown');
    return { body: found };
  },
});
