// Checks that all parties of a token of ours still exist and are trusted: its client, its subject, its actors, and the issuers
// that vouched for them. Each may have been removed from the configuration since the token was issued.
import type { Clients } from '../model/client.ts';
import type { Party } from '../model/party.ts';
import { type Chain, isVoucherEntry, type Principal } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { SubjectNames } from '../trust/subject-names.ts';

export interface Parties {
  /** The client that the token was issued to. */
  readonly clientId: string;
  /** The subject's name in our tokens. */
  readonly sub: string;
  readonly origin?: Principal | undefined;
  readonly chain: Chain;
  readonly actorLineage: readonly string[];
}

export interface PartyContext {
  /** This server's issuer. */
  readonly issuer: string;
  readonly clients: Clients;
  readonly names: SubjectNames;
}

/**
 * A token is refused if its client, subject or current actor is a disabled or removed client, if an issuer that vouched for a
 * party is not trusted any more, or if a name now belongs to another party.
 * @throws TokenRefusal client_disabled, party_gone, unknown_issuer, name_taken
 */
export function refuseInvalidParties(token: Parties, context: PartyContext): void {
  const { clientId, sub, origin, chain, actorLineage } = token;
  const { issuer, clients, names } = context;
  if (!clients.has(clientId)) throw new TokenRefusal('client_disabled', 'the client that it was issued to is unknown');
  const actor = chain[0]?.iss === issuer ? chain[0].sub : undefined;
  const disabled = [clientId, sub, actor].find((id) => id !== undefined && clients.get(id)?.disabled);
  if (disabled !== undefined) throw new TokenRefusal('client_disabled', `${disabled} is disabled`);
  refuseInvalidName(sub, origin, names);
  refuseInvalidChain(chain, context);
  if (!actorLineage.filter(isVoucherEntry).every(names.isTrustedVoucher))
    throw untrustedIssuer(', or whose entry does not have the kind of grant any more');
}

/** Checks a remembered party of an exchange, and the actors in its token. @throws like `refuseInvalidParties` */
export function refuseInvalidParty({ principal, origin, chain }: Party, context: Omit<PartyContext, 'clients'>): void {
  refuseInvalidChain([{ ...principal, origin }, ...chain], context);
}

function refuseInvalidChain(
  chain: readonly (Principal & { readonly origin?: Principal | undefined })[],
  { issuer, names }: Omit<PartyContext, 'clients'>,
): void {
  for (const { iss, sub, origin } of chain) {
    if (iss === issuer) refuseInvalidName(sub, origin, names);
    else trustedNames(iss, names);
  }
}

/** A party without an origin is a client or an account: a foreign subject always has one. */
function refuseInvalidName(sub: string, origin: Principal | undefined, names: SubjectNames): void {
  if (origin === undefined) {
    if (names.ownerHere(sub) === undefined)
      throw new TokenRefusal('party_gone', 'it names a client or an account that does not exist any more');
    return;
  }
  const owners = trustedNames(origin.iss, names).map((name) => names.otherOwner(sub, { name, principal: origin }));
  const [owner] = owners;
  if (owner !== undefined && !owners.includes(undefined))
    throw new TokenRefusal('name_taken', `the name of its subject or of one of its actors now belongs to ${owner}`);
}

function trustedNames(iss: string, names: SubjectNames): readonly string[] {
  const found = names.namesOf(iss);
  if (found.length === 0) throw untrustedIssuer();
  return found;
}

const untrustedIssuer = (also = ''): TokenRefusal =>
  new TokenRefusal('unknown_issuer', `it derives from an issuer that is not trusted any more${also}`);
