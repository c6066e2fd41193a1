// Resolves the authentication of a client. An entry has the keys of its method, and no others.

import { clientAuthMethods } from '../client-auth/index.ts';
import type { ClientAuthMethod, ClientKey } from '../client-auth/method.ts';
import { type Client, isPublic, type TlsSubject } from '../model/client.ts';
import { didYouMean } from '../primitives/nearest.ts';
import { SecretDigest } from '../primitives/secret.ts';
import { trustDomainOf } from '../primitives/spiffe-id.ts';
import { type Complain, type Path, placeInList } from './fault.ts';
import { checkKeyPlace, networkOfKeys } from './key-location.ts';
import { describeUnknownName } from './references.ts';
import type { ClientSource, ConfigurationFile, IssuerSource } from './schema.ts';
import { readSecret, type Surroundings } from './source.ts';

const methods: readonly ClientAuthMethod[] = clientAuthMethods;

/** The key of the entry for which the client presents a certificate, if there is one. */
export function certificateKeyOf({
  auth,
  certificateBoundAccessTokens: bound,
}: ClientSource): 'auth' | 'certificateBoundAccessTokens' | undefined {
  if (methods.some(({ name, over }) => over === 'tls' && auth.some((own) => own === name))) return 'auth';
  return bound ? 'certificateBoundAccessTokens' : undefined;
}

/** Does the server request certificates on TLS connections? If it does, browsers ask people for one. */
export const asksForCertificate = ({ server, clients }: Pick<ConfigurationFile, 'server' | 'clients'>): boolean =>
  server.tls !== undefined && (server.clientCertificates.authorities.length > 0 || clients.some(certificateKeyOf));

type Authentication = Pick<
  Client,
  | 'secrets'
  | 'keys'
  | 'assertionAudience'
  | 'assertionLifetime'
  | 'tlsSubject'
  | 'spiffeId'
  | 'publicExchange'
  | 'workload'
>;

export function resolveAuthentication(
  entry: ClientSource,
  path: Path,
  file: ConfigurationFile,
  around: Surroundings,
): Authentication {
  const { secret = [], jwks, jwksUri, assertionAudience, assertionLifetime, tlsSubject } = entry;
  const { complain } = around;
  checkKeys(entry, path, complain);
  checkKeyPlace(entry, path, complain);
  if (secret.length > 2)
    complain([...path, 'secret'], 'a client has two secrets at most, while one replaces the other. Remove the oldest.');
  if (
    entry.auth.includes('private_key_jwt') &&
    file.issuers.some((one) => one.saml === undefined && one.issuer === entry.id)
  )
    complain(
      [...path, 'id'],
      `${JSON.stringify(entry.id)} is an issuer too, and its tokens and the assertions of the client could be taken for each other. Give the client another id.`,
    );
  if (assertionLifetime !== undefined && assertionLifetime > MAX_ASSERTION_SECONDS)
    complain(
      [...path, 'assertionLifetime'],
      'is longer than an hour, and the server remembers each used assertion that long. Write 1h or less.',
    );
  if (isPublic(entry)) checkPublic(entry, path, complain);
  checkTls(entry, path, file.server, around);
  return {
    // Each secret is renewed by itself, so each has a path of its own.
    secrets: secret.map((one, place) =>
      'sha256' in one
        ? SecretDigest.of(one.sha256)
        : new SecretDigest(
            readSecret(one, placeInList([...path, 'secret'], secret, place), file.server.host, around) ?? '',
          ),
    ),
    keys: jwks ? { jwks } : jwksUri === undefined ? undefined : { jwksUri, network: networkOfKeys(entry) },
    assertionAudience,
    assertionLifetime,
    tlsSubject:
      tlsSubject && kinds.flatMap((kind) => ({ kind, value: tlsSubject[kind] ?? '' })).find(({ value }) => value),
    spiffeId: entry.spiffeId && checkSpiffeId(entry.spiffeId, [...path, 'spiffeId'], file, around),
    publicExchange: entry.publicExchange ?? false,
    workload: entry.workload && resolveWorkload(entry.workload, entry.grants, [...path, 'workload'], file, around),
  };
}

const MAX_ASSERTION_SECONDS = 3600;

const kinds: readonly TlsSubject['kind'][] = ['dn', 'dns', 'uri', 'ip', 'email'];

const keysOfMethods = new Set<ClientKey>(methods.flatMap(({ keys }) => [...keys.oneOf, ...(keys.others ?? [])]));

/** Each once. Any other list would admit a proof that is weaker than the one the client has. */
const isBothWaysOfSecret = (auth: readonly string[]): boolean =>
  auth.every((name) => name === 'client_secret_basic' || name === 'client_secret_post') &&
  new Set(auth).size === auth.length;

/** Checks that an entry has the keys that its method needs, and none that only other methods read. */
function checkKeys(entry: ClientSource, path: Path, complain: Complain): void {
  const [first] = entry.auth;
  const own = methods.find(({ name }) => name === first)?.keys;
  const allowed = new Set([...(own?.oneOf ?? []), ...(own?.others ?? [])]);
  const { oneOf = [] } = own ?? {};
  if (entry.auth.length > 1 && !isBothWaysOfSecret(entry.auth))
    complain(
      [...path, 'auth'],
      'only client_secret_basic and client_secret_post go together, because both send the same secret. Write one method, or [client_secret_basic, client_secret_post].',
    );
  if (oneOf.length > 0 && !oneOf.some((key) => entry[key] !== undefined)) {
    complain(
      oneOf.length === 1 ? [...path, ...oneOf] : path,
      `${oneOf.length === 1 ? 'is missing. A' : 'a'} client with auth: ${first} needs ${oneOf.join(' or ')}.`,
    );
  }
  for (const key of keysOfMethods) {
    if (entry[key] === undefined || allowed.has(key)) continue;
    const users = methods.filter(({ keys }) => [...keys.oneOf, ...(keys.others ?? [])].includes(key));
    const names = users.map(({ name }) => name).join(' or ');
    complain(
      [...path, key],
      `a client with auth: ${first} does not use ${key}. Remove it, or write auth: ${names}.`,
      'fault',
      'key',
    );
  }
}

/** The grants whose token identifies a client that is not named. */
const JUDGED_GRANTS = ['token_exchange', 'jwt_bearer', 'jwt_dpop'] as const;

function checkPublic({ grants, publicExchange, workload }: ClientSource, path: Path, complain: Complain): void {
  if (grants.includes('client_credentials'))
    complain(
      [...path, 'grants'],
      'client_credentials is not for a client with auth: none, which proves nothing (RFC 6749 section 4.4). Remove it, or give the client another auth.',
    );
  for (const grant of JUDGED_GRANTS.filter((one) => grants.includes(one) && !publicExchange && !workload))
    complain(
      [...path, 'grants'],
      `${grant} has no effect for a client with auth: none. Write publicExchange: true, or remove the grant.`,
      'warning',
    );
  if (workload && !publicExchange && !grants.every((grant) => JUDGED_GRANTS.some((one) => one === grant)))
    complain(
      [...path, 'grants'],
      'a client with workload can use token_exchange and jwt_bearer only. Remove the other grants, or write publicExchange: true.',
    );
}

function checkTls(
  entry: ClientSource,
  path: Path,
  { tls, clientCertificates }: ConfigurationFile['server'],
  { complain, unsure }: Surroundings,
): void {
  const key = certificateKeyOf(entry);
  if (
    key !== undefined &&
    tls === undefined &&
    clientCertificates.header === undefined &&
    !unsure.key('server.tls') &&
    !unsure.key('server.clientCertificates')
  )
    complain(
      [...path, key],
      'no client can present a certificate. Set server.tls, or server.clientCertificates.header behind a proxy.',
    );
  if (
    entry.auth.includes('tls_client_auth') &&
    clientCertificates.authorities.length === 0 &&
    !unsure.key('server.clientCertificates')
  )
    complain([...path, 'auth'], 'no certificate of a client is trusted. Set server.clientCertificates.authorities.');
}

function checkSpiffeId(
  id: string,
  path: Path,
  { issuers }: ConfigurationFile,
  { complain, unsure }: Surroundings,
): string {
  const domains = issuers.flatMap((issuer) => (issuer.saml === undefined ? (issuer.trustDomain ?? []) : []));
  const domain = trustDomainOf(id.replace(/\/\*$/, '/any'));
  if (domain === undefined)
    complain(path, `${JSON.stringify(id)} is not a SPIFFE id. Write spiffe://TRUST-DOMAIN/PATH, which may end in /*.`);
  else if (!domains.includes(domain) && !unsure.name('issuers', domain))
    complain(path, describeUnknownName('trustDomain', domain, domains));
  return id;
}

function resolveWorkload(
  source: NonNullable<ClientSource['workload']>,
  clientGrants: ClientSource['grants'],
  path: Path,
  { issuers }: ConfigurationFile,
  { complain, unsure }: Surroundings,
): Client['workload'] {
  const { issuer, audience } = source;
  const workload = { audience, subjects: source.subjects, claims: source.claims };
  const named = issuers.find((one) => {
    if (one.saml !== undefined) return false;
    return [one.issuer, one.name, one.trustDomain, `spiffe://${one.trustDomain}`].includes(issuer);
  });
  if (named === undefined || named.saml !== undefined) {
    const known = issuers.flatMap((one) =>
      one.saml === undefined ? [one.name, one.trustDomain, one.issuer].filter((text) => text !== undefined) : [],
    );
    if (!unsure.name('issuers', issuer))
      complain(
        [...path, 'issuer'],
        `there is no issuer ${JSON.stringify(issuer)} of workloads.${didYouMean(issuer, known) || ' Write the issuer, the trustDomain or the name of an entry of issuers, neither this server nor a SAML issuer.'}`,
      );
    return { issuer, ...workload };
  }
  const others = issuers.flatMap((one) => (one.saml === undefined && one.name === issuer ? (one.issuer ?? []) : []));
  if (others.length > 1)
    complain(
      [...path, 'issuer'],
      `several entries have the name ${issuer}. Write one of their issuers: ${others.join(', ')}.`,
    );
  checkWorkload(source, named, clientGrants, path, complain);
  return { issuer: named.issuer ?? `spiffe://${named.trustDomain}`, ...workload };
}

/** Each grant needs what tells the workloads of the client from others of their issuer. */
function checkWorkload(
  { audience, subjects }: NonNullable<ClientSource['workload']>,
  { audiences, grants }: IssuerSource,
  clientGrants: ClientSource['grants'],
  path: Path,
  complain: Complain,
): void {
  if (clientGrants.includes('token_exchange')) {
    if (audience === undefined)
      complain([...path, 'audience'], 'is missing. token_exchange needs it: one of the audiences of the issuer.');
    else if (!audiences.includes(audience))
      complain(
        [...path, 'audience'],
        `${JSON.stringify(audience)} is not among the audiences of its issuer: ${audiences.join(', ')}.${didYouMean(audience, audiences)}`,
      );
  }
  if (!clientGrants.some((grant) => grant === 'jwt_bearer' || grant === 'jwt_dpop')) return;
  if (subjects === undefined)
    complain(
      [...path, 'subjects'],
      'is missing. jwt_bearer needs it: patterns of the sub of the workloads, such as repo:acme/*.',
    );
  if (grants?.workload === undefined)
    complain(
      [...path, 'issuer'],
      'its entry gives no grants to workloads. Write grants: { workload: {} } there, or remove jwt_bearer from the client.',
    );
}

/** Checks that each key that identifies a client, other than the id, identifies only one. */
export function checkIndexed(clients: Iterable<Client>, complain: Complain): void {
  const seen = new Set<string>();
  for (const [index, { spiffeId, workload }] of [...clients].entries()) {
    for (const [key, value] of Object.entries({ spiffeId, workload })) {
      const name = JSON.stringify([key, value]);
      if (value !== undefined && seen.has(name))
        complain(
          ['clients', index, key],
          `another client has the same ${key}, and requests could not tell them apart. Change one of them.`,
        );
      seen.add(name);
    }
  }
}
