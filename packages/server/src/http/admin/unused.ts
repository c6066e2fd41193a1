// Reports the rights that no request used since a time. The report says who uses what, so it has an audit row.
import { z } from 'zod';
import { findUnused } from '../../explain/unused.ts';
import { orUnavailable } from '../../store/store.ts';
import { unusedContext } from '../explain-services.ts';
import { operation } from './operation.ts';
import { isoTime } from './page.ts';

const right = z.looseObject({ kind: z.enum(['rule', 'client', 'audience', 'scope']), name: z.string() });

/** Longer than one report reads rows. */
const MAX_WAIT_MS = 25_000;

export const unusedRights = operation({
  id: 'unused-rights',
  method: 'GET',
  at: '/policy/unused',
  summary: 'Rules, clients, audiences and scopes that no request used since a time, from the audit log',
  scope: 'admin:read',
  query: z.strictObject({ since: isoTime }),
  status: 200,
  answer: z.looseObject({
    since: z.string(),
    begins: z.string().optional().describe('the time of the first row; absent if the log is empty'),
    unused: z.array(right),
    kept: z.array(right).describe('not used, with the reason why it should stay, as note'),
    untested: z.array(z.string()).describe('rules without a test'),
    unread: z.array(z.string()).describe('rules and clients whose rows would have taken too long to read'),
    more: z.int().describe('the number of rights that are not listed'),
  }),
  run: async ({ query: { since }, services, event }) => {
    const { admin } = services;
    const report = await orUnavailable(findUnused(since, admin.useSince(since), unusedContext(services)), MAX_WAIT_MS);
    event.outcome = 'accepted';
    await admin.commit(event, async () => undefined);
    return { body: report };
  },
});
