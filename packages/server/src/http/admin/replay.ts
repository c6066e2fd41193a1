// Decides recorded exchanges again by a draft, and reports the decisions that it would change. The report says who did what, so
// each page has an audit row.
import { z } from 'zod';
import { type ChangedDecision, decisionChanges } from '../../explain/replay.ts';
import { askUsableDraft, draftForm } from './draft-form.ts';
import { operation } from './operation.ts';
import { isoTime, periodQuery } from './page.ts';

const change = z.enum(decisionChanges);

const changed = z.object({
  requestId: z.string(),
  time: z.int().describe('milliseconds since 1970'),
  client: z.string(),
  subject: z.string(),
  change,
  reason: z.string().optional().describe('why it is refused now, or was refused if it is allowed now'),
  before: z.string(),
  after: z.string(),
  missing: z.array(z.string()).describe('claims that the draft reads, and that the row does not have'),
});

const group = z.object({
  client: z.string(),
  change,
  reason: z.string().optional(),
  count: z.int(),
  requestIds: z.array(z.string()).describe('the first ones'),
});

/** Rows that one page reads. */
const MAX_ROWS = 5000;
/** Rows that are decided at a time. */
const STEP_ROWS = 250;
/** After this time, and after this many changes, the page ends. */
const MAX_PAGE_MS = 2000;
const MAX_CHANGES = 200;
/** Ids of requests that a group lists. */
const MAX_IDS = 5;

export const replayDraft = operation({
  id: 'replay-draft',
  method: 'POST',
  at: '/policy/replay',
  summary: 'Which recorded exchanges a draft of the configuration would decide otherwise, newest first, in pages',
  scope: 'admin:read',
  body: draftForm.extend({
    since: isoTime.optional(),
    until: isoTime.optional(),
    client: z.string().min(1).max(256).optional(),
    cursor: periodQuery.cursor,
  }),
  status: 200,
  answer: z.object({
    items: z.array(changed),
    groups: z.array(group).describe('the changes of this page, the most frequent first'),
    counts: z.object({
      changed: z.int(),
      same: z.int(),
      undecided: z.int().describe('no rule decided: the request was refused before, or is of another kind'),
      withheld: z.int().describe('cannot be compared: the row lacks what a rule read'),
    }),
    reached: z.int().optional().describe('the time of the oldest row that was read, in milliseconds since 1970'),
    next: z.string().optional().describe('the cursor of the next page; absent on the last page'),
  }),
  run: async ({ body: { cursor: begin, since, until, client, ...draft }, services, event }) => {
    const { admin } = services;
    const filter = {
      outcome: ['issued', 'refused'],
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
      ...(client !== undefined && { client }),
    };
    const counts = { changed: 0, same: 0, undecided: 0, withheld: 0 };
    const items: ChangedDecision[] = [];
    const deadline = performance.now() + MAX_PAGE_MS;
    let [cursor, rows, reached] = [begin, 0, undefined as number | undefined];
    do {
      const { found, next } = await admin.searchEvents(filter, { cursor, limit: STEP_ROWS });
      const events = found.map((one) => one.event);
      const answer = await askUsableDraft(draft, { kind: 'replay', events }, 'body.files', { services, event });
      if (answer.kind !== 'replay') throw new Error('the draft was not replayed');
      for (const verdict of answer.verdicts) {
        counts[typeof verdict === 'string' ? verdict : 'changed']++;
        if (typeof verdict !== 'string') items.push(verdict);
      }
      rows += events.length;
      reached = events.at(-1)?.time ?? reached;
      cursor = next;
    } while (cursor !== undefined && rows < MAX_ROWS && items.length < MAX_CHANGES && performance.now() < deadline);
    event.outcome = 'accepted';
    await admin.commit(event, async () => undefined);
    return { body: { items, groups: groupsOf(items), counts, reached, next: cursor } };
  },
});

function groupsOf(items: readonly ChangedDecision[]): readonly z.output<typeof group>[] {
  const groups = Map.groupBy(items, ({ client, change: kind, reason }) => JSON.stringify([client, kind, reason]));
  return [...groups.values()]
    .map((all) => {
      const [{ client, change: kind, reason }] = all as [ChangedDecision];
      const requestIds = all.slice(0, MAX_IDS).map(({ requestId }) => requestId);
      return { client, change: kind, ...(reason !== undefined && { reason }), count: all.length, requestIds };
    })
    .toSorted((a, b) => b.count - a.count);
}
