// Searches the audit log.
import { z } from 'zod';
import { isTokenId } from '../../audit/search.ts';
import { explainConfiguration } from '../../explain/decided-by.ts';
import { explainEvent } from '../../explain/explain.ts';
import { describeMissingRow, normalRequestId } from '../../explain/missing.ts';
import { isName } from '../../primitives/principal.ts';
import { redactTokens } from '../../primitives/redact.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { explainServices } from '../explain-services.ts';
import { operation } from './operation.ts';
import { pageOf, periodQuery } from './page.ts';
import { InvalidRequest } from './problem.ts';

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
  summary:
    'Audit rows that match all filters, newest first, or those after a row as they are written; docs/reference/audit-log.md lists the fields',
  scope: 'admin:read',
  query: z.strictObject({
    subject: text,
    actor: text,
    party: text.describe('the `sub` of a party at any position: the subject, an actor, or the client'),
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
    after: z.coerce
      .number()
      .int()
      .min(0)
      .optional()
      .describe('`position` of the previous answer: only rows after it, in the order of writing'),
  }),
  status: 200,
  answer: pageOf(event).extend({
    indexedUpTo: mark.describe('the last row that the search index has; newer rows were read one by one'),
    searchedUpTo: mark
      .optional()
      .describe(
        'the last row that was searched: the index is far behind, and newer rows are missing; absent if none is',
      ),
    position: z
      .int()
      .optional()
      .describe(
        'give it as `after` for the rows that were written since; absent if an earlier row is still being written: search again',
      ),
    more: z.boolean().optional().describe('with `after`: the next call has rows already'),
    replica: z
      .object({ used: z.boolean().describe('false if it could not be read or was behind, and the primary was read') })
      .optional()
      .describe('absent if the file has no `store.replica`'),
  }),
  run: async ({ query, services: { admin } }) => {
    const { cursor, limit, after, request: requestId, token: tokens, ...filter } = query;
    const given = Object.fromEntries(
      Object.entries({ ...filter, requestId, tokens }).filter(([, value]) => value !== undefined),
    );
    if (after === undefined) {
      const { found, ...rest } = await admin.searchEventsInTime(given, { cursor, limit });
      const { next, indexedUpTo, searchedUpTo, position, replica } = rest;
      return { body: { items: found.map((one) => one.event), next, indexedUpTo, searchedUpTo, position, replica } };
    }
    if (cursor !== undefined)
      throw new InvalidRequest([{ at: 'query.cursor', detail: 'does not go with after: its answers have position' }]);
    const { found, ...rest } = await admin.searchAfter(given, { after, limit });
    const { indexedUpTo, position, more, replica } = rest;
    return { body: { items: found.map((one) => one.event), indexedUpTo, position, more, replica } };
  },
});

export const findAuditEvent = operation({
  id: 'find-audit-event',
  method: 'GET',
  at: '/audit/{requestId}',
  summary:
    'The row of one request, by its X-Request-Id: what is known, how it was decided, and the rows that belong to it',
  scope: 'admin:read',
  path: z.strictObject({ requestId: name }),
  status: 200,
  answer: event.extend({
    explanation: z
      .looseObject({ decision: z.enum(['allowed', 'refused']) })
      .describe('how it was decided, step by step: the answer of `POST /explain` for the request'),
    siblings: z
      .array(z.object({ by: z.enum(['request', 'caller_request', 'token']), event }))
      .describe('the newest rows of the same request, of the same request of the caller, or of its tokens; at most 20'),
  }),
  run: async ({ path, services }) => {
    const { admin } = services;
    const found = await admin.findWithSiblings(path.requestId);
    if (found === undefined)
      throw new Refusal('admin_item_unknown', {
        detail: describeMissingRow(normalRequestId(redactTokens(path.requestId))),
      });
    const decidedBy = await explainConfiguration(found.event, admin.configurations);
    const explanation = { ...explainEvent(found.event, explainServices(services)), ...(decidedBy && { decidedBy }) };
    return { body: { ...found.event, explanation, siblings: found.siblings } };
  },
});
