// saml1 and saml2: assertions of trusted identity providers (RFC 8693 section 3, RFC 7522 section 3). What proves them is in
// saml/; here their words become ours. The XML parser is loaded with the first assertion.
import { isName } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { readAssertion } from '../saml/assertion.ts';
import type { SamlIdentity } from '../saml/identity.ts';
import type { SamlIssuerEntry } from '../trust/saml-issuer.ts';
import { foreignTokenId, LEEWAY, subjectName } from './foreign.ts';
import { asValidated, type SubjectTokenType, type ValidatedToken, type ValidationContext } from './validated-token.ts';

const samlType = (version: 'saml1' | 'saml2') =>
  ({
    name: version,
    validate: async (token, context) => {
      const { client, now, saml, tokenEndpoint } = context;
      const identity = await readAssertion(token, {
        version,
        findIssuer: (entityId) => saml.get(entityId),
        decryptionKeys: [...saml.values()].flatMap(({ decryptionKey }) => decryptionKey ?? []),
        recipient: tokenEndpoint,
        addressee: client.saml,
        now,
        leeway: LEEWAY,
      });
      const issuer = saml.get(identity.issuer);
      if (issuer === undefined) throw new TokenRefusal('unknown_issuer');
      return toToken(identity, issuer, version, context);
    },
  }) as const satisfies SubjectTokenType;

export const saml1 = samlType('saml1');
export const saml2 = samlType('saml2');

function toToken(
  identity: SamlIdentity,
  issuer: SamlIssuerEntry,
  type: string,
  context: ValidationContext,
): ValidatedToken {
  const { nameId, nameIdFormat, attributes, audiences, addressedTo, issuedAt, authnInstant, authnContext } = identity;
  if (!issuer.accepts.has(type))
    throw new TokenRefusal('not_accepted', `${issuer.entityId} accepts ${[...issuer.accepts].join(', ')}`);
  if (issuer.maxAge !== undefined && context.now - issuedAt > issuer.maxAge + LEEWAY) throw new TokenRefusal('too_old');
  refuseAmbiguous(identity, issuer);
  if (!isName(nameId)) throw new TokenRefusal('subject', 'the NameID is no printable text');
  const facts: JsonObject = { nameId, ...(nameIdFormat !== undefined && { nameIdFormat }), attributes };
  const principal = { iss: issuer.entityId, sub: nameId };
  const id = foreignTokenId(issuer.entityId, identity.id);
  const expiresAt = Math.floor(Math.min(identity.notOnOrAfter, identity.sessionNotOnOrAfter ?? identity.notOnOrAfter));
  const single = issuer.use === 'single' || identity.oneTimeUse;
  return asValidated({
    principal,
    sub: subjectName(
      issuer.subject === undefined ? `${issuer.name}:${nameId}` : issuer.subject(facts),
      issuer.name,
      context,
    ),
    origin: principal,
    type,
    clientId: undefined,
    // Made for the client as a service provider: addressed to it by another name.
    audiences: addressedTo === 'client' ? [...audiences, context.client.id] : audiences,
    chain: [],
    claims: facts,
    id,
    lineage: [],
    actorLineage: [],
    scope: undefined,
    expiresAt,
    mayAct: undefined,
    authentication: {
      ...(authnContext !== undefined && { acr: authnContext }),
      ...(authnInstant !== undefined && { auth_time: Math.floor(authnInstant) }),
    },
    extraClaims: Object.fromEntries(
      issuer.claims.map(([name, mapping]) => [name, mapping(facts)]).filter(([, value]) => value !== undefined),
    ),
    ...(single && { singleUse: { id, expiresAt: expiresAt + LEEWAY } }),
  });
}

/** Two attributes of one name: where a mapping reads them, nobody can say which one counts. */
function refuseAmbiguous({ repeatedAttributes }: SamlIdentity, { reads }: SamlIssuerEntry): void {
  const read = (name: string): boolean =>
    reads.some(
      (path) =>
        path === 'attributes' || path === `attributes.${name}` || path === `attributes[${JSON.stringify(name)}]`,
    );
  if (repeatedAttributes.some(read)) throw new TokenRefusal('claims', 'an attribute that a mapping reads stands twice');
}
