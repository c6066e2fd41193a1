// In what do SAML 2.0 and 1.1 differ for one who checks an assertion?
import type { XmlElement } from './element.ts';
import type { SamlContext, SamlIdentity, SamlTrust } from './identity.ts';

/** Decrypts a part of an assertion that was verified already. @throws TokenRefusal */
export type DecryptPart = (container: XmlElement) => XmlElement;

export interface AssertionProfile {
  readonly namespace: string;
  /** The attributes that the schema gives to `Assertion`, the id first. */
  readonly attributes: readonly [id: 'ID' | 'AssertionID', ...string[]];
  readonly signaturePlace: 'second' | 'last';
  /** Whether the version attributes say what the namespace does. */
  readonly hasVersion: (root: XmlElement) => boolean;
  /** @param root with its first child @throws TokenRefusal malformed */
  readonly issuer: (root: XmlElement) => string;
  /** Judges a verified assertion. @throws TokenRefusal */
  readonly judge: (assertion: XmlElement, trust: SamlTrust, context: SamlContext, decrypt: DecryptPart) => SamlIdentity;
}
