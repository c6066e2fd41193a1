// Validates saml1 and saml2: assertions of trusted identity providers (RFC 8693 section 3, RFC 7522 section 3). saml/ verifies
// them; this file converts them to our form. The XML parser is loaded with the first assertion.
import { describeUnreadable, UNREADABLE, type Unreadable } from '../expression/elsewhere.ts';
import { formatMemberPath } from '../expression/reads.ts';
import { MAX_LEEWAY_SECONDS } from '../primitives/clock.ts';
import type { Principal } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { readAssertion } from '../saml/assertion.ts';
import { excerpt } from '../saml/element.ts';
import type { SamlIdentity } from '../saml/identity.ts';
import type { SubjectName } from '../saml/subject-name.ts';
import { type Mapped, mapFacts, type Unmapped } from '../trust/issuer.ts';
import { MAPPED_START, type SamlIssuerEntry } from '../trust/saml-issuer.ts';
import { authenticationClaims } from './claims.ts';
import { describeAge, foreignTokenId, nameSubject } from './foreign.ts';
import { asValidated, type SubjectTokenType, type ValidatedToken, type ValidationContext } from './validated-token.ts';

const samlType = (version: 'saml1' | 'saml2') =>
  ({
    name: version,
    validate: async (token, context) => {
      const { client, now, saml, tokenEndpoint, loadXml } = context;
      const identity = await readAssertion(token, {
        version,
        loadXml,
        findIssuer: (entityId) => trusted(saml.get(entityId), now),
        decryptionKeys: context.samlDecryptionKeys,
        recipient: tokenEndpoint,
        addressee: client.saml,
        now,
      });
      const issuer = saml.get(identity.issuer);
      if (issuer === undefined) throw new TokenRefusal('unknown_issuer');
      return toToken(identity, issuer, version, context);
    },
  }) as const satisfies SubjectTokenType;

export const saml1 = samlType('saml1');
export const saml2 = samlType('saml2');

/** Metadata is valid until its `validUntil` (SAML 2.0 metadata section 2.3.2). @throws TokenRefusal unknown_key */
function trusted(issuer: SamlIssuerEntry | undefined, now: number): SamlIssuerEntry | undefined {
  if (issuer?.validUntil === undefined || now < issuer.validUntil) return issuer;
  const end = new Date(issuer.validUntil * 1000).toISOString();
  throw new TokenRefusal('unknown_key', `the metadata of its issuer was valid until ${end}`);
}

function toToken(
  identity: SamlIdentity,
  issuer: SamlIssuerEntry,
  type: string,
  context: ValidationContext,
): ValidatedToken {
  const { audiences, addressedTo, issuedAt, authnInstant, authnContext } = identity;
  if (!issuer.accepts.has(type))
    throw new TokenRefusal('not_accepted', `${issuer.entityId} accepts ${[...issuer.accepts].join(', ')}`);
  if (issuer.maxAge !== undefined && context.now - issuedAt > issuer.maxAge + issuer.leeway)
    throw new TokenRefusal('too_old', describeAge(issuedAt, issuer.maxAge, context.now));
  refuseUnreadable(identity, issuer);
  const facts = factsOf(identity);
  const { principal, sub, extraClaims, unmapped } = mapAssertion(identity.name, facts, issuer, context);
  const id = foreignTokenId(issuer.entityId, identity.id);
  const expiresAt = Math.min(identity.notOnOrAfter, identity.sessionNotOnOrAfter ?? identity.notOnOrAfter);
  const single = issuer.reuse === 'never' || identity.oneTimeUse;
  return asValidated({
    principal,
    sub,
    origin: principal,
    type,
    clientId: undefined,
    // Addressed to the client under its service provider name.
    audiences: addressedTo === 'client' ? [...audiences, context.client.id] : audiences,
    chain: [],
    claims: facts,
    id,
    lineage: [],
    actorLineage: [],
    scope: 'unbounded',
    agreedAudiences: 'unbounded',
    issuedAt,
    leeway: issuer.leeway,
    expiresAt,
    // Holder-of-key assertions are refused; only bearer confirmations are accepted.
    confirmation: undefined,
    mayAct: undefined,
    authentication: authenticationClaims({ acr: authnContext, auth_time: authnInstant }),
    extraClaims,
    unmapped,
    ...(identity.name.kind === 'lasting' && { samlNameId: nameIdOf(identity.name, issuer.entityId) }),
    ...(single && { singleUse: { id, expiresAt: identity.usableUntil + MAX_LEEWAY_SECONDS } }),
  });
}

/** RFC 9493 `saml-nameid`, with the members that the NameID has. */
const nameIdOf = (
  { nameId, nameIdFormat, qualifiers }: SamlIdentity['name'] & { readonly kind: 'lasting' },
  issuer: string,
): JsonObject => ({
  format: 'saml-nameid',
  issuer,
  nameid: nameId,
  ...(nameIdFormat !== undefined && { nameid_format: nameIdFormat }),
  ...qualifiers,
});

/** The content of the assertion as mappings and rules read it. They cannot tell what it states in a form that cannot be read. */
function factsOf({ name, attributes, unreadableAttributes }: SamlIdentity): JsonObject {
  const unreadable = {
    ...(name.kind === 'unusable' && { nameId: 'name' satisfies Unreadable }),
    ...(Object.keys(unreadableAttributes).length > 0 && { attributes: unreadableAttributes }),
  };
  return {
    ...(name.kind === 'lasting' && { nameId: name.nameId }),
    ...(name.nameIdFormat !== undefined && { nameIdFormat: name.nameIdFormat }),
    attributes,
    ...(Object.keys(unreadable).length > 0 && { [UNREADABLE]: unreadable }),
  };
}

/**
 * The subject at its issuer, its name in our tokens, and the claims to add to them. Without a lasting NameID, the name at the issuer
 * is the mapped one, which no NameID can be: it has a beginning that NameIDs must not have.
 * @throws TokenRefusal subject, name_taken, cannot_tell
 */
export function mapAssertion(
  named: SubjectName,
  facts: JsonObject,
  issuer: SamlIssuerEntry,
  context: Pick<ValidationContext, 'names'>,
): {
  readonly principal: Principal;
  readonly sub: string;
  readonly extraClaims: JsonObject;
  readonly unmapped: Unmapped;
} {
  const { entityId: iss, name, subject, namedBy, mappedStart } = issuer;
  if (named.kind !== 'lasting' && namedBy === 'nameId') throw new TokenRefusal('subject', named.problem);
  const { subject: mapped = { value: undefined }, extraClaims, unmapped } = mapFacts(issuer, facts);
  const given: Mapped =
    subject === undefined && named.kind === 'lasting' ? { value: `${name}:${named.nameId}` } : mapped;
  const here = 'value' in given ? given.value : undefined;
  const there = named.kind === 'lasting' ? named.nameId : (mappedStart === MAPPED_START ? MAPPED_START : '') + here;
  // Else two people of the issuer could have one name there: people may choose their NameID.
  if (namedBy === 'attributes' && named.kind === 'lasting' && there !== here && there.startsWith(mappedStart))
    throw new TokenRefusal('name_taken', `its NameID begins with ${mappedStart}, as the names that subject gives`);
  const principal = { iss, sub: there };
  return { principal, sub: nameSubject(given, { name, principal }, context), extraClaims, unmapped };
}

/**
 * Refuses what a mapping reads, and the assertion states in a form without one meaning: a value of elements, an attribute in
 * several formats, or one item of a list that several elements state (SA-39).
 * @throws TokenRefusal claims
 */
function refuseUnreadable(
  { unreadableAttributes, repeatedAttributes }: SamlIdentity,
  { reads, picks }: SamlIssuerEntry,
): void {
  const isOf = (list: readonly string[], name: string): boolean =>
    list.includes('attributes') || list.includes(formatMemberPath(['attributes', name]));
  for (const [name, why] of Object.entries(unreadableAttributes))
    if (isOf(reads, name))
      throw new TokenRefusal('claims', `a mapping reads the attribute ${excerpt(name)}: ${describeUnreadable(why)}`);
  const picked = repeatedAttributes.find((name) => isOf(picks, name));
  if (picked !== undefined)
    throw new TokenRefusal(
      'claims',
      `a mapping takes one value of the attribute ${excerpt(picked)}, which the assertion states several times: it is unclear which one counts`,
    );
}
