// Does a token of ours still have a good origin? Its subject, and who acts in it, came from other issuers, which the file may
// have lost since the token was issued.
import type { Chain, Principal } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { SubjectNames } from '../trust/subject-names.ts';

interface Spoken {
  /** The name of the subject in our tokens. */
  readonly sub: string;
  readonly origin?: Principal | undefined;
  readonly chain: Chain;
}

/**
 * An issuer that is trusted no more speaks through no token that was issued by its word, and a name that somebody else has
 * now is nobody's of before.
 * @param issuer our own @throws TokenRefusal unknown_issuer, name_taken
 */
export function refuseLostOrigin(
  { sub, origin, chain: [actor] }: Spoken,
  { issuer, names }: { readonly issuer: string; readonly names: SubjectNames },
): void {
  if (actor !== undefined && actor.iss !== issuer) trustedNames(actor, names);
  if (origin === undefined) return;
  const owners = trustedNames(origin, names).map((name) => names.otherOwner(sub, { name, principal: origin }));
  const [owner] = owners;
  if (owner !== undefined && !owners.includes(undefined))
    throw new TokenRefusal('name_taken', `${owner} has the name of its subject now`);
}

function trustedNames({ iss }: Principal, names: SubjectNames): readonly string[] {
  const found = names.namesOf(iss);
  if (found.length === 0) throw new TokenRefusal('unknown_issuer', 'it goes back to an issuer that is trusted no more');
  return found;
}
