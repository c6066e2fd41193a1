// Revokes tokens: one with its descendants, all of a subject, of an issuer or of a client, or all.
import { z } from 'zod';
import type { AuditEvent } from '../../audit/event.ts';
import type { BulkRevocation, PartyName } from '../../issuing/token-names.ts';
import { isName, type Principal } from '../../primitives/principal.ts';
import { redactTokens } from '../../primitives/redact.ts';
import { Refusal } from '../../primitives/refusal.ts';
import type { Database } from '../../store/schema.ts';
import { foreignTokenId } from '../../subject-tokens/foreign.ts';
import { identifyToken, looksLikeToken, mayBeTokenId } from '../../subject-tokens/identify.ts';
import { issuersOf, principalsOf, subjectsOf } from '../../trust/naming.ts';
import type { HttpServices } from '../endpoint.ts';
import { revokeElsewhere } from '../endpoints/revoke.ts';
import { idsOf, meant, unknownClient } from './client-ids.ts';
import { type Call, operation } from './operation.ts';

/** A name of a party in tokens. */
export const partyName = z
  .string()
  .refine(isName, 'must be a printable text of 1 to 1024 characters')
  .refine((text) => !looksLikeToken(text), 'is a token: give it as id');

const UNKNOWN =
  'no token of this server has this id. Check it, or give the text of the token as id; an id that an earlier version issued, ' +
  'and one that was never seen here, is revoked with unknown (--unknown)';

const unknown = z.literal(true).optional();
const body = z.union(
  [
    z.strictObject({
      id: z
        .string()
        .min(1)
        .describe(
          'a jti, a refresh family, the id that `tokens inspect` shows for a token of another issuer, or the text of a token, which is not recorded',
        ),
      issuer: partyName
        .optional()
        .describe('of a token of another issuer, such as a grant that was redeemed here: then `id` is its `jti`'),
      unknown: unknown.describe('revokes the id even if the server does not know such a token'),
    }),
    z.strictObject({
      subject: partyName.describe('the `sub` of our tokens; with `issuer`, the `sub` of that issuer'),
      issuer: partyName.optional().describe('of the subject, as `act` and `sub_id` have it'),
      unknown: unknown.describe('revokes the subject even if the server does not know the issuer'),
    }),
    z.strictObject({
      issuer: partyName.describe(
        'all tokens of this server that came of tokens, assertions or grants of this issuer; its own tokens stay as they are',
      ),
      unknown: unknown.describe('revokes the tokens even if the server does not know the issuer'),
    }),
    z.strictObject({
      client: partyName,
      unknown: unknown.describe(
        'revokes the tokens even if there is no such client, such as one that was removed from the file',
      ),
    }),
    z.strictObject({ all: z.literal(true).describe('for use after an older copy of the database was restored') }),
  ],
  'must have one of id, subject, issuer, client and all',
);
type Body = z.output<typeof body>;

export const revokeTokens = operation({
  id: 'revoke-tokens',
  method: 'POST',
  at: '/revocations',
  summary:
    'Revoke one token with its descendants, or all tokens issued so far: for a subject, by the word of an issuer, to a client, or to anyone',
  scope: 'admin:write',
  body,
  status: 204,
  run: async (call) => {
    const { services, event } = call;
    const body = namesIssuerAlone(call.body) ? call.body : withoutOurIssuer(call.body, services);
    const commit = (write: (database: Database) => Promise<void>) => services.admin.commit(event, write);
    if ('id' in body) {
      const id = await findId(body, services);
      recordRevocation(event, { revoked: id, what: 'revoke by id', after: { id } });
      await revokeElsewhere(id, services);
      await services.revocations.revoke(id, ({ run }) => commit(run));
    } else {
      if ('subject' in body) event.party = principalOf(body, services);
      if ('client' in body) event.party = principalOf({ subject: body.client }, services);
      checkKnown(body, services);
      const { named, what, revoked } = nameOf(body, services);
      recordRevocation(event, { revoked, what, after: call.body });
      await services.revocations.revokeMany(named, commit);
    }
    return {};
  },
});

/** Records the id that was found, never the text of a token. */
function recordRevocation(
  event: AuditEvent,
  { revoked, what, after }: { readonly revoked: string | undefined; readonly what: string; readonly after: object },
): void {
  event.outcome = 'revoked';
  if (revoked !== undefined) event.revoked = revoked;
  event.change = { what, after };
}

const namesIssuerAlone = (body: Body): boolean => 'issuer' in body && !('id' in body) && !('subject' in body);

/** Our own issuer need not be named: a party and a token have one name here. */
export function withoutOurIssuer<B extends object>(body: B, { issuer }: Pick<HttpServices, 'issuer'>): B {
  const { issuer: named, ...rest } = body as B & { readonly issuer?: string };
  return named === issuer ? (rest as B) : body;
}

/** @throws Refusal admin_item_unknown */
async function findId(
  { id: text, issuer, unknown }: { id: string; issuer?: string | undefined; unknown?: true | undefined },
  services: HttpServices,
) {
  if (issuer !== undefined && isName(text) && !looksLikeToken(text)) {
    if (!unknown) checkIssuer(issuer, services, ALL_THE_SAME);
    return foreignTokenId(issuer, text);
  }
  const id = text.trim().replace(/^(?:Bearer|DPoP) +/i, '');
  // A token with something around it is not found, and must not be recorded as a name.
  if (!looksLikeToken(id) && redactTokens(id) !== id) throw new Refusal('admin_item_unknown', { detail: UNKNOWN });
  const found = looksLikeToken(id)
    ? await identifyToken(id, services)
    : isName(id) && ((await mayBeTokenId(id, services)) || unknown)
      ? id
      : undefined;
  if (found === undefined) throw new Refusal('admin_item_unknown', { detail: UNKNOWN });
  return found;
}

/** A mistyped name revokes nothing, and must not look like a success. @throws Refusal admin_item_unknown */
function checkKnown(body: Exclude<Body, { id: string }>, services: HttpServices): void {
  if (!('subject' in body) && 'issuer' in body && body.issuer === services.issuer)
    throw new Refusal('admin_item_unknown', {
      detail: `${body.issuer} is this server itself. To revoke all of its tokens, give all (--all)`,
    });
  if ('all' in body || body.unknown === true) return;
  if ('client' in body) {
    if (!idsOf(services).includes(body.client) && !services.clients.isDescribed(body.client))
      throw unknownClient(body.client, services, ALL_THE_SAME);
    return;
  }
  checkIssuer(body.issuer, services, ALL_THE_SAME);
}

/** @param next what to do if the issuer is meant all the same @throws Refusal admin_item_unknown */
export function checkIssuer(issuer: string | undefined, services: HttpServices, next: string): void {
  const known = issuersOf(services);
  if (issuer === undefined || known.includes(issuer)) return;
  throw new Refusal('admin_item_unknown', {
    detail: `there is no issuer ${redactTokens(issuer)}.${meant(issuer, known, services)}${next}`,
  });
}

const ALL_THE_SAME = ' To revoke the tokens of a name that is no longer known, add unknown (--unknown)';

function nameOf(
  body: Exclude<Body, { id: string }>,
  services: HttpServices,
): {
  readonly named: readonly [BulkRevocation, ...BulkRevocation[]];
  readonly what: string;
  /** Not the name of a subject: a person can be erased from the other fields only. */
  readonly revoked: string | undefined;
} {
  if ('all' in body) return { named: [body], what: 'revoke all', revoked: 'all' };
  if ('client' in body) return { named: [{ client: body.client }], what: 'revoke by client', revoked: body.client };
  if (!('subject' in body)) return { named: [{ issuer: body.issuer }], what: 'revoke by issuer', revoked: body.issuer };
  return { named: namesOfSubject(body, services), what: 'revoke by subject', revoked: undefined };
}

/** The name of a subject in audit rows. */
export const principalOf = (
  { subject, issuer }: { readonly subject: string; readonly issuer?: string | undefined },
  services: Pick<HttpServices, 'issuer'>,
): Principal => ({ iss: issuer ?? services.issuer, sub: subject });

/** The names that tokens have for a subject: here, and at its issuer. */
export function namesOfSubject(
  { subject, issuer }: { readonly subject: string; readonly issuer?: string | undefined },
  services: HttpServices,
): readonly [PartyName, ...PartyName[]] {
  if (issuer === undefined) return [{ subject }, ...principalsOf(subject, services).map((one) => ({ principal: one }))];
  const principal = { iss: issuer, sub: subject };
  // Entries with the same people share a name: the person has a principal at each of them.
  const name = services.issuers.byPrincipal(issuer)?.name;
  const others = services.issuers.all().filter((one) => one.issuer !== issuer && one.name === name);
  return [
    { principal },
    ...subjectsOf(principal, services).map((one) => ({ subject: one })),
    ...others.map((one) => ({ principal: { iss: one.issuer, sub: subject } })),
  ];
}

/**
 * Commits a change of a client, and revokes every token that was issued to its id, about it, or with it as actor. A deletion needs
 * this, and so does a registration: the file or an earlier version may have had a client with the same id.
 */
export const commitAndRevoke = (
  id: string,
  event: Call<never, never, never>['event'],
  { admin, revocations }: HttpServices,
  write: (database: Database) => Promise<void>,
): Promise<void> =>
  revocations.revokeMany([{ client: id }, { subject: id }], (revoke) =>
    admin.commit(event, async (database) => {
      await write(database);
      await revoke(database);
    }),
  );
