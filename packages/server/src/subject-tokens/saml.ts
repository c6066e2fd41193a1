// Validates saml1 and saml2: assertions of trusted identity providers (RFC 8693 section 3, RFC 7522 section 3). saml/ verifies
// them; this file converts them to our form. The XML parser is loaded with the first assertion.
import { formatMemberPath } from '../expression/reads.ts';
import { LEEWAY_SECONDS } from '../primitives/clock.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { readAssertion } from '../saml/assertion.ts';
import type { SamlIdentity } from '../saml/identity.ts';
import { mapFacts } from '../trust/issuer.ts';
import type { SamlIssuerEntry } from '../trust/saml-issuer.ts';
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
        leeway: LEEWAY_SECONDS,
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
  const { nameId, nameIdFormat, attributes, audiences, addressedTo, issuedAt, authnInstant, authnContext } = identity;
  if (!issuer.accepts.has(type))
    throw new TokenRefusal('not_accepted', `${issuer.entityId} accepts ${[...issuer.accepts].join(', ')}`);
  if (issuer.maxAge !== undefined && context.now - issuedAt > issuer.maxAge + LEEWAY_SECONDS)
    throw new TokenRefusal('too_old', describeAge(issuedAt, issuer.maxAge, context.now));
  refuseAmbiguous(identity, issuer);
  const facts: JsonObject = { nameId, ...(nameIdFormat !== undefined && { nameIdFormat }), attributes };
  const { subject, extraClaims } = mapFacts(issuer, facts);
  const principal = { iss: issuer.entityId, sub: nameId };
  const id = foreignTokenId(issuer.entityId, identity.id);
  const expiresAt = Math.min(identity.notOnOrAfter, identity.sessionNotOnOrAfter ?? identity.notOnOrAfter);
  const single = issuer.use === 'single' || identity.oneTimeUse;
  return asValidated({
    principal,
    sub: nameSubject(
      issuer.subject === undefined ? `${issuer.name}:${nameId}` : subject,
      { name: issuer.name, principal },
      context,
    ),
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
    expiresAt,
    // Holder-of-key assertions are refused; only bearer confirmations are accepted.
    confirmation: undefined,
    mayAct: undefined,
    authentication: authenticationClaims({ acr: authnContext, auth_time: authnInstant }),
    extraClaims,
    ...(single && { singleUse: { id, expiresAt: identity.usableUntil + LEEWAY_SECONDS } }),
  });
}

/** Refuses two attributes of one name if a mapping reads them: it is not defined which one counts (SA-39). */
function refuseAmbiguous({ repeatedAttributes }: SamlIdentity, { reads }: SamlIssuerEntry): void {
  const read = repeatedAttributes.some(
    (name) => reads.includes('attributes') || reads.includes(formatMemberPath(['attributes', name])),
  );
  if (read) throw new TokenRefusal('claims', 'an attribute that a mapping reads appears twice');
}
