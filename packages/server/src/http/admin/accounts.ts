// Lists the people who have accounts in the configuration. Their passwords and claims are not shown.
import { z } from 'zod';
import { operation } from './operation.ts';
import { pageFrom, pageOf, pageQuery } from './page.ts';

export const listAccounts = operation({
  id: 'list-accounts',
  method: 'GET',
  at: '/accounts',
  summary: 'The accounts of the configuration: name, whether it is suspended, and the last sign-in',
  scope: 'admin:read',
  query: z.strictObject(pageQuery),
  status: 200,
  answer: pageOf(
    z.object({
      sub: z.string(),
      username: z.string(),
      state: z.enum(['active', 'suspended']),
      reason: z.string().optional().describe('of the suspension'),
      lastSignIn: z.iso
        .datetime()
        .optional()
        .describe('absent: none among the last thousand rows about the account that the audit has'),
    }),
  ),
  run: async ({ query, services: { admin, issuer, suspensions } }) => {
    const { items, ...rest } = pageFrom(admin.accounts, query);
    const signIns = await admin.lastSignIns(items.map(({ sub }) => sub));
    return {
      body: {
        items: items.map(({ sub, username }, index) => {
          const party = { principal: { iss: issuer, sub }, sub, clientId: undefined, chain: [], actorLineage: [] };
          const suspended = suspensions.find(party);
          const time = signIns[index];
          return {
            sub,
            username,
            state: suspended === undefined ? 'active' : 'suspended',
            ...(suspended?.reason !== undefined && { reason: suspended.reason }),
            ...(time !== undefined && { lastSignIn: new Date(time).toISOString() }),
          };
        }),
        ...rest,
      },
    };
  },
});
