// What is somebody called here, whom an issuer names, and the other way round? Where no mapping says another thing, `name:sub`.
import type { Principal } from '../primitives/principal.ts';
import type { TrustedIssuers } from './issuer.ts';
import type { SubjectNames } from './subject-names.ts';

export interface Naming {
  /** Ours. */
  readonly issuer: string;
  readonly issuers: Pick<TrustedIssuers, 'all'>;
  readonly saml: ReadonlyMap<string, { readonly entityId: string; readonly name: string; readonly subject: unknown }>;
  readonly names: Pick<SubjectNames, 'upstream'>;
}

/** A subject of our own is called as it is. */
export function subjectsOf({ iss, sub }: Principal, naming: Naming): readonly string[] {
  if (iss === naming.issuer) return [sub];
  return unmapped(naming).flatMap((one) => (one.issuer === iss ? `${one.name}:${sub}` : []));
}

export function principalsOf(subject: string, naming: Naming): readonly Principal[] {
  const [, owner = '', sub = ''] = /^([^:]*):(.+)$/s.exec(subject) ?? [];
  return unmapped(naming).flatMap(({ name, issuer }) => (name === owner ? { iss: issuer, sub } : []));
}

/** Every issuer that may be named: this server, those that it trusts, and the one where people sign in. */
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
