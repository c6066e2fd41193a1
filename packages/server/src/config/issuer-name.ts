// Finds the name that an issuer of the file has here.
import type { ConfigurationFile } from './schema.ts';

/** The prefix of its subjects: `name` of the entry, or the trust domain, or the host without its port. */
/** The issuers that a rule means by a name: entries for the same people may share one. */
export type IssuerNames = ReadonlyMap<string, readonly string[]>;

/** @param self the issuer of this server */
export function indexIssuerNames(
  self: string,
  issuers: readonly { readonly issuer: string; readonly name: string }[],
): IssuerNames {
  const names = new Map<string, readonly string[]>([
    ['self', [self]],
    [self, [self]],
  ]);
  for (const { issuer, name } of issuers) {
    names.set(issuer, [issuer]);
    names.set(name, [...(names.get(name) ?? []), issuer]);
  }
  return names;
}

export function nameOf(source: ConfigurationFile['issuers'][number]): string {
  const { name, saml } = source;
  const url = saml ?? source.issuer ?? '';
  return (
    name ?? (saml === undefined ? source.trustDomain : undefined) ?? (URL.canParse(url) ? new URL(url).hostname : '')
  );
}
