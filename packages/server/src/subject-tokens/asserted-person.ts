// Resolves the person whom a grant of another server names: a person of that server, or an account of ours.
import type { TokenFacts } from '../model/token-facts.ts';
import {
  accountEntry,
  actingPrincipal,
  digestOf,
  isName,
  type Principal,
  voucherEntry,
} from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { IdJagEntry } from '../trust/issuer.ts';
import { mapAssertion } from './saml.ts';
import type { ValidationContext } from './validated-token.ts';

type Context = Pick<ValidationContext, 'issuer' | 'names' | 'saml'>;

/**
 * The person by the claim that the entry names. No person is created. Other claims about the person must agree.
 * @throws TokenRefusal subject
 */
export function resolvePerson(facts: TokenFacts, { person, emails }: IdJagEntry, context: Context): TokenFacts {
  checkSubjectId(facts, context);
  if (person === 'sub') return facts;
  const { names } = context;
  const { aud_sub: audSub, email, email_verified: verified } = facts.claims;
  const byEmail =
    isName(email) && (emails === 'verified' || verified === true) ? names.accountOfEmail(email) : undefined;
  const bySub = isName(audSub) && names.isAccount(audSub) ? audSub : undefined;
  const account = person === 'email' ? byEmail : bySub;
  if (account === undefined) {
    const isUnproven = person === 'email' && emails === 'stated' && verified !== true;
    const why = isUnproven ? 'email_verified is not true' : `its ${person} does not name an account of this server`;
    throw new TokenRefusal('subject', why);
  }
  if (audSub !== undefined && audSub !== account)
    throw new TokenRefusal('subject', 'its email and its aud_sub name different people');
  return ofAccount(facts, { iss: context.issuer, sub: account });
}

/**
 * The token is about an account of ours, and its issuer vouches for that: it ends with the trust in the issuer, and with a revocation
 * of the person there.
 */
const ofAccount = (facts: TokenFacts, account: Principal): TokenFacts => ({
  ...facts,
  account,
  sub: account.sub,
  origin: undefined,
  actorLineage: [
    ...facts.actorLineage,
    voucherEntry(facts.principal.iss),
    accountEntry(facts.principal.iss),
    actingPrincipal(digestOf(facts.principal)),
  ],
});

/**
 * `sub_id` (RFC 9493) must mean the same person as `sub`. A form in which that cannot be told is refused.
 * @throws TokenRefusal subject
 */
export function checkSubjectId(facts: TokenFacts, context: Context): void {
  const { sub_id: subId, email } = facts.claims;
  if (subId === undefined) return;
  const { principal } = facts;
  const member = typeof subId === 'object' && subId !== null ? (subId as JsonObject) : {};
  const agrees =
    (member.format === 'iss_sub' && member.iss === principal.iss && member.sub === principal.sub) ||
    (member.format === 'email' && email !== undefined && member.email === email) ||
    (member.format === 'saml-nameid' && nameOfNameId(member, context) === facts.sub);
  if (!agrees) throw new TokenRefusal('subject', 'its sub_id does not name the same person as its sub');
}

/** The name that an assertion of the SAML issuer would give the person. @throws TokenRefusal subject, name_taken */
function nameOfNameId({ issuer, nameid }: JsonObject, { names, saml }: Context): string | undefined {
  const entry = isName(issuer) ? saml.get(issuer) : undefined;
  if (entry === undefined || !isName(nameid)) return undefined;
  const named = { kind: 'lasting', nameId: nameid, nameIdFormat: undefined } as const;
  return mapAssertion(named, { attributes: {}, nameId: nameid }, entry, { names }).sub;
}
