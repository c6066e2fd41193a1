// Are all whom a token of ours speaks of still there, and trusted? The client that has it, its subject, everybody who acts or
// acted in it, and the issuers by whose word they came. Each may have left the file since the token was issued.
import type { Clients } from '../model/client.ts';
import type { Party } from '../model/party.ts';
import { type Chain, isVoucherEntry, type Principal } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { SubjectNames } from '../trust/subject-names.ts';

export interface Parties {
  /** The client that the token was issued to. */
  readonly clientId: string;
  /** The name of the subject in our tokens. */
  readonly sub: string;
  readonly origin?: Principal | undefined;
  readonly chain: Chain;
  readonly actorLineage: readonly string[];
}

export interface PartyContext {
  /** Our own. */
  readonly issuer: string;
  readonly clients: Clients;
  readonly names: SubjectNames;
}

/**
 * A client that is disabled, or gone, has no tokens: none that were issued to it, are about it, or in which it acts. An issuer that
 * is trusted no more speaks through no token, and a name that somebody else has now is nobody's of before.
 * @throws TokenRefusal client_disabled, party_gone, unknown_issuer, name_taken
 */
export function refuseLostParties(token: Parties, context: PartyContext): void {
  const { clientId, sub, origin, chain, actorLineage } = token;
  const { issuer, clients, names } = context;
  if (!clients.has(clientId)) throw new TokenRefusal('client_disabled', 'the client that it was issued to is unknown');
  const actor = chain[0]?.iss === issuer ? chain[0].sub : undefined;
  const disabled = [clientId, sub, actor].find((id) => id !== undefined && clients.get(id)?.disabled);
  if (disabled !== undefined) throw new TokenRefusal('client_disabled', `${disabled} is disabled`);
  refuseLostOne(sub, origin, names);
  refuseLostChain(chain, context);
  if (!actorLineage.filter(isVoucherEntry).every(names.isTrustedVoucher)) throw lostIssuer();
}

/** The same of who took part in an exchange, and of whoever acted for them. @throws as above */
export function refuseLostParty({ principal, origin, chain }: Party, context: Omit<PartyContext, 'clients'>): void {
  refuseLostChain([{ ...principal, origin }, ...chain], context);
}

function refuseLostChain(
  chain: readonly (Principal & { readonly origin?: Principal | undefined })[],
  { issuer, names }: Omit<PartyContext, 'clients'>,
): void {
  for (const { iss, sub, origin } of chain) {
    if (iss === issuer) refuseLostOne(sub, origin, names);
    else trustedNames(iss, names);
  }
}

/** Who came from no other issuer is a client or an account: nobody else's name stands in our tokens without its origin. */
function refuseLostOne(sub: string, origin: Principal | undefined, names: SubjectNames): void {
  if (origin === undefined) {
    if (names.ownerHere(sub) === undefined)
      throw new TokenRefusal('party_gone', 'it names somebody who is no client and no account any more');
    return;
  }
  const owners = trustedNames(origin.iss, names).map((name) => names.otherOwner(sub, { name, principal: origin }));
  const [owner] = owners;
  if (owner !== undefined && !owners.includes(undefined))
    throw new TokenRefusal('name_taken', `${owner} has the name of its subject now, or of somebody who acts in it`);
}

function trustedNames(iss: string, names: SubjectNames): readonly string[] {
  const found = names.namesOf(iss);
  if (found.length === 0) throw lostIssuer();
  return found;
}

const lostIssuer = (): TokenRefusal =>
  new TokenRefusal('unknown_issuer', 'it goes back to an issuer that is trusted no more');
