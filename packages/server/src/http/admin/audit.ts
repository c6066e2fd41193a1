// Searches the audit log.
import { z } from 'zod';
import { isTokenId } from '../../audit/search.ts';
import { describeMissingRow, normalRequestId } from '../../explain/missing.ts';
import { isName } from '../../primitives/principal.ts';
import { redactTokens } from '../../primitives/redact.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { operation } from './operation.ts';
import { pageOf, periodQuery } from './page.ts';

const event = z.looseObject({ time: z.int(), requestId: z.string(), action: z.string() });
const name = z.string().refine(isName, 'must be a printable text of 1 to 1024 characters');
const text = name.optional();
const mark = z.object({
  position: z.int().describe('the number of the row, in the order of writing'),
  time: z.iso.datetime().optional(),
});

/** Every row that is read is compared with each of them. */
export const MAX_TOKENS = 16;

export const searchAudit = operation({
  id: 'search-audit',
  method: 'GET',
  at: '/audit',
  summary: 'Audit rows that match all filters, newest first; docs/reference/audit-log.md lists the fields',
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
    token: z
      .string()
      .transform((ids) => ids.split(','))
      .refine(
        (ids) => ids.length <= MAX_TOKENS && ids.every(isTokenId),
        `must be 1 to ${MAX_TOKENS} ids, separated by commas: letters, digits, - and _, at most 64`,
      )
      .optional()
      .describe(
        'the id of a token that was issued, presented or revoked; several ids are separated by commas. `tokens inspect` prints the id of a token of another issuer',
      ),
    ...periodQuery,
  }),
  status: 200,
  answer: pageOf(event).extend({
    indexedUpTo: mark.describe('the last row that the search index has; newer rows were read one by one'),
    searchedUpTo: mark
      .optional()
      .describe(
        'the last row that was searched: the index is far behind, and newer rows are missing; absent if none is',
      ),
  }),
  run: async ({ query: { cursor, limit, request: requestId, token: tokens, ...filter }, services: { admin } }) => {
    const given = Object.fromEntries(
      Object.entries({ ...filter, requestId, tokens }).filter(([, value]) => value !== undefined),
    );
    const { found, next, indexedUpTo, searchedUpTo } = await admin.searchEventsInTime(given, { cursor, limit });
    return { body: { items: found.map((one) => one.event), next, indexedUpTo, searchedUpTo } };
  },
});

export const findAuditEvent = operation({
  id: 'find-audit-event',
  method: 'GET',
  at: '/audit/{requestId}',
  summary: 'The row of one request, by its X-Request-Id',
  scope: 'admin:read',
  path: z.strictObject({ requestId: name }),
  status: 200,
  answer: event,
  run: async ({ path, services: { admin } }) => {
    const found = await admin.findEvent(path.requestId);
    if (found === undefined)
      throw new Refusal('admin_item_unknown', {
        detail: describeMissingRow(normalRequestId(redactTokens(path.requestId))),
      });
    return { body: found };
  },
});
