// What was issued, dead at once: one token with all that derives from it, all of a subject or of a client, or all.
import { z } from 'zod';
import { isName } from '../../primitives/principal.ts';
import type { Database } from '../../store/schema.ts';
import { operation } from './operation.ts';

const name = z.string().refine(isName, 'must be a printable text of 1 to 1024 characters');

export const revokeTokens = operation({
  id: 'revoke-tokens',
  method: 'POST',
  at: '/revocations',
  summary:
    'Revoke one token with its descendants, or all that was issued so far: for a subject, to a client, or at all',
  scope: 'admin:write',
  body: z.union(
    [
      z.strictObject({ id: name.describe('jti, refresh family, or what `token inspect` tells of a foreign token') }),
      z.strictObject({ subject: name.describe('the `sub` of our tokens') }),
      z.strictObject({ client: name }),
      z.strictObject({ all: z.literal(true).describe('after an older copy of the database was restored') }),
    ],
    'must have one of id, subject, client and all',
  ),
  status: 204,
  run: async ({ body, services: { admin, revocations }, event }) => {
    const commit = (write: (database: Database) => Promise<void>) => admin.commit(event, write);
    event.outcome = 'revoked';
    if ('all' in body) {
      event.revoked = 'all';
      event.change = { what: 'revoke all', after: body };
      await revocations.revokeAll(commit);
      return {};
    }
    const [[what, of]] = Object.entries(body) as [[keyof typeof kinds, string]];
    event.revoked = of;
    event.change = { what: `revoke by ${what}`, after: body };
    await revocations[kinds[what]](of, commit);
    return {};
  },
});

const kinds = { id: 'revoke', subject: 'revokeSubject', client: 'revokeClient' } as const;
