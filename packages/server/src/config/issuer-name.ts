// Finds the name that an issuer of the file has here.
import type { ConfigurationFile } from './schema.ts';

/** The prefix of its subjects: `name` of the entry, or the trust domain, or the host without its port. */
export function nameOf(source: ConfigurationFile['issuers'][number]): string {
  const { name, saml } = source;
  const url = saml ?? source.issuer ?? '';
  return (
    name ?? (saml === undefined ? source.trustDomain : undefined) ?? (URL.canParse(url) ? new URL(url).hostname : '')
  );
}
