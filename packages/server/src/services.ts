// Opens the services of a configuration, over everything that the process keeps.
import { isDeepStrictEqual } from 'node:util';
import { administer } from './administration.ts';
import { countThrottled } from './audit/throttled.ts';
import type { Base } from './base.ts';
import { AllClients } from './client-auth/all-clients.ts';
import { openClientDocuments } from './client-auth/client-documents.ts';
import { openClientKeys } from './client-auth/client-keys.ts';
import { openRegistrations } from './client-auth/registrations.ts';
import type { Configuration } from './config/configuration.ts';
import { enabledTypes } from './config/enabled-types.ts';
import { hasSignIn } from './grants/index.ts';
import { regrantAll } from './grants/regrant.ts';
import { createCertificateReader } from './http/client-certificate.ts';
import { openConsole } from './http/console-files.ts';
import { type HttpServices, urlOf } from './http/endpoint.ts';
import { token } from './http/endpoints/token.ts';
import { upstreamReturn } from './http/endpoints/upstream.ts';
import { findEnd, findFamily } from './issuing/family.ts';
import { createLeashCounter } from './issuing/leash-counter.ts';
import { withWorkloads } from './issuing/suspensions.ts';
import { type KeyRing, openKeyRing } from './keys/key-ring.ts';
import type { Observer } from './metrics/observer.ts';
import { indexClients } from './model/client.ts';
import { ownResource } from './model/resource.ts';
import { indexLeashes } from './narrowing/leashes.ts';
import { indexResources, type Targeting } from './narrowing/targets.ts';
import { createOutbound } from './outbound/outbound.ts';
import type { Clock } from './primitives/clock.ts';
import { createNonces } from './proof/nonces.ts';
import { NOWHERE_ELSE } from './regions/elsewhere.ts';
import { serveRegions, withRegions } from './regions/serve.ts';
import { createAccounts } from './sign-in/accounts.ts';
import { createCodes } from './sign-in/codes.ts';
import { createOperators } from './sign-in/operators.ts';
import type { ProviderContext } from './sign-in/provider.ts';
import { openUpstreamPeople } from './sign-in/upstream-people.ts';
import { findOpaqueToken } from './store/opaque-tokens.ts';
import { orUnavailable, type Store } from './store/store.ts';
import { isUsed, useId } from './store/used-ids.ts';
import { discoverKeys } from './trust/discovery.ts';
import { type IssuerEntry, indexIssuers, type TrustedIssuer } from './trust/issuer.ts';
import { fetchedKeySource, fixedKeySource } from './trust/key-cache.ts';
import { decryptionKeysOf } from './trust/saml-issuer.ts';
import { indexSubjectNames } from './trust/subject-names.ts';

/** The previous configuration. Its open and fetched parts are used again, so that a change rarely needs the database. */
export interface Before {
  readonly configuration: Configuration;
  readonly services: Pick<HttpServices, 'issuers' | 'clientKeys' | 'clientDocuments' | 'keys'>;
}

/** Functions in here must not use `before`: services that are kept would keep all those before them, back to the start. */
export async function openServices(
  configuration: Configuration,
  base: Base,
  observer: Observer,
  before?: Before,
): Promise<HttpServices> {
  const { issuer, policy, resources, authorizationServers, issuers, keys } = configuration;
  const { clock, store, sharedSecret, freshness } = base;
  const { clients, ...described } = await openClients(configuration, base, before);
  const { clientCertificates, trustProxy, dpopNonces } = configuration.server;
  const audit = observer.audit(base.audit);
  const trusted = trustIssuers(issuers, clock, observer, before);
  const clientKeys = openClientKeys(clients, clock, before?.services.clientKeys);
  const ring = await openKeys(keys, base, before);
  const clientIndex = indexClients(clients);
  const parties = findParties(base, { issuer, clientIndex });
  const targeting = indexResources(resources, authorizationServers);
  const leashes = indexLeashes(configuration.actors, clients, issuer);
  const context = hasSignIn({ ...configuration, clients })
    ? await describeSignIn(configuration, clients, { ...base, ...parties, keys: ring, targeting })
    : undefined;
  const signIn = context && createCodes(context);
  return {
    ...takeFromFile(configuration),
    clock,
    node: base.node,
    freshness,
    ...parties,
    decoyKeys: base.decoyKeys,
    failures: base.failures,
    requests: base.requests,
    signatures: base.signatures,
    loadXml: base.loadXml,
    ...openQueries(store),
    endOf: (tokens) => orUnavailable(findEnd(store, tokens, base.regions ?? NOWHERE_ELSE)),
    ...serveRegions(base.regions, ring, keys),
    useOnce: useInAllRegions(store, base.regions),
    clients,
    names: indexSubjectNames({ ...configuration, clients, issuers: [...issuers, ...configuration.saml] }),
    clientIndex,
    clientKeys,
    ...described,
    registrationLimit: base.registrationLimit,
    keysOf: ({ id }) => clientKeys.get(id)?.source ?? clients.keysOf(id),
    signIn,
    regrant: (family, now) => regrantAll(family, now, { issuer, policy, targeting, leashes, clients, signIn }),
    people: context && (await base.openPeople?.(context)),
    console: configuration.console && (await openConsole(issuer)),
    enabledTypes: enabledTypes(configuration, context === undefined ? 'none' : 'some'),
    targeting,
    leashes,
    leashCounter: createLeashCounter(clock, base.revocations),
    issuers: indexIssuers(trusted),
    tokenEndpoint: urlOf(token, issuer),
    keys: ring,
    refreshKey: await sharedSecret('refresh-token'),
    pairwiseKey: await sharedSecret('pairwise-subject'),
    nonces: dpopNonces ? createNonces(await sharedSecret('dpop-nonce'), clock) : undefined,
    readCertificate:
      clientCertificates.asked || clientCertificates.header
        ? createCertificateReader(clientCertificates, trustProxy)
        : undefined,
    audit,
    admin: administer(configuration, base, audit),
    throttled: countThrottled(audit),
  };
}

type Parties = Pick<HttpServices, 'revocations' | 'suspensions'>;

/** Finds suspended parties also by the clients of this configuration that workloads are. */
function findParties(
  { revocations, suspensions: stored }: Pick<Base, 'revocations' | 'suspensions'>,
  context: Parameters<typeof withWorkloads>[1],
): Parties {
  const suspensions = withWorkloads(stored, context);
  const whyRefused: HttpServices['revocations']['whyRefused'] = (token) => {
    if (revocations.isRevoked(token)) return 'revoked';
    return suspensions.find(token) === undefined ? undefined : 'suspended';
  };
  return { suspensions, revocations: { ...revocations, whyRefused } };
}

const takeFromFile = ({
  issuer,
  branding,
  tokenErrorCode,
  developerErrors,
  policy,
  resources,
  saml,
  keys,
}: Configuration) => ({
  issuer,
  branding,
  tokenErrorCode,
  developerErrors,
  policy,
  resources,
  saml: new Map(saml.map((entry) => [entry.entityId, entry])),
  samlDecryptionKeys: decryptionKeysOf(saml),
  defaultAlgorithm: keys.algorithms[0],
});

/** Each query waits a bounded time. @throws Refusal store_unavailable */
const openQueries = (store: Store): Pick<HttpServices, 'isUsed' | 'useOnce' | 'findOpaque' | 'findFamily'> => ({
  isUsed: (id) => orUnavailable(isUsed(store, id)),
  useOnce: (id, expiresAt) => orUnavailable(useId(store, id, expiresAt * 1000)),
  findOpaque: (hash) => orUnavailable(findOpaqueToken(store, hash)),
  findFamily: (id) => orUnavailable(findFamily(store, id)),
});

/** An id counts as used here, too, so that an earlier check finds it without asking another region. */
const useInAllRegions =
  (store: Store, regions: Base['regions']): HttpServices['useOnce'] =>
  async (id, expiresAt) =>
    (regions === undefined || (await regions.claim(id, expiresAt))) && openQueries(store).useOnce(id, expiresAt);

/** The clients of the file, the registered ones, and those that describe themselves. */
async function openClients(configuration: Configuration, base: Base, before: Before | undefined) {
  const { store, sealer, clock, sharedSecret, registered } = base;
  const { clientDocuments: documents, registration } = configuration;
  const clientDocuments = openClientDocuments(documents, clock, before?.services.clientDocuments);
  const registrations =
    registration && openRegistrations(registration, { store, sealer, clock, key: await sharedSecret('registrations') });
  const configured = configuration.withRegistered(registered.all().values());
  return { clientDocuments, registrations, clients: new AllClients(configured, [clientDocuments, registrations]) };
}

/** Keeps the key ring if its schedule is the same. */
const openKeys = async (keys: Configuration['keys'], base: Base, before: Before | undefined): Promise<KeyRing> =>
  before !== undefined && isDeepStrictEqual(before.configuration.keys, keys)
    ? before.services.keys
    : withRegions(await openKeyRing(keys, base), base.regions);

/** The dependencies of sign-in, from the file and from the store. */
async function describeSignIn(
  { issuer, accounts: entries, upstream, console: operators, keys: { algorithms } }: Configuration,
  clients: AllClients,
  base: Omit<Base, keyof Parties> & Parties & { readonly keys: KeyRing; readonly targeting: Targeting },
): Promise<ProviderContext> {
  const { revocations, passwordRateLimit } = base;
  const cookieKey = await base.sharedSecret('cookies');
  const accounts = createAccounts(entries, passwordRateLimit, upstream && openUpstreamPeople(upstream, base));
  return {
    ...base,
    issuer,
    clients,
    accounts,
    operators:
      operators &&
      createOperators(operators, { issuer, accounts: entries, upstream, isClient: (id) => clients.has(id) }, accounts),
    upstream: upstream && (await openUpstream(upstream, { issuer, cookieKey }, base)),
    own: ownResource(issuer, algorithms[0]),
    cookieKey,
    endSession: (session) => revocations.revoke(session),
    epoch: revocations.epoch,
    isRevoked: (token) => revocations.whyRefused(token) !== undefined,
  };
}

async function openUpstream(
  entry: NonNullable<Configuration['upstream']>,
  { issuer, cookieKey }: { readonly issuer: string; readonly cookieKey: string },
  { clock, store, upstreamLimit }: Pick<Base, 'clock' | 'store' | 'upstreamLimit'>,
): Promise<NonNullable<ProviderContext['upstream']>> {
  const { createUpstream } = await import('./sign-in/upstream.ts');
  const upstream = createUpstream(entry, {
    outbound: createOutbound(entry.network),
    redirectUri: urlOf(upstreamReturn, issuer),
    secret: cookieKey,
    clock,
    limit: upstreamLimit,
    useOnce: openQueries(store).useOnce,
  });
  return { ...upstream, first: entry.first };
}

const trustIssuers = (
  issuers: readonly IssuerEntry[],
  clock: Clock,
  observer: Observer,
  before: Before | undefined,
): readonly TrustedIssuer[] =>
  issuers.map((entry) => trustIssuer(entry, clock, observer, before?.services.issuers.byPrincipal(entry.issuer)));

function trustIssuer(
  entry: IssuerEntry,
  clock: Clock,
  observer: Observer,
  before: TrustedIssuer | undefined,
): TrustedIssuer {
  const { keys, network, issuer } = entry;
  if (before?.network === network && isDeepStrictEqual(before.keys, keys)) {
    return { ...entry, outbound: before.outbound, keySource: before.keySource };
  }
  const outbound = observer.outbound(entry.name, createOutbound(network));
  const locate = async (deadline: AbortSignal): Promise<string> =>
    typeof keys === 'object' && 'jwksUri' in keys ? keys.jwksUri : discoverKeys(issuer, outbound, deadline);
  const keySource =
    typeof keys === 'object' && 'jwks' in keys ? fixedKeySource(keys.jwks) : fetchedKeySource(outbound, locate, clock);
  return { ...entry, outbound, keySource };
}
