// The composition root: the only file that wires parts together.
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Chains, createChains } from './audit/chain.ts';
import type { AuditEvent } from './audit/event.ts';
import type { ExportLine } from './audit/export.ts';
import { type AuditLog, createAuditLog } from './audit/log.ts';
import { eventOf } from './audit/row.ts';
import { type AuditFilter, searchEvents } from './audit/search.ts';
import { countThrottled } from './audit/throttled.ts';
import { indexClients } from './client-auth/client.ts';
import { openClientKeys } from './client-auth/client-keys.ts';
import { createFailureLimit, type FailureLimit } from './client-auth/failure-limit.ts';
import { openRegisteredClients, type RegisteredClients } from './client-auth/registered-clients.ts';
import { createRequestLimit, type RequestLimit } from './client-auth/request-limit.ts';
import type { Configuration } from './config/configuration.ts';
import { clientEntry } from './config/schema.ts';
import type { Entry } from './config/shown.ts';
import { createCheckpoints } from './custody/checkpoint.ts';
import { startCustody } from './custody/custody.ts';
import { erasePerson, type Person } from './custody/erasure.ts';
import { createNotary } from './custody/notary.ts';
import { exportLines, type KnownKeys, verifyStore } from './custody/proof.ts';
import { hasSignIn } from './grants/index.ts';
import type { Administration } from './http/admin/administration.ts';
import { createCertificateReader } from './http/client-certificate.ts';
import { type HttpServices, urlOf } from './http/endpoint.ts';
import { token } from './http/endpoints/token.ts';
import { upstreamReturn } from './http/endpoints/upstream.ts';
import type { Answered } from './http/server.ts';
import { findFamily } from './issuing/family.ts';
import { ownResource } from './issuing/resource.ts';
import { openRevocations, type Revocations } from './issuing/revocations.ts';
import { type KeyRing, openKeyRing } from './keys/key-ring.ts';
import { manageKeys } from './keys/manage.ts';
import type { Sealer } from './keys/sealing.ts';
import { openSealer } from './keys/sealing-key.ts';
import { openSharedSecret } from './keys/shared-secret.ts';
import { nobody, type Observer } from './metrics/observer.ts';
import { openMetrics } from './metrics/open.ts';
import { indexResources, type Targeting } from './policy/targets.ts';
import { type Clock, systemClock } from './primitives/clock.ts';
import { newId } from './primitives/random.ts';
import type { Sharing } from './primitives/rate.ts';
import { createReport, type Report } from './primitives/report.ts';
import { createNonces } from './proof/nonces.ts';
import { createAccounts } from './sign-in/accounts.ts';
import { createCodes } from './sign-in/codes.ts';
import { createGuessing, type Guessing } from './sign-in/guessing.ts';
import type { ProviderContext } from './sign-in/provider.ts';
import { openSignIn } from './sign-in/sign-in.ts';
import { openUpstreamPeople } from './sign-in/upstream-people.ts';
import { findAuditRow } from './store/audit-rows.ts';
import { findOpaqueToken } from './store/opaque-tokens.ts';
import { announce } from './store/presence.ts';
import { type Access, inSnapshot, isReachable, listen, openStore, orUnavailable, type Store } from './store/store.ts';
import { sweep } from './store/sweep.ts';
import { isUsed, useId } from './store/used-ids.ts';
import { keepLooking } from './store/watch.ts';
import { discoverKeys } from './trust/discovery.ts';
import { type IssuerEntry, indexIssuers, type TrustedIssuer } from './trust/issuer.ts';
import { fetchedKeySource, fixedKeySource } from './trust/key-cache.ts';
import { createOutbound } from './trust/outbound.ts';

export interface RunningServer {
  /** Where it listens: the port is the one that the system chose where the file says 0. */
  readonly port: number;
  /**
   * From when this resolves, requests are judged by another reading of the file; those under way finish with the one they
   * began with. @returns the keys that a restart alone can change
   */
  readonly reload: (configuration: Configuration, text?: string) => Promise<readonly string[]>;
  /**
   * Tells load balancers to turn away, by /readyz and by closing each connection with its answer, and goes on answering for as
   * long as the file says. Resolves at once where nobody is connected.
   */
  readonly announceStop: () => Promise<void>;
  /** Stops listening, answers what has arrived, and closes the store; bounded in time. Once, however often it is called. */
  readonly close: () => Promise<void>;
}

export interface Surroundings {
  readonly clock?: Clock;
  /** As the configuration says, where nothing else is. */
  readonly report?: Report;
  /** Digest of the configuration's text, which nodes compare. */
  readonly text?: string | undefined;
  /** The other processes of this node. */
  readonly sharing?: Sharing | undefined;
}

/** What is bound when the server starts. */
const needRestart = [
  'issuer',
  'server',
  'store',
  'sealingKey',
  'audit',
] as const satisfies readonly (keyof Configuration)[];

/** Milliseconds for requests that are under way when the port closes. */
const DRAIN = 3000;
/** Milliseconds within which a request must be there as a whole. */
const REQUEST_DEADLINE = 10_000;
/** Milliseconds between looks for connections over which nothing is asked any more. */
const IDLE = 50;
/** Milliseconds between deletions of what has expired. */
const SWEEP = 600_000;

/** @throws where the store cannot be opened or the port is taken; nothing stays open then. */
export async function startServer(
  configuration: Configuration,
  { clock = systemClock, report = createReport(configuration.log), text, sharing }: Surroundings = {},
): Promise<RunningServer> {
  const base = { ...(await openBase(configuration, 'write', clock, sharing)), openPeople: openSignIn };
  const { store, revocations } = base;
  const servedBy = sharing === undefined ? 'this process' : 'the first process';
  const metrics = await openMetrics(configuration.server.metrics, servedBy, report);
  try {
    let textInForce = text;
    let readAt = clock();
    const presence = announce(store, { id: newId(), configuration: () => textInForce, clock });
    let stopping = false;
    const withPresence = (read: HttpServices): HttpServices => ({
      ...read,
      presence,
      ready: async () => !stopping && (await read.ready()),
    });
    let inForce = configuration;
    let services = withPresence(await openServices(inForce, base, metrics.observer));
    /** One after the other: the last one counts. */
    let reading = Promise.resolve();
    const readAgain = (next?: Configuration): Promise<void> => {
      reading = reading.then(async () => {
        const { throttled } = services;
        inForce = next ?? inForce;
        services = withPresence({ ...(await openServices(inForce, base, metrics.observer, services)), throttled });
      });
      return reading;
    };
    base.registered.onChange(readAgain);
    const { host, port, announceStop, ...options } = configuration.server;
    const { createHttpServer } = await import('./http/server.ts');
    const answered = (answer: Answered): void => {
      metrics.observer.answered(answer);
      if (configuration.log.level === 'debug') report(...sayAnswer(answer));
    };
    const { server: http, connections } = createHttpServer(() => services, {
      ...options,
      requestDeadline: REQUEST_DEADLINE,
      answered,
      report,
      stopping: () => stopping,
    });
    await http.listen({ host, port });
    const { nodes, agree } = presence;
    await metrics.publish({
      keys: () => services.keys.states(),
      revocations: revocations.count,
      readAt: () => readAt,
      now: clock,
      connections,
      nodes,
      agree,
    });
    const looking = keepLooking(
      [revocations.look, base.registered.look, () => services.keys.look(), presence.look],
      report,
    );
    const listening = await listen(configuration.store, looking.wake);
    const custody = await startCustody(configuration.audit, {
      ...base,
      issuer: configuration.issuer,
      keys: () => services.keys,
      algorithm: services.defaultAlgorithm,
      report,
    });
    const sweeping = setInterval(() => sweep(store, clock()).catch((error) => report(String(error))), SWEEP).unref();
    let closed: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      stopping = true;
      const cut = setTimeout(() => http.server.closeAllConnections(), DRAIN);
      // A connection whose answer was on its way is idle a moment later, and would be kept.
      const idle = setInterval(() => http.server.closeIdleConnections(), IDLE);
      await http.close();
      clearTimeout(cut);
      clearInterval(idle);
      clearInterval(sweeping);
      looking.stop();
      await listening.stop();
      await services.throttled.flush();
      await custody.stop();
      await presence.leave();
      await metrics.close();
      await store.destroy();
    };
    return {
      port: (http.server.address() as AddressInfo).port,
      reload: async (next, nextText) => {
        // What was bound at the start stays.
        await readAgain({ ...next, issuer: configuration.issuer, server: configuration.server });
        textInForce = nextText;
        readAt = clock();
        return needRestart.filter((key) => !isDeepStrictEqual(next[key], configuration[key]));
      },
      announceStop: async () => {
        stopping = true;
        if (connections() > 0) await wait(announceStop);
      },
      close: () => {
        closed ??= close();
        return closed;
      },
    };
  } catch (error) {
    await metrics.close();
    await store.destroy();
    throw error;
  }
}

const sayAnswer = ({ requestId, endpoint = 'no endpoint', status, seconds, event: { reason } }: Answered) =>
  [
    `${endpoint} ${status}${reason === undefined ? '' : ` ${reason}`} in ${(seconds * 1000).toFixed(1)} ms`,
    { level: 'debug', requestId },
  ] as const;

/** What commands read with: the services of a configuration on a store that they cannot change. */
export async function openReader(configuration: Configuration, clock: Clock = systemClock) {
  const base = await openBase(configuration, 'read', clock);
  const { store } = base;
  return {
    services: await openServices(configuration, base, nobody),
    findEvent: async (requestId: string): Promise<AuditEvent | undefined> => {
      const row = await findAuditRow(store, requestId);
      return row && eventOf(row);
    },
    /** The newest first. @throws Error where the cursor is none that a search gave */
    searchEvents: (filter: AuditFilter, page: { cursor?: string | undefined; limit: number }) =>
      searchEvents(store, filter, page),
    /** @param take is given each line of the export of one moment */
    exportAudit: (take: (line: ExportLine) => Promise<void>): Promise<void> =>
      inSnapshot(store, async (database) => {
        for await (const line of exportLines(database)) await take(line);
      }),
    verifyAudit: (known: KnownKeys) => inSnapshot(store, (database) => verifyStore(database, known)),
    close: () => store.destroy(),
  };
}

/** What commands change things with: the operations of the admin API, and what only somebody with the database may do. */
export async function openOperator(configuration: Configuration, clock: Clock = systemClock) {
  const base = await openBase(configuration, 'write', clock);
  const { store, chains } = base;
  const services = await openServices(configuration, base, nobody);
  const { issuer, keys, audit } = configuration;
  const notary = createNotary({ store, issuer, keys: () => services.keys, algorithm: keys.algorithms[0], clock });
  return {
    services,
    erase: (person: Person) => erasePerson(person, { ...base, notary }),
    /** What was written is signed. */
    close: async () => {
      try {
        if (chains.unsigned().length > 0)
          await createCheckpoints({ ...base, notary, every: audit.checkpointEvery }).sign();
      } finally {
        await store.destroy();
      }
    },
  };
}

/** What outlives a reading of the file. */
interface Base {
  readonly access: Access;
  readonly clock: Clock;
  readonly store: Store;
  readonly sealer: Sealer;
  readonly revocations: Revocations;
  readonly registered: RegisteredClients;
  readonly failures: FailureLimit;
  readonly requests: RequestLimit;
  /** What a person sees, which only a server shows. */
  readonly openPeople?: typeof openSignIn;
  /** Passwords that people typed wrong. */
  readonly guessing: Guessing;
  readonly chains: Chains;
  readonly audit: AuditLog;
}

async function openBase(configuration: Configuration, access: Access, clock: Clock, sharing?: Sharing): Promise<Base> {
  const store = await openStore(configuration.store, access, clock());
  try {
    const sealer = openSealer(configuration.sealingKey, access);
    const chains = createChains();
    return {
      access,
      clock,
      store,
      sealer,
      revocations: await openRevocations(store, { issuer: configuration.issuer, clock, access }),
      registered: await openRegisteredClients(store),
      failures: createFailureLimit({ clock, sharing }),
      requests: createRequestLimit(configuration.server.limits, { clock, sharing }),
      guessing: createGuessing(clock),
      chains,
      audit: createAuditLog(store, chains),
    };
  } catch (error) {
    await store.destroy();
    throw error;
  }
}

/** Types of token that are ours. */
const ALWAYS_ENABLED = ['access_token', 'refresh_token', 'jwt'];

/** @param before an earlier reading: what was fetched is kept */
async function openServices(
  configuration: Configuration,
  base: Base,
  observer: Observer,
  before?: Pick<HttpServices, 'issuers' | 'clientKeys'>,
): Promise<HttpServices> {
  const clients = configuration.withRegistered(base.registered.all().values());
  const { issuer, tokenErrorCode, policy, resources, issuers, saml, keys } = configuration;
  const { access, clock, store, sealer, revocations, failures, requests } = base;
  const { clientCertificates, trustProxy, dpopNonces } = configuration.server;
  const audit = observer.audit(base.audit);
  const trusted = issuers.map((entry) =>
    trustIssuer(entry, clock, observer, before?.issuers.byPrincipal(entry.issuer)),
  );
  const clientKeys = openClientKeys(clients, clock, before?.clientKeys);
  const ring = await openKeyRing(store, keys, sealer, clock, access);
  const targeting = indexResources(resources);
  const context = hasSignIn(clients)
    ? await describeSignIn({ ...configuration, clients }, { ...base, keys: ring, targeting })
    : undefined;
  return {
    issuer,
    tokenErrorCode,
    clients,
    clientIndex: indexClients(clients),
    clientKeys,
    keysOf: ({ id }) => clientKeys.get(id)?.source,
    policy,
    signIn: context && createCodes(context),
    people: context && (await base.openPeople?.(context)),
    enabledTypes: new Set([
      ...ALWAYS_ENABLED,
      ...(context ? ['id_token'] : []),
      ...[...issuers, ...saml].flatMap(({ accepts }) => [...accepts]),
    ]),
    resources,
    targeting,
    issuers: indexIssuers(trusted),
    saml: new Map(saml.map((entry) => [entry.entityId, entry])),
    tokenEndpoint: urlOf(token, issuer),
    keys: ring,
    defaultAlgorithm: keys.algorithms[0],
    refreshKey: await openSharedSecret(store, 'refresh-token', sealer, access),
    nonces: dpopNonces ? createNonces(await openSharedSecret(store, 'dpop-nonce', sealer, access), clock) : undefined,
    isUsed: (id) => orUnavailable(isUsed(store, id)),
    findOpaque: (hash) => orUnavailable(findOpaqueToken(store, hash)),
    findFamily: (id) => orUnavailable(findFamily(store, id)),
    revocations,
    readCertificate:
      clientCertificates.asked || clientCertificates.header
        ? createCertificateReader(clientCertificates, trustProxy)
        : undefined,
    useOnce: (id, expiresAt) => orUnavailable(useId(store, id, expiresAt * 1000)),
    audit,
    admin: administer(configuration, base, audit),
    throttled: countThrottled(audit),
    failures,
    requests,
    clock,
    ready: async () => revocations.isFresh() && (await isReachable(store)),
  };
}

/** What people sign in with, and where: the file's part of it, and the store's. */
async function describeSignIn(
  { issuer, clients, accounts, upstream, keys: { algorithms } }: Configuration,
  base: Base & { readonly keys: KeyRing; readonly targeting: Targeting },
): Promise<ProviderContext> {
  const { store, sealer, access, revocations, guessing } = base;
  const cookieKey = await openSharedSecret(store, 'cookies', sealer, access);
  return {
    ...base,
    issuer,
    clients,
    accounts: createAccounts(accounts, guessing, upstream && openUpstreamPeople(upstream.name, base)),
    upstream:
      upstream &&
      (await import('./sign-in/upstream.ts')).createUpstream(upstream, {
        outbound: createOutbound(upstream.network),
        redirectUri: urlOf(upstreamReturn, issuer),
        secret: cookieKey,
        clock: base.clock,
      }),
    own: ownResource(issuer, algorithms[0]),
    cookieKey,
    endSession: (session) => revocations.revoke(session),
  };
}

function administer(
  configuration: Configuration,
  { store, sealer, clock, registered }: Base,
  audit: AuditLog,
): Administration {
  const { entries, keys, faultsOf } = configuration;
  return {
    entries,
    fileClients: new Map(entries.clients.map(({ id, ...entry }) => [String(id), entry])),
    clientEntry,
    registered,
    faultsOf: async (id, stored) =>
      (await faultsOf(id, stored)).map(({ path, message }) => ({ at: `body.${path}`, detail: message })),
    rulesNaming: (clientId) =>
      entries.rules.flatMap(({ name, client, subject, actor }, index) => {
        const clients = [client, ...[subject, actor].map((party) => (party as Entry | undefined)?.clients)].flat();
        return clients.includes(clientId) ? [String(name ?? `rules[${index}]`)] : [];
      }),
    reread: () => orUnavailable(registered.look()),
    keys: manageKeys(store, keys, sealer, clock),
    algorithms: keys.algorithms,
    commit: (event, write) => {
      event.outcome ??= 'changed';
      event.duration = clock() - event.time;
      return audit.appendWith(event, write);
    },
    searchEvents: (filter, page) => orUnavailable(searchEvents(store, filter, page)),
    findEvent: async (requestId) => {
      const row = await orUnavailable(findAuditRow(store, requestId));
      return row && eventOf(row);
    },
  };
}

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

export { ConfigurationError } from './config/fault.ts';
export { loadConfiguration } from './config/load.ts';
export { untilToldToStop } from './stop.ts';
