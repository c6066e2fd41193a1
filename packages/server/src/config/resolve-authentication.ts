// How does a client of the file prove who it is? Each method has keys of its own, and an entry those of its method alone.

import { clientAuthMethods } from '../client-auth/index.ts';
import type { ClientAuthMethod, ClientKey } from '../client-auth/method.ts';
import type { Client, TlsSubject } from '../model/client.ts';
import { SecretDigest } from '../primitives/secret.ts';
import { trustDomainOf } from '../primitives/spiffe-id.ts';
import type { Complain, Path } from './fault.ts';
import { checkKeyPlace, networkOfKeys } from './key-location.ts';
import type { ClientSource, ConfigurationFile } from './schema.ts';
import { readSecret, type Surroundings } from './source.ts';

const methods: readonly ClientAuthMethod[] = clientAuthMethods;

/** What in the entry makes the client show a certificate, if anything. */
export function certificateKeyOf({
  auth,
  certificateBoundAccessTokens: bound,
}: ClientSource): 'auth' | 'certificateBoundAccessTokens' | undefined {
  if (methods.some(({ name, over }) => name === auth && over === 'tls')) return 'auth';
  return bound ? 'certificateBoundAccessTokens' : undefined;
}

/** Are the callers of TLS connections asked for one, from the start of the server on? Browsers then ask their people in turn. */
export const asksForCertificate = ({ server, clients }: Pick<ConfigurationFile, 'server' | 'clients'>): boolean =>
  server.tls !== undefined && (server.clientCertificates.authorities.length > 0 || clients.some(certificateKeyOf));

type Authentication = Pick<
  Client,
  'secrets' | 'keys' | 'assertionAudience' | 'tlsSubject' | 'spiffeId' | 'publicExchange' | 'workload'
>;

export function resolveAuthentication(
  entry: ClientSource,
  path: Path,
  file: ConfigurationFile,
  around: Surroundings,
): Authentication {
  const { secret = [], jwks, jwksUri, assertionAudience, tlsSubject } = entry;
  const { complain } = around;
  checkKeys(entry, path, complain);
  checkKeyPlace(entry, path, complain);
  if (secret.length > 2)
    complain([...path, 'secret'], 'a client has at most two secrets, while one replaces the other');
  if (entry.auth === 'private_key_jwt' && file.issuers.some((one) => one.saml === undefined && one.issuer === entry.id))
    complain(
      [...path, 'id'],
      'is an issuer: its tokens and the assertions of the client could be taken for each other',
    );
  if (entry.auth === 'none') checkPublic(entry, path, complain);
  checkTls(entry, path, file.server, complain);
  return {
    secrets: secret.map((one) =>
      'sha256' in one
        ? SecretDigest.of(one.sha256)
        : new SecretDigest(readSecret(one, [...path, 'secret'], file.server.host, around)),
    ),
    keys: jwks ? { jwks } : jwksUri === undefined ? undefined : { jwksUri, network: networkOfKeys(entry) },
    assertionAudience,
    tlsSubject:
      tlsSubject && kinds.flatMap((kind) => ({ kind, value: tlsSubject[kind] ?? '' })).find(({ value }) => value),
    spiffeId: entry.spiffeId && checkSpiffeId(entry.spiffeId, [...path, 'spiffeId'], file, complain),
    publicExchange: entry.publicExchange ?? false,
    workload: entry.workload && resolveWorkload(entry.workload, [...path, 'workload'], file, complain),
  };
}

const kinds: readonly TlsSubject['kind'][] = ['dn', 'dns', 'uri', 'ip', 'email'];

const keysOfMethods = new Set<ClientKey>(methods.flatMap(({ keys }) => [...keys.oneOf, ...(keys.others ?? [])]));

/** An entry has what its method needs, and nothing that only other methods read. */
function checkKeys(entry: ClientSource, path: Path, complain: Complain): void {
  const own = methods.find(({ name }) => name === entry.auth)?.keys;
  const allowed = new Set([...(own?.oneOf ?? []), ...(own?.others ?? [])]);
  const { oneOf = [] } = own ?? {};
  if (oneOf.length > 0 && !oneOf.some((key) => entry[key] !== undefined)) {
    if (oneOf.length === 1) complain([...path, ...oneOf], 'is missing');
    else complain(path, `${entry.auth} needs ${oneOf.join(' or ')}`);
  }
  for (const key of keysOfMethods) {
    if (entry[key] !== undefined && !allowed.has(key)) complain([...path, key], `means nothing to ${entry.auth}`);
  }
}

function checkPublic({ grants, publicExchange, workload }: ClientSource, path: Path, complain: Complain): void {
  if (grants.includes('client_credentials'))
    complain([...path, 'grants'], 'client_credentials is not for a client that proves nothing (RFC 6749 section 4.4)');
  if (grants.includes('token_exchange') && !publicExchange && !workload)
    complain([...path, 'grants'], 'it may exchange nothing without publicExchange: true', 'warning');
  if (workload && !publicExchange && grants.some((grant) => grant !== 'token_exchange'))
    complain([...path, 'grants'], 'a workload has a token to exchange, and can use no other grant');
}

function checkTls(
  entry: ClientSource,
  path: Path,
  { tls, clientCertificates }: ConfigurationFile['server'],
  complain: Complain,
): void {
  const key = certificateKeyOf(entry);
  if (key !== undefined && tls === undefined && clientCertificates.header === undefined)
    complain([...path, key], 'nobody shows a certificate without server.tls or server.clientCertificates.header');
  if (entry.auth === 'tls_client_auth' && clientCertificates.authorities.length === 0)
    complain([...path, 'auth'], 'needs server.clientCertificates.authorities, or no certificate is trusted');
}

function checkSpiffeId(id: string, path: Path, { issuers }: ConfigurationFile, complain: Complain): string {
  const domain = trustDomainOf(id.replace(/\/\*$/, '/any'));
  if (domain === undefined) complain(path, 'must be spiffe://TRUST-DOMAIN/PATH, which may end in /*');
  else if (!issuers.some((issuer) => issuer.saml === undefined && issuer.trustDomain === domain))
    complain(path, `issuers has no trustDomain ${domain}`);
  return id;
}

function resolveWorkload(
  { issuer, audience }: NonNullable<ClientSource['workload']>,
  path: Path,
  { issuers }: ConfigurationFile,
  complain: Complain,
): Client['workload'] {
  const named = issuers.find((one) => {
    if (one.saml !== undefined) return false;
    return [one.issuer, one.name, one.trustDomain, `spiffe://${one.trustDomain}`].includes(issuer);
  });
  if (named === undefined || named.saml !== undefined) {
    complain(
      [...path, 'issuer'],
      'must be one of issuers, by its issuer, trustDomain or name; never our own, nor a SAML one',
    );
    return { issuer, audience };
  }
  if (!named.audiences.includes(audience))
    complain([...path, 'audience'], 'must be one of the audiences of its issuer');
  return { issuer: named.issuer ?? `spiffe://${named.trustDomain}`, audience };
}

/** What names a client beside its id names one client. */
export function checkIndexed(clients: Iterable<Client>, complain: Complain): void {
  const seen = new Set<string>();
  for (const [index, { spiffeId, workload }] of [...clients].entries()) {
    for (const [key, value] of Object.entries({ spiffeId, workload })) {
      const name = JSON.stringify([key, value]);
      if (value !== undefined && seen.has(name)) complain(['clients', index, key], 'another client has the same');
      seen.add(name);
    }
  }
}
