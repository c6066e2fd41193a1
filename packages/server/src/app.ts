// The composition root: the only file that wires parts together.
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { type AuditEvent, beginEvent } from './audit/event.ts';
import { createAuditLog } from './audit/log.ts';
import { createFailureLimit } from './client-auth/failure-limit.ts';
import type { Configuration } from './config/configuration.ts';
import type { HttpServices } from './http/endpoint.ts';
import { createHttpServer } from './http/server.ts';
import { findFamily } from './issuing/family.ts';
import { openRevocations, type Revocations } from './issuing/revocations.ts';
import { openKeyRing } from './keys/key-ring.ts';
import { indexResources } from './policy/targets.ts';
import { type Clock, systemClock } from './primitives/clock.ts';
import { newId } from './primitives/random.ts';
import { findAuditEvent, listAuditEvents } from './store/audit-rows.ts';
import { findOpaqueToken } from './store/opaque-tokens.ts';
import { sharedSecret } from './store/secrets.ts';
import { type Access, isReachable, openStore, orUnavailable, readStore, type Store } from './store/store.ts';
import { sweep } from './store/sweep.ts';
import { isUsed } from './store/used-ids.ts';
import { discoverKeys } from './trust/discovery.ts';
import { type IssuerEntry, indexIssuers, type TrustedIssuer, type TrustedIssuers } from './trust/issuer.ts';
import { fetchedKeySource, fixedKeySource } from './trust/key-cache.ts';
import { createOutbound } from './trust/outbound.ts';

export interface RunningServer {
  /** Where it listens: the port is the one that the system chose where the file says 0. */
  readonly port: number;
  /**
   * From when this resolves, requests are judged by another reading of the file; those under way finish with the one they
   * began with. @returns the keys that a restart alone can change
   */
  readonly reload: (configuration: Configuration) => Promise<readonly string[]>;
  /** Stops listening, answers what has arrived, and closes the store; bounded in time. Once, however often it is called. */
  readonly close: () => Promise<void>;
}

export interface Surroundings {
  readonly clock?: Clock;
  /** Lines for people, about what fails on our side. */
  readonly report?: (line: string) => void;
}

/** What is bound when the server starts. */
const needRestart = ['issuer', 'server', 'store'] as const satisfies readonly (keyof Configuration)[];

/** Milliseconds for requests that are under way when the server is told to stop. */
const DRAIN = 4000;

/** @throws where the store cannot be opened or the port is taken; nothing stays open then. */
export async function startServer(
  configuration: Configuration,
  { clock = systemClock, report = console.error }: Surroundings = {},
): Promise<RunningServer> {
  const store = await openStore(configuration.store, clock());
  const revocations = await openRevocations(store, clock);
  const sweeping = setInterval(() => sweep(store, clock()).catch((error) => report(String(error))), SWEEP);
  sweeping.unref();
  const closeStore = async (): Promise<void> => {
    clearInterval(sweeping);
    revocations.stop();
    await store.destroy();
  };
  try {
    const opened = { store, access: 'write', revocations, clock } as const;
    let services = await openServices(configuration, opened);
    const { host, port, ...options } = configuration.server;
    const http = createHttpServer(() => services, { ...options, report });
    await http.listen({ host, port });
    let closed: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      const cut = setTimeout(() => http.server.closeAllConnections(), DRAIN);
      await http.close();
      clearTimeout(cut);
      await closeStore();
    };
    return {
      port: (http.server.address() as AddressInfo).port,
      reload: async (next) => {
        const { audit, failures } = services;
        const read = await openServices(
          { ...next, issuer: configuration.issuer },
          { ...opened, before: services.issuers },
        );
        services = { ...read, audit, failures };
        return needRestart.filter((key) => !isDeepStrictEqual(next[key], configuration[key]));
      },
      close: () => {
        closed ??= close();
        return closed;
      },
    };
  } catch (error) {
    await closeStore();
    throw error;
  }
}

/** What commands read with: the services of a configuration on a store that they cannot change. */
export async function openReader(configuration: Configuration, clock: Clock = systemClock) {
  const store = readStore(configuration.store);
  const revocations = await openRevocations(store, clock);
  const findEvent = async (requestId: string): Promise<AuditEvent | undefined> => {
    const text = await findAuditEvent(store, requestId);
    return text === undefined ? undefined : JSON.parse(text);
  };
  const close = async (): Promise<void> => {
    revocations.stop();
    await store.destroy();
  };
  const services = await openServices(configuration, { store, access: 'read', revocations, clock });
  return {
    services,
    findEvent,
    listEvents: (after: number, limit: number) => listAuditEvents(store, after, limit),
    isUsed: (id: string) => isUsed(store, id),
    close,
  };
}

/** Kills tokens by id, with an audit row each. */
export async function openRevoker(configuration: Configuration, clock: Clock = systemClock) {
  const store = await openStore(configuration.store, clock());
  const revocations = await openRevocations(store, clock);
  const audit = createAuditLog(store);
  return {
    revoke: (id: string): Promise<void> => {
      const event = beginEvent({ time: clock(), requestId: newId(), address: 'command line', action: 'revoke' });
      Object.assign(event, { outcome: 'revoked', revoked: id } satisfies Partial<AuditEvent>);
      return revocations.revoke(id, (write) => audit.appendWith(event, write));
    },
    close: async (): Promise<void> => {
      revocations.stop();
      await store.destroy();
    },
  };
}

/** Milliseconds between deletions of what has expired. */
const SWEEP = 600_000;

interface Opened {
  readonly store: Store;
  readonly access: Access;
  readonly revocations: Revocations;
  readonly clock: Clock;
  /** The issuers of an earlier reading: their keys are kept. */
  readonly before?: TrustedIssuers;
}

async function openServices(
  configuration: Configuration,
  { store, access, revocations, clock, before }: Opened,
): Promise<HttpServices> {
  const { issuer, tokenErrorCode, clients, policy, resources, issuers, algorithms } = configuration;
  return {
    issuer,
    tokenErrorCode,
    clients,
    policy,
    enabledTypes: new Set(['access_token', 'refresh_token', 'jwt', ...issuers.flatMap(({ accepts }) => [...accepts])]),
    targeting: indexResources(resources),
    issuers: indexIssuers(issuers.map((entry) => trustIssuer(entry, clock, before?.byIssuer(entry.issuer)))),
    // A reader makes no key: what nobody has signed yet, nobody can explain.
    keys: await openKeyRing(store, access === 'write' ? algorithms : [], clock),
    defaultAlgorithm: algorithms[0],
    refreshKey: await sharedSecret(store, 'refresh-token', access),
    findOpaque: (hash) => orUnavailable(findOpaqueToken(store, hash)),
    findFamily: (id) => orUnavailable(findFamily(store, id)),
    revocations,
    audit: createAuditLog(store),
    failures: createFailureLimit(clock),
    clock,
    ready: () => isReachable(store),
  };
}

function trustIssuer(entry: IssuerEntry, clock: Clock, before: TrustedIssuer | undefined): TrustedIssuer {
  if (before?.network === entry.network && isDeepStrictEqual(before.keys, entry.keys)) {
    return { ...entry, outbound: before.outbound, keySource: before.keySource };
  }
  const outbound = createOutbound(entry.network);
  const { keys } = entry;
  const locate = async (): Promise<string> =>
    typeof keys === 'object' && 'jwksUri' in keys ? keys.jwksUri : discoverKeys(entry.issuer, outbound);
  const keySource =
    typeof keys === 'object' && 'jwks' in keys ? fixedKeySource(keys.jwks) : fetchedKeySource(outbound, locate, clock);
  return { ...entry, outbound, keySource };
}

export { ConfigurationError } from './config/fault.ts';
export { loadConfiguration } from './config/load.ts';
export { untilToldToStop } from './stop.ts';
