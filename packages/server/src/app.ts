// The composition root: the only file that wires parts together.
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { AuditEvent } from './audit/event.ts';
import type { ExportLine } from './audit/export.ts';
import { eventOf } from './audit/row.ts';
import { type AuditFilter, searchEvents } from './audit/search.ts';
import { createCheckpoints } from './audit-retention/checkpoint.ts';
import { erasePerson, type Person } from './audit-retention/erasure.ts';
import { exportLines, type KnownKeys, verifyStore } from './audit-retention/proof.ts';
import { startCustody } from './audit-retention/retain.ts';
import { createNotary } from './audit-retention/statement-signer.ts';
import type { Configuration } from './config/configuration.ts';
import type { HttpServices } from './http/endpoint.ts';
import type { Answered } from './http/life.ts';
import { nobody } from './metrics/observer.ts';
import { openMetrics } from './metrics/open.ts';
import { type Clock, systemClock } from './primitives/clock.ts';
import { createReport, type Report } from './primitives/log.ts';
import { newId } from './primitives/random.ts';
import type { Sharing } from './primitives/rate.ts';
import { openBase, openServices } from './services.ts';
import { openSignIn } from './sign-in/sign-in.ts';
import { findAuditRow } from './store/audit-rows.ts';
import { announce } from './store/presence.ts';
import { inSnapshot, listen } from './store/store.ts';
import { sweep } from './store/sweep.ts';
import { keepLooking } from './store/watch.ts';

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
      store,
      [revocations.look, base.registered.look, (changed) => services.keys.look(changed), presence.look],
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

export { ConfigurationError } from './config/fault.ts';
export { loadConfiguration } from './config/load.ts';
export { untilToldToStop } from './stop.ts';
