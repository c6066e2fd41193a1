// What does a SAML 2.0 assertion say, and does it hold here and now? (SAML 2.0 core section 2, RFC 7522 section 3)
import { TokenRefusal } from '../primitives/refusal.ts';
import { namedReaders, type Reader, readAudiences, readersOf } from './addressing.ts';
import { attributeNaming, readAttributes } from './attributes.ts';
import {
  attribute,
  childrenOf,
  elementsOf,
  is,
  onlyChild,
  optionalChild,
  refuseOtherChildren,
  requiredAttribute,
  shown,
  textOf,
  type XmlElement,
} from './element.ts';
import type { ProxyRestriction, SamlIdentity } from './identity.ts';
import { SAML2 } from './names.ts';
import type { AssertionProfile, DecryptPart } from './profile.ts';
import { confirmedUntil } from './subject-confirmation.ts';
import { readSubjectName } from './subject-name.ts';
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
/** SAML 2.0 core section 2.3.3. What stands in Advice and AuthzDecisionStatement is never read. */
const PARTS = [
  'Issuer',
  'Subject',
  'Conditions',
  'Advice',
  'AuthnStatement',
  'AttributeStatement',
  'AuthzDecisionStatement',
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
      throw new TokenRefusal('malformed', `its Issuer is no entity but ${shown(format)}`);
    return textOf(issuer);
  },
  judge: (assertion, trust, context, decrypt) => {
    refuseOtherChildren(assertion, SAML2, PARTS);
    onlyChild(assertion, SAML2, 'Issuer');
    const issuedAt = instant(assertion, 'IssueInstant');
    requirePast(issuedAt, 'IssueInstant', context);
    const conditions = readConditions(onlyChild(assertion, SAML2, 'Conditions'), readersOf(trust, context), context);
    const subject = onlyChild(assertion, SAML2, 'Subject');
    const confirmation = confirmedUntil(subject, conditions.readers, context);
    return {
      issuer: trust.entityId,
      id: requiredAttribute(assertion, 'ID'),
      issuedAt,
      ...readNameId(subject, trust.entityId, confirmation.reader, decrypt),
      ...readAttributes(readAttributeElements(assertion, decrypt), attributeNaming.saml2, trust.attributeFormats),
      audiences: conditions.audiences,
      addressedTo: confirmation.reader.addressedTo,
      notOnOrAfter: Math.min(conditions.notOnOrAfter, confirmation.notOnOrAfter),
      usableUntil: Math.min(conditions.notOnOrAfter, confirmation.latest),
      ...readAuthentication(assertion, context),
      oneTimeUse: conditions.oneTimeUse,
      proxyRestriction: conditions.proxyRestriction,
    };
  },
} as const satisfies AssertionProfile;

/** SAML 2.0 core section 2.5. */
function readConditions(conditions: XmlElement, readers: readonly Reader[], clock: AssertionClock) {
  const notOnOrAfter = requireWindow(conditions, clock);
  refuseUnknownConditions(conditions, ['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction']);
  const restrictions = childrenOf(conditions, SAML2, 'AudienceRestriction').map(readAudiences);
  const proxy = optionalChild(conditions, SAML2, 'ProxyRestriction');
  return {
    notOnOrAfter,
    readers: namedReaders(restrictions, readers),
    audiences: [...new Set(restrictions.flat())],
    oneTimeUse: optionalChild(conditions, SAML2, 'OneTimeUse') !== undefined,
    proxyRestriction: proxy && readProxyRestriction(proxy),
  };
}

function readProxyRestriction(restriction: XmlElement): ProxyRestriction {
  const count = attribute(restriction, 'Count');
  if (count !== undefined && !/^\d{1,9}$/.test(count))
    throw new TokenRefusal('malformed', 'Count of ProxyRestriction is no number');
  return { count: count === undefined ? undefined : Number(count), audiences: readAudiences(restriction) };
}

/** SAML 2.0 core section 2.4.1. */
function readNameId(subject: XmlElement, issuer: string, reader: Reader, decrypt: DecryptPart) {
  refuseOtherChildren(subject, SAML2, ['NameID', 'EncryptedID', 'SubjectConfirmation']);
  const encrypted = optionalChild(subject, SAML2, 'EncryptedID');
  const plain = optionalChild(subject, SAML2, 'NameID');
  if (encrypted && plain) throw new TokenRefusal('malformed', 'Subject has both a NameID and an EncryptedID');
  const element = encrypted ? decrypt(encrypted) : plain;
  if (element === undefined || !is(element, SAML2, 'NameID'))
    throw new TokenRefusal('subject', 'Subject has no NameID');
  const spQualifier = attribute(element, 'SPNameQualifier');
  if (spQualifier !== undefined && !reader.names.includes(spQualifier))
    throw new TokenRefusal('subject', `NameID was made for another service provider: ${shown(spQualifier)}`);
  return readSubjectName(element, issuer);
}

function readAttributeElements(assertion: XmlElement, decrypt: DecryptPart): XmlElement[] {
  return childrenOf(assertion, SAML2, 'AttributeStatement').flatMap((statement) => {
    refuseOtherChildren(statement, SAML2, ['Attribute', 'EncryptedAttribute']);
    const all = elementsOf(statement).map((one) => (is(one, SAML2, 'EncryptedAttribute') ? decrypt(one) : one));
    if (all.every((one) => is(one, SAML2, 'Attribute'))) return all;
    throw new TokenRefusal('malformed', 'EncryptedAttribute holds something else than an Attribute');
  });
}

/** SAML 2.0 core section 2.7.2. Of two statements nobody could say which one counts. */
function readAuthentication(
  assertion: XmlElement,
  clock: AssertionClock,
): Pick<SamlIdentity, 'authnInstant' | 'authnContext' | 'sessionNotOnOrAfter'> {
  const statement = optionalChild(assertion, SAML2, 'AuthnStatement');
  if (statement === undefined)
    return { authnInstant: undefined, authnContext: undefined, sessionNotOnOrAfter: undefined };
  const authnInstant = instant(statement, 'AuthnInstant');
  requirePast(authnInstant, 'AuthnInstant', clock);
  const sessionNotOnOrAfter = optionalInstant(statement, 'SessionNotOnOrAfter');
  if (sessionNotOnOrAfter !== undefined) requireFuture(sessionNotOnOrAfter, 'SessionNotOnOrAfter', clock);
  const context = optionalChild(statement, SAML2, 'AuthnContext');
  const reference = context && optionalChild(context, SAML2, 'AuthnContextClassRef');
  return { authnInstant, authnContext: reference && textOf(reference), sessionNotOnOrAfter };
}
