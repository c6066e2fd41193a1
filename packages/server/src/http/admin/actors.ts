// The operations of the admin API on suspended parties: list, suspend, resume.
import { z } from 'zod';
import type { PartyName } from '../../issuing/token-names.ts';
import { redactTokens } from '../../primitives/redact.ts';
import { Refusal } from '../../primitives/refusal.ts';
import { trustDomainOf } from '../../primitives/spiffe-id.ts';
import type { HttpServices } from '../endpoint.ts';
import { meant } from './client-ids.ts';
import { operation } from './operation.ts';
import { pageFrom, pageOf, pageQuery } from './page.ts';
import { checkIssuer, namesOfSubject, partyName, principalOf, withoutOurIssuer } from './revocations.ts';

const party = z.strictObject({
  subject: partyName.describe(
    'the id of a client, or the `sub` of a party in our tokens; with `issuer`, the `sub` of that issuer',
  ),
  issuer: partyName.optional().describe('of the party, as `act` and `sub_id` have it'),
});

const suspended = z.object({
  subject: z.string(),
  issuer: z.string().optional(),
  reason: z.string().optional(),
  since: z.iso.datetime(),
  region: z.string().optional().describe('the other region that suspended the party'),
});

export const listActors = operation({
  id: 'list-actors',
  method: 'GET',
  at: '/actors/suspended',
  summary: 'The suspended parties, oldest first',
  scope: 'admin:read',
  query: z.strictObject(pageQuery),
  status: 200,
  answer: pageOf(suspended),
  run: async ({ query, services: { suspensions } }) => {
    const { items, ...rest } = pageFrom(suspensions.all(), query);
    return { body: { items: items.map((one) => ({ ...one, since: new Date(one.since).toISOString() })), ...rest } };
  },
});

export const suspendActor = operation({
  id: 'suspend-actor',
  method: 'POST',
  at: '/actors/suspend',
  summary:
    'Suspend a party: every token that is about it, was issued to it, or in which it acts at any hop, is refused until it is resumed',
  scope: 'admin:write',
  body: party.extend({
    reason: z
      .string()
      .min(1)
      .max(1024)
      .refine((text) => redactTokens(text) === text, 'must not contain a token')
      .optional()
      .describe('for the list and the audit log'),
    revoke: z.literal(true).optional().describe('also revokes the tokens issued so far, for good'),
    unknown: z.literal(true).optional().describe('suspends the party even if the server does not know it'),
  }),
  status: 204,
  run: async ({ body, services, event }) => {
    const { reason, revoke, unknown } = body;
    const named = readParty(body, services);
    event.party = principalOf(named, services);
    if (unknown !== true) checkKnown(named, services);
    event.change = { what: 'suspend', after: body };
    const about = { reason, since: services.clock() };
    const names = namesOf(named, services);
    await services.suspensions.suspend(named, names, about, (write) =>
      revoke === true
        ? services.revocations.revokeMany(names, (alsoRevoke) =>
            services.admin.commit(event, async (database) => {
              await write(database);
              await alsoRevoke(database);
            }),
          )
        : services.admin.commit(event, write),
    );
    return {};
  },
});

export const resumeActor = operation({
  id: 'resume-actor',
  method: 'POST',
  at: '/actors/resume',
  summary:
    'End a suspension of this region: the tokens of the party are valid again, unless they expired, were revoked, or another region suspends the party',
  scope: 'admin:write',
  body: party,
  status: 204,
  run: async ({ body, services, event }) => {
    const named = readParty(body, services);
    event.change = { what: 'resume', after: body };
    event.party = principalOf(named, services);
    await services.suspensions.resume(named, (write) => services.admin.commit(event, write));
    return {};
  },
});

type Party = z.output<typeof party>;

const readParty = ({ subject, issuer }: Party, services: HttpServices): Party =>
  withoutOurIssuer({ subject, ...(issuer !== undefined && { issuer }) }, services);

/** A party of ours may be a subject, an actor, a client that tokens were issued to, and the workload of a JWT-SVID. */
function namesOf(named: Party, services: HttpServices): readonly [PartyName, ...PartyName[]] {
  const { subject, issuer } = named;
  const names = namesOfSubject(named, services);
  if (issuer !== undefined) return names;
  const spiffeId = services.clients.get(subject)?.spiffeId;
  const domain = trustDomainOf(spiffeId);
  const workload = spiffeId !== undefined && domain !== undefined ? [{ iss: `spiffe://${domain}`, sub: spiffeId }] : [];
  return [...names, { client: subject }, ...workload.map((principal) => ({ principal }))];
}

/** A mistyped name suspends nobody, and must not look like a success. @throws Refusal admin_item_unknown */
function checkKnown({ subject, issuer }: Party, services: HttpServices): void {
  if (issuer !== undefined) {
    checkIssuer(issuer, services, ' To suspend a party of an issuer that is not known, add unknown (--unknown)');
    return;
  }
  const { names, clients } = services;
  const isKnown = names.ownerHere(subject) !== undefined || namesOfSubject({ subject }, services).length > 1;
  if (isKnown) return;
  const near = meant(subject, clients.keys(), services);
  throw new Refusal('admin_item_unknown', {
    detail: `there is no client, no account and no subject of an issuer with the name ${redactTokens(subject)}.${near} Give its issuer (--issuer), or add unknown (--unknown)`,
  });
}
