// Lists the configurations that were in force, shows the kept form of one, and compares two.
import { z } from 'zod';
import { describeChange, findChanges } from '../../audit/configuration-changes.ts';
import type { FoundConfiguration } from '../../audit/history.ts';
import { isDigestPrefix } from '../../primitives/hex.ts';
import { Refusal } from '../../primitives/refusal.ts';
import type { Administration } from './administration.ts';
import { operation } from './operation.ts';
import { pageFrom, pageOf, pageQuery, periodQuery } from './page.ts';

const reference = z
  .string()
  .refine(
    (text) => text === 'now' || isDigestPrefix(text),
    'must be a digest or its first 6 characters or more, in lower case, or now',
  )
  .describe('a digest or its first 6 characters or more; `now` for the one that came into force last');

export const listConfigurations = operation({
  id: 'list-configurations',
  method: 'GET',
  at: '/configurations',
  summary:
    'The configurations that came into force and the files that were rejected, newest first, each with what changed',
  scope: 'admin:read',
  query: z.strictObject(periodQuery),
  status: 200,
  answer: pageOf(z.looseObject({ time: z.int(), requestId: z.string(), outcome: z.enum(['applied', 'rejected']) })),
  run: async ({ query: { cursor, limit, since, until }, services: { admin } }) => {
    const period = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
    const { found, next } = await admin.searchEvents(
      { outcome: ['applied', 'rejected'], ...period },
      { cursor, limit },
    );
    const items = found.map(({ event }) => ({
      time: event.time,
      requestId: event.requestId,
      outcome: event.outcome,
      ...event.configured,
    }));
    return { body: { items, next } };
  },
});

export const getConfiguration = operation({
  id: 'get-configuration',
  method: 'GET',
  at: '/configurations/{digest}',
  summary: 'The kept form of a configuration: its files and registered clients, without secrets and people',
  scope: 'admin:read',
  path: z.strictObject({ digest: reference }),
  status: 200,
  answer: z.looseObject({
    digest: z.string(),
    files: z.array(z.looseObject({ path: z.string(), content: z.looseObject({}) })),
    registered: z.record(z.string(), z.looseObject({})),
  }),
  run: async ({ path: { digest }, services: { admin } }) => {
    const { content, ...found } = await find(digest, admin);
    return { body: { ...found, ...content } };
  },
});

export const compareConfigurations = operation({
  id: 'compare-configurations',
  method: 'GET',
  at: '/configurations/{digest}/changes',
  summary: 'What changed from this configuration to another, by entry and in words',
  scope: 'admin:read',
  path: z.strictObject({ digest: reference }),
  query: z.strictObject({ to: reference.default('now'), ...pageQuery }),
  status: 200,
  answer: pageOf(z.looseObject({ entry: z.string(), change: z.string(), text: z.string() })).extend({
    from: z.string(),
    to: z.string(),
  }),
  run: async ({ path: { digest }, query: { to, ...page }, services: { admin } }) => {
    const [before, after] = [await find(digest, admin), await find(to, admin)];
    const changes = findChanges(before.content, after.content).map((one) => ({ ...one, text: describeChange(one) }));
    return { body: { from: before.digest, to: after.digest, ...pageFrom(changes, page) } };
  },
});

/** @throws Refusal admin_item_unknown */
async function find(digest: string, { configurations }: Administration): Promise<FoundConfiguration> {
  const found = digest === 'now' ? await configurations.now() : await configurations.find(digest);
  if (found !== undefined && found !== 'several') return found;
  const why =
    found === 'several'
      ? `several configurations begin with ${digest}: give more characters of it`
      : digest === 'now'
        ? 'no configuration has come into force on this database yet'
        : `no configuration that began with ${digest} is kept. A list of them: cambio policy history`;
  throw new Refusal('admin_item_unknown', { detail: why });
}
