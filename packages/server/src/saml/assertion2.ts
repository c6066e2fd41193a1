// Checks a verified SAML 2.0 assertion (SAML 2.0 core section 2, RFC 7522 section 3).
import { TokenRefusal } from '../primitives/refusal.ts';
import { type AcceptedAudience, acceptedAudiences, matchAudiences, readAudiences } from './addressing.ts';
import { attributeNaming, readAttributes } from './attributes.ts';
import { type Authentication, joinAuthentications } from './authentication.ts';
import {
  attribute,
  childrenOf,
  elementsOf,
  excerpt,
  is,
  onlyChild,
  optionalChild,
  refuseOtherChildren,
  requiredAttribute,
  textOf,
  type XmlElement,
} from './element.ts';
import type { ProxyRestriction } from './identity.ts';
import { SAML2 } from './names.ts';
import type { AssertionProfile, DecryptPart } from './profile.ts';
import { confirmSubject } from './subject-confirmation.ts';
import { missingName, readSubjectName, type SubjectName } from './subject-name.ts';
import {
  type AssertionClock,
  instant,
  optionalInstant,
  refuseUnknownConditions,
  requireFuture,
  requirePast,
  requireWindow,
} from './validity.ts';

const FORMAT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:';
/** SAML 2.0 core section 2.3.3. AuthzDecisionStatement and Statement, which is for extensions, are not read. */
const PARTS = [
  'Issuer',
  'Subject',
  'Conditions',
  'AuthnStatement',
  'AttributeStatement',
  'AuthzDecisionStatement',
  'Statement',
];

export const saml2Assertion = {
  namespace: SAML2,
  attributes: ['ID', 'Version', 'IssueInstant'],
  signaturePlace: 'second',
  hasVersion: (root) => attribute(root, 'Version') === '2.0',
  issuer: ({ children: [issuer] }) => {
    if (issuer === undefined || !is(issuer, SAML2, 'Issuer'))
      throw new TokenRefusal('malformed', 'it does not begin with its Issuer');
    const format = attribute(issuer, 'Format');
    if (format !== undefined && format !== `${FORMAT}entity`)
      throw new TokenRefusal('malformed', `its Issuer has the Format ${excerpt(format)}, not entity`);
    return textOf(issuer);
  },
  judge: (assertion, trust, context, decrypt) => {
    refuseOtherChildren(assertion, SAML2, PARTS);
    onlyChild(assertion, SAML2, 'Issuer');
    const issuedAt = instant(assertion, 'IssueInstant');
    requirePast(issuedAt, 'IssueInstant', context);
    const conditions = readConditions(
      onlyChild(assertion, SAML2, 'Conditions'),
      acceptedAudiences(trust, context),
      context,
    );
    const subject = onlyChild(assertion, SAML2, 'Subject');
    const confirmation = confirmSubject(subject, conditions.accepted, context);
    return {
      issuer: trust.entityId,
      id: requiredAttribute(assertion, 'ID'),
      issuedAt,
      name: readNameId(subject, trust.entityId, confirmation.accepted, decrypt),
      ...readAttributes(readAttributeElements(assertion, decrypt), attributeNaming.saml2, trust.attributeFormats),
      audiences: conditions.audiences,
      addressedTo: confirmation.accepted.addressedTo,
      notOnOrAfter: Math.min(conditions.notOnOrAfter, confirmation.notOnOrAfter),
      usableUntil: Math.min(conditions.notOnOrAfter, confirmation.latest),
      ...readAuthentication(assertion, context),
      oneTimeUse: conditions.oneTimeUse,
      proxyRestriction: conditions.proxyRestriction,
    };
  },
} as const satisfies AssertionProfile;

/** SAML 2.0 core section 2.5. */
function readConditions(conditions: XmlElement, accepted: readonly AcceptedAudience[], clock: AssertionClock) {
  const notOnOrAfter = requireWindow(conditions, clock);
  refuseUnknownConditions(conditions, ['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction']);
  const restrictions = childrenOf(conditions, SAML2, 'AudienceRestriction').map(readAudiences);
  const proxy = optionalChild(conditions, SAML2, 'ProxyRestriction');
  return {
    notOnOrAfter,
    accepted: matchAudiences(restrictions, accepted),
    audiences: [...new Set(restrictions.flat())],
    oneTimeUse: optionalChild(conditions, SAML2, 'OneTimeUse') !== undefined,
    proxyRestriction: proxy && readProxyRestriction(proxy),
  };
}

function readProxyRestriction(restriction: XmlElement): ProxyRestriction {
  const count = attribute(restriction, 'Count');
  if (count !== undefined && !/^\d{1,9}$/.test(count))
    throw new TokenRefusal('malformed', 'Count of ProxyRestriction is not a number');
  return { count: count === undefined ? undefined : Number(count), audiences: readAudiences(restriction) };
}

/** SAML 2.0 core section 2.4.1. */
function readNameId(
  subject: XmlElement,
  issuer: string,
  accepted: AcceptedAudience,
  decrypt: DecryptPart,
): SubjectName {
  refuseOtherChildren(subject, SAML2, ['NameID', 'EncryptedID', 'SubjectConfirmation']);
  const encrypted = optionalChild(subject, SAML2, 'EncryptedID');
  const plain = optionalChild(subject, SAML2, 'NameID');
  if (encrypted && plain) throw new TokenRefusal('malformed', 'Subject has both a NameID and an EncryptedID');
  const element = encrypted ? decrypt(encrypted) : plain;
  if (element === undefined) return missingName('Subject has no NameID');
  if (!is(element, SAML2, 'NameID')) throw new TokenRefusal('subject', 'EncryptedID has no NameID');
  return readSubjectName(element, issuer, accepted.names);
}

function readAttributeElements(assertion: XmlElement, decrypt: DecryptPart): XmlElement[] {
  return childrenOf(assertion, SAML2, 'AttributeStatement').flatMap((statement) => {
    refuseOtherChildren(statement, SAML2, ['Attribute', 'EncryptedAttribute']);
    const all = elementsOf(statement).map((one) => (is(one, SAML2, 'EncryptedAttribute') ? decrypt(one) : one));
    if (all.every((one) => is(one, SAML2, 'Attribute'))) return all;
    throw new TokenRefusal('malformed', 'EncryptedAttribute does not hold an Attribute');
  });
}

/** SAML 2.0 core section 2.7.2. */
const readAuthentication = (assertion: XmlElement, clock: AssertionClock): Authentication =>
  joinAuthentications(
    childrenOf(assertion, SAML2, 'AuthnStatement').map((statement) => {
      const authnInstant = instant(statement, 'AuthnInstant');
      requirePast(authnInstant, 'AuthnInstant', clock);
      const sessionNotOnOrAfter = optionalInstant(statement, 'SessionNotOnOrAfter');
      if (sessionNotOnOrAfter !== undefined) requireFuture(sessionNotOnOrAfter, 'SessionNotOnOrAfter', clock);
      const context = optionalChild(statement, SAML2, 'AuthnContext');
      const reference = context && optionalChild(context, SAML2, 'AuthnContextClassRef');
      return { authnInstant, authnContext: reference && textOf(reference), sessionNotOnOrAfter };
    }),
  );
