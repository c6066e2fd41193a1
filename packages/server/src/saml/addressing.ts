// For whom was the assertion made? For this server, or for the calling client as a service provider; never for "anybody".
import { TokenRefusal } from '../primitives/refusal.ts';
import { elementsOf, refuseOtherChildren, shown, textOf, type XmlElement } from './element.ts';
import type { SamlContext, SamlIdentity, SamlTrust } from './identity.ts';

export type AddressedTo = SamlIdentity['addressedTo'];

/** One reader for whom the assertion may have been made, and what it must then say. */
export interface Reader {
  readonly addressedTo: AddressedTo;
  readonly names: readonly string[];
  readonly recipient: string;
}

/** The client first: being addressed itself gives it the better claim on the token. */
export const readersOf = (trust: SamlTrust, { addressee, recipient }: SamlContext): readonly Reader[] => [
  ...(addressee ? [{ addressedTo: 'client', names: [addressee.entityId], recipient: addressee.acs } as const] : []),
  { addressedTo: 'server', names: trust.audiences, recipient },
];

/**
 * Those readers whom every restriction names: several are ANDed, the audiences of one are ORed (SAML 2.0 core section
 * 2.5.1.4; SAML 1.1 core section 2.3.2.1.3). The comparison is exact. No restriction at all is no permission: RFC
 * 7522 section 3 item 2 demands one.
 * @throws TokenRefusal audience
 */
export function namedReaders(
  restrictions: readonly (readonly string[])[],
  readers: readonly Reader[],
): readonly [Reader, ...Reader[]] {
  if (restrictions.length === 0) throw new TokenRefusal('audience', 'it is restricted to no audience');
  const [first, ...rest] = readers.filter(({ names }) =>
    restrictions.every((audiences) => audiences.some((audience) => names.includes(audience))),
  );
  if (first !== undefined) return [first, ...rest];
  const named = restrictions.map((audiences) => audiences.map(shown).join(' or ') || 'nobody').join(', and ');
  throw new TokenRefusal('audience', `it is restricted to ${named}`);
}

/** @throws TokenRefusal malformed */
export function readAudiences(restriction: XmlElement): readonly string[] {
  refuseOtherChildren(restriction, restriction.namespace, ['Audience']);
  return elementsOf(restriction).map(textOf);
}
