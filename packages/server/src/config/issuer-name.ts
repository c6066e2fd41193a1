// What is an issuer of the file called here?
import type { ConfigurationFile } from './schema.ts';

/** What stands before its subjects: where the entry does not say, the trust domain or the host without its port. */
export function nameOf(source: ConfigurationFile['issuers'][number]): string {
  const { name, saml } = source;
  const url = saml ?? source.issuer ?? '';
  return (
    name ?? (saml === undefined ? source.trustDomain : undefined) ?? (URL.canParse(url) ? new URL(url).hostname : '')
  );
}
