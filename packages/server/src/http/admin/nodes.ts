// Lists the nodes that run on the database.
import { z } from 'zod';
import { operation } from './operation.ts';
import { pageFrom, pageOf, pageQuery } from './page.ts';

const time = z.iso.datetime();

export const runningNodes = operation({
  id: 'list-nodes',
  method: 'GET',
  at: '/nodes',
  summary:
    'The processes that run on this database: version, configuration in force, and the faults of the last reload',
  scope: 'admin:read',
  query: z.strictObject(pageQuery),
  status: 200,
  answer: pageOf(
    z.object({
      id: z.string(),
      self: z.boolean().describe('the process that answers'),
      digest: z.string().optional().describe('of the configuration in force'),
      seenAt: time.describe('its last report: it reports every five seconds, and is left out after a minute'),
      version: z.string().optional().describe('this and the following: absent from an earlier version'),
      host: z.string().optional(),
      pid: z.int().optional(),
      startedAt: time.optional(),
      readAt: time.optional().describe('when the configuration in force was read'),
      faults: z
        .array(z.object({ kind: z.string(), since: time, details: z.array(z.string()) }))
        .optional()
        .describe('of the last reload, and of files that were renewed since'),
    }),
  ),
  run: async ({ query, services: { admin, presence } }) => {
    const { items, ...rest } = pageFrom(await admin.nodes(), query);
    return {
      body: {
        items: items.map(({ id, digest, seenAt, about }) => ({
          id,
          self: id === presence?.id,
          digest,
          seenAt: isoOf(seenAt),
          ...(about && {
            version: about.version,
            host: about.host,
            pid: about.pid,
            startedAt: isoOf(about.startedAt),
            readAt: isoOf(about.readAt),
            faults: about.faults.map((one) => ({ ...one, since: isoOf(one.since) })),
          }),
        })),
        ...rest,
      },
    };
  },
});

const isoOf = (milliseconds: number): string => new Date(milliseconds).toISOString();
