// Reads the name of the subject, and says why a name cannot be used.
import { hasInvisibleCharacters, isName } from '../primitives/principal.ts';
import { attribute, excerpt, textOf, type XmlElement } from './element.ts';

/** SAML 2.0 core section 8.3.8, and the handle of Shibboleth 1.x. */
const TRANSIENT = ['urn:oasis:names:tc:SAML:2.0:nameid-format:transient', 'urn:mace:shibboleth:1.0:nameIdentifier'];

/** The name at the identity provider, or why there is none that can be used. The problem never holds the name. */
export type SubjectName =
  | {
      readonly kind: 'lasting';
      readonly nameId: string;
      readonly nameIdFormat: string | undefined;
      /** Its qualifiers as it states them, under their names in RFC 9493. */
      readonly qualifiers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'unusable'; readonly nameIdFormat: string | undefined; readonly problem: string }
  | { readonly kind: 'missing'; readonly nameIdFormat: undefined; readonly problem: string };

export const missingName = (problem: string): SubjectName => ({ kind: 'missing', nameIdFormat: undefined, problem });

/**
 * A name whose NameQualifier is not the issuer cannot be used: names of two qualifiers can be equal.
 * @param element NameID, or NameIdentifier in SAML 1.1
 * @param addressees the names of the service provider that a NameID may be for; NameIdentifier names none
 * @throws TokenRefusal malformed
 */
export function readSubjectName(element: XmlElement, issuer: string, addressees: readonly string[] = []): SubjectName {
  const nameId = textOf(element);
  const nameIdFormat = attribute(element, 'Format');
  const qualifier = qualifierOf(element, 'NameQualifier') ?? issuer;
  const unusable = (problem: string): SubjectName => ({ kind: 'unusable', nameIdFormat, problem });
  if (!isName(nameId) || hasInvisibleCharacters(nameId))
    return unusable(`${element.name} is empty, too long, or does not print`);
  if (nameIdFormat !== undefined && TRANSIENT.includes(nameIdFormat))
    return unusable(
      `${element.name} is transient, so it cannot identify the subject again: have the identity provider send a persistent one, or map a lasting attribute with subject`,
    );
  if (qualifier !== issuer) return unusable(`NameQualifier is not its issuer: ${excerpt(qualifier)}`);
  const provider = qualifierOf(element, 'SPNameQualifier');
  if (provider !== undefined && !addressees.includes(provider))
    return unusable(`${element.name} is for another service provider: ${excerpt(provider)}`);
  return { kind: 'lasting', nameId, nameIdFormat, qualifiers: qualifiersOf(element) };
}

const qualifiersOf = (element: XmlElement): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries({
      name_qualifier: attribute(element, 'NameQualifier'),
      sp_name_qualifier: attribute(element, 'SPNameQualifier'),
      sp_provided_id: attribute(element, 'SPProvidedID'),
    }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );

/** Some identity providers write an empty qualifier instead of none. */
export const qualifierOf = (element: XmlElement, name: 'NameQualifier' | 'SPNameQualifier'): string | undefined =>
  attribute(element, name) || undefined;
