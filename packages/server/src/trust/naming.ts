// Converts between a principal of an issuer and its name in our tokens. Without a mapping, the name is `name:sub`.
import type { Principal } from '../primitives/principal.ts';
import type { TrustedIssuers } from './issuer.ts';
import type { SubjectNames } from './subject-names.ts';

export interface Naming {
  /** Our issuer. */
  readonly issuer: string;
  readonly issuers: Pick<TrustedIssuers, 'all'>;
  readonly saml: ReadonlyMap<string, { readonly entityId: string; readonly name: string; readonly subject: unknown }>;
  readonly names: Pick<SubjectNames, 'upstream'>;
}

/** A subject of ours keeps its name. */
export function subjectsOf({ iss, sub }: Principal, naming: Naming): readonly string[] {
  if (iss === naming.issuer) return [sub];
  return unmapped(naming).flatMap((one) => (one.issuer === iss ? `${one.name}:${sub}` : []));
}

export function principalsOf(subject: string, naming: Naming): readonly Principal[] {
  const [, owner = '', sub = ''] = /^([^:]*):(.+)$/s.exec(subject) ?? [];
  return unmapped(naming).flatMap(({ name, issuer }) => (name === owner ? { iss: issuer, sub } : []));
}

/** Every known issuer: this server, the trusted issuers, and the provider where people sign in. */
export const issuersOf = ({ issuer, issuers, saml, names: { upstream } }: Naming): readonly string[] => [
  issuer,
  ...[...issuers.all()].map((one) => one.issuer),
  ...saml.keys(),
  ...(upstream === undefined ? [] : [upstream.issuer]),
];

function unmapped({ issuers, saml, names: { upstream } }: Naming): readonly { issuer: string; name: string }[] {
  const assertions = [...saml.values()].map((one) => ({ ...one, issuer: one.entityId }));
  const mapping = [...issuers.all(), ...assertions].filter(({ subject }) => subject === undefined);
  return upstream === undefined ? mapping : [...mapping, upstream];
}
