// Checks the audience restrictions of an assertion: it must be for this server, or for the calling client as a service provider.
import { TokenRefusal } from '../primitives/refusal.ts';
import { elementsOf, excerpt, refuseOtherChildren, textOf, type XmlElement } from './element.ts';
import type { SamlContext, SamlIdentity, SamlTrust } from './identity.ts';

export type AddressedTo = SamlIdentity['addressedTo'];

/** This server or the calling client: the audiences and the Recipient that an assertion for it must have. */
export interface AcceptedAudience {
  readonly addressedTo: AddressedTo;
  readonly names: readonly string[];
  readonly recipient: string;
}

/** The client comes first: an assertion that names both counts as one for the client. */
export const acceptedAudiences = (
  trust: SamlTrust,
  { addressee, recipient }: SamlContext,
): readonly AcceptedAudience[] => [
  ...(addressee ? [{ addressedTo: 'client', names: [addressee.entityId], recipient: addressee.acs } as const] : []),
  { addressedTo: 'server', names: trust.audiences, recipient },
];

/**
 * Returns those that every restriction names. Restrictions are combined with AND, the audiences of one restriction with OR
 * (SAML 2.0 core section 2.5.1.4; SAML 1.1 core section 2.3.2.1.3). Names are compared exactly. An assertion without a
 * restriction is refused (RFC 7522 section 3 item 2).
 * @throws TokenRefusal audience
 */
export function matchAudiences(
  restrictions: readonly (readonly string[])[],
  accepted: readonly AcceptedAudience[],
): readonly [AcceptedAudience, ...AcceptedAudience[]] {
  if (restrictions.length === 0) throw new TokenRefusal('audience', 'it is restricted to no audience');
  const [first, ...rest] = accepted.filter(({ names }) =>
    restrictions.every((audiences) => audiences.some((audience) => names.includes(audience))),
  );
  if (first !== undefined) return [first, ...rest];
  const named = restrictions.map((audiences) => audiences.map(excerpt).join(' or ') || 'an empty list').join(', and ');
  throw new TokenRefusal('audience', `it is restricted to ${named}`);
}

/** @throws TokenRefusal malformed */
export function readAudiences(restriction: XmlElement): readonly string[] {
  refuseOtherChildren(restriction, restriction.namespace, ['Audience']);
  return elementsOf(restriction).map(textOf);
}
