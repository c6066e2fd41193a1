// The differences between SAML 2.0 and 1.1 in verifying an assertion.
import type { XmlElement } from './element.ts';
import type { SamlIdentity, SamlTrust, TimedSamlContext } from './identity.ts';

/** Decrypts a part of a verified assertion. @throws TokenRefusal */
export type DecryptPart = (container: XmlElement) => XmlElement;

export interface AssertionProfile {
  readonly namespace: string;
  /** The attributes that the schema allows on `Assertion`, the id first. */
  readonly attributes: readonly [id: 'ID' | 'AssertionID', ...string[]];
  readonly signaturePlace: 'second' | 'last';
  /** Do the version attributes match the namespace? */
  readonly hasVersion: (root: XmlElement) => boolean;
  /** @param root with its first child @throws TokenRefusal malformed */
  readonly issuer: (root: XmlElement) => string;
  /** Checks a verified assertion and returns the identity. @throws TokenRefusal */
  readonly judge: (
    assertion: XmlElement,
    trust: SamlTrust,
    context: TimedSamlContext,
    decrypt: DecryptPart,
  ) => SamlIdentity;
}
