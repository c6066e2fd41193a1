// What was issued, dead at once: one token with all that derives from it, or all of a subject or of a client.
import { z } from 'zod';
import { isName } from '../../primitives/principal.ts';
import { operation } from './operation.ts';

const name = z.string().refine(isName, 'must be a printable text of 1 to 1024 characters');

export const revokeTokens = operation({
  id: 'revoke-tokens',
  method: 'POST',
  at: '/revocations',
  summary: 'Revoke one token with its descendants, or all that was issued so far for a subject or to a client',
  scope: 'admin:write',
  body: z.union([
    z.strictObject({ id: name.describe('jti, refresh family, or what `token inspect` tells of a foreign token') }),
    z.strictObject({ subject: name.describe('the `sub` of our tokens') }),
    z.strictObject({ client: name }),
  ]),
  status: 204,
  run: async ({ body, services: { admin, revocations }, event }) => {
    const [[what, of]] = Object.entries(body) as [[keyof typeof kinds, string]];
    event.outcome = 'revoked';
    event.revoked = of;
    event.change = { what: `revoke by ${what}`, after: { [what]: of } };
    await revocations[kinds[what]](of, (write) => admin.commit(event, write));
    return {};
  },
});

const kinds = { id: 'revoke', subject: 'revokeSubject', client: 'revokeClient' } as const;
