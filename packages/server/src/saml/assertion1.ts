// Checks a verified SAML 1.1 assertion (SAML 1.1 core section 2). It has no Recipient, so only its validity, its audience and
// single use limit who can use it.
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
import { SAML1 } from './names.ts';
import type { AssertionProfile } from './profile.ts';
import { missingName, qualifierOf, readSubjectName, type SubjectName } from './subject-name.ts';
import { type AssertionClock, instant, refuseUnknownConditions, requirePast, requireWindow } from './validity.ts';

const BEARER = 'urn:oasis:names:tc:SAML:1.0:cm:bearer';
const STATEMENTS = ['AuthenticationStatement', 'AttributeStatement', 'AuthorizationDecisionStatement'];

export const saml1Assertion = {
  namespace: SAML1,
  attributes: ['AssertionID', 'MajorVersion', 'MinorVersion', 'Issuer', 'IssueInstant'],
  signaturePlace: 'last',
  hasVersion: (root) => attribute(root, 'MajorVersion') === '1' && attribute(root, 'MinorVersion') === '1',
  issuer: (root) => requiredAttribute(root, 'Issuer'),
  judge: (assertion, trust, context) => {
    refuseOtherChildren(assertion, SAML1, ['Conditions', ...STATEMENTS]);
    const issuedAt = instant(assertion, 'IssueInstant');
    requirePast(issuedAt, 'IssueInstant', context);
    const conditions = readConditions(
      onlyChild(assertion, SAML1, 'Conditions'),
      acceptedAudiences(trust, context),
      context,
    );
    const attributes = childrenOf(assertion, SAML1, 'AttributeStatement').flatMap((statement) => {
      refuseOtherChildren(statement, SAML1, ['Subject', 'Attribute']);
      return childrenOf(statement, SAML1, 'Attribute');
    });
    return {
      issuer: trust.entityId,
      id: requiredAttribute(assertion, 'AssertionID'),
      issuedAt,
      name: readSubject(assertion, trust.entityId),
      ...readAttributes(attributes, attributeNaming.saml1, trust.attributeFormats),
      ...conditions,
      usableUntil: conditions.notOnOrAfter,
      ...readAuthentication(assertion, context),
      proxyRestriction: undefined,
    };
  },
} as const satisfies AssertionProfile;

/** SAML 1.1 core section 2.3.2.1. */
function readConditions(conditions: XmlElement, accepted: readonly AcceptedAudience[], clock: AssertionClock) {
  const notOnOrAfter = requireWindow(conditions, clock);
  refuseUnknownConditions(conditions, ['AudienceRestrictionCondition', 'DoNotCacheCondition']);
  const restrictions = childrenOf(conditions, SAML1, 'AudienceRestrictionCondition').map(readAudiences);
  return {
    notOnOrAfter,
    addressedTo: matchAudiences(restrictions, accepted)[0].addressedTo,
    audiences: [...new Set(restrictions.flat())],
    oneTimeUse: childrenOf(conditions, SAML1, 'DoNotCacheCondition').length > 0,
  };
}

/** Each statement has its own subject (section 2.4.2); all of them must be the same. */
function readSubject(assertion: XmlElement, issuer: string): SubjectName {
  const subjects = elementsOf(assertion)
    .filter(({ name }) => STATEMENTS.includes(name))
    .map((statement) => onlyChild(statement, SAML1, 'Subject'));
  const [element, ...others] = subjects.map(nameIdentifierOf);
  if (subjects.length === 0) throw new TokenRefusal('subject', 'it has no statement, and so no subject');
  if (others.some((other) => identityOf(other, issuer) !== identityOf(element, issuer)))
    throw new TokenRefusal('subject', 'its statements have different subjects');
  const confirmations = subjects.map((subject) => optionalChild(subject, SAML1, 'SubjectConfirmation'));
  if (confirmations.every((one) => one === undefined))
    throw new TokenRefusal('claims', 'Subject has no SubjectConfirmation');
  for (const confirmation of confirmations) if (confirmation) requireBearer(confirmation);
  return element === undefined ? missingName('Subject has no NameIdentifier') : readSubjectName(element, issuer);
}

function nameIdentifierOf(subject: XmlElement): XmlElement | undefined {
  refuseOtherChildren(subject, SAML1, ['NameIdentifier', 'SubjectConfirmation']);
  return optionalChild(subject, SAML1, 'NameIdentifier');
}

/** Equal for names that mean the same subject, whether or not they can be used. */
const identityOf = (name: XmlElement | undefined, issuer: string): string =>
  name === undefined
    ? ''
    : JSON.stringify([textOf(name), attribute(name, 'Format'), qualifierOf(name, 'NameQualifier') ?? issuer]);

/** Section 2.4.2.3. A key or data would bind the assertion to something that the request does not prove. */
function requireBearer(confirmation: XmlElement): void {
  const methods = elementsOf(confirmation)
    .filter((child) => is(child, SAML1, 'ConfirmationMethod'))
    .map(textOf);
  if (!methods.includes(BEARER))
    throw new TokenRefusal('claims', `ConfirmationMethod is not bearer: ${excerpt(methods.join(' ') || 'missing')}`);
  if (methods.length < elementsOf(confirmation).length)
    throw new TokenRefusal('claims', 'SubjectConfirmation contains data or a key');
}

const readAuthentication = (assertion: XmlElement, clock: AssertionClock): Authentication =>
  joinAuthentications(
    childrenOf(assertion, SAML1, 'AuthenticationStatement').map((statement) => {
      const authnInstant = instant(statement, 'AuthenticationInstant');
      requirePast(authnInstant, 'AuthenticationInstant', clock);
      const authnContext = requiredAttribute(statement, 'AuthenticationMethod');
      return { authnInstant, authnContext, sessionNotOnOrAfter: undefined };
    }),
  );
