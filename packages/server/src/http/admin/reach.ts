// Lists what a client can reach: targets and scopes, with the conditions that remain.
import { z } from 'zod';
import { listReach } from '../../explain/reach.ts';
import { isName } from '../../primitives/principal.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { operation } from './operation.ts';
import { pageFrom, pageOf, pageQuery } from './page.ts';

const name = z.string().refine(isName, 'must be a printable text of 1 to 1024 characters');

const reach = z.object({
  audience: z.string(),
  scopes: z.array(
    z.object({
      scope: z.string(),
      from: z
        .array(z.string())
        .optional()
        .describe('the scopes of the subject token that give it, if they are renamed'),
    }),
  ),
  by: z.enum(['rule', 'client_credentials', 'sign-in']),
  rule: z.string().optional(),
  at: z.string().optional().describe('the file and the line of the rule'),
  mode: z.enum(['enforce', 'audit']).optional().describe('`audit`: the rule is only watched'),
  lifetime: z.int().optional().describe('seconds, if the rule limits it'),
  requires: z.array(z.string()).describe('the conditions that remain, in words; all must hold'),
  unless: z.array(z.string()).describe('rules that deny, with their conditions'),
});

export const listReachable = operation({
  id: 'list-reach',
  method: 'GET',
  at: '/reach',
  summary: 'What a client can reach: the targets and scopes that rules and its own entry can give, with what must hold',
  scope: 'admin:read',
  query: z.strictObject({
    client: name,
    subject: name.optional().describe('only what tokens about this subject can give'),
    issuer: name.optional().describe('of the subject, by its name or its `iss`; by default, this server'),
    ...pageQuery,
  }),
  status: 200,
  answer: pageOf(reach),
  run: async ({ query: { client: id, subject, issuer: named = 'self', ...page }, services }) => {
    const { clients, policy, resources, admin, issuer, issuers, saml } = services;
    const client = (await clients.find(id)) ?? clients.get(id);
    if (client === undefined) throw new Refusal('admin_item_unknown', { detail: `there is no client ${id}` });
    const found = issuers.byName(named)?.issuer ?? [...saml.values()].find((one) => one.name === named)?.entityId;
    const iss = named === 'self' ? issuer : (found ?? named);
    const about = subject === undefined ? undefined : { iss, sub: subject };
    const items = listReach(client, { policy, resources, placeOf: admin.placeOf, subject: about });
    return { body: pageFrom(items, page) };
  },
});
