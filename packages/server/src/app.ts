// The composition root: the only file that wires parts together.
import type { AddressInfo } from 'node:net';
import { createAuditLog } from './audit/log.ts';
import { createFailureLimit } from './client-auth/failure-limit.ts';
import type { Configuration } from './config/configuration.ts';
import type { HttpServices } from './http/endpoint.ts';
import { createHttpServer } from './http/server.ts';
import { openKeyRing } from './keys/key-ring.ts';
import { indexResources } from './policy/targets.ts';
import { type Clock, systemClock } from './primitives/clock.ts';
import { openStore } from './store/store.ts';

export interface RunningServer {
  /** Where it listens: the port is the one that the system chose where the file says 0. */
  readonly port: number;
  /** Stops listening, answers what has arrived, and closes the store; bounded in time. Once, however often it is called. */
  readonly close: () => Promise<void>;
}

export interface Surroundings {
  readonly clock?: Clock;
  /** Lines for people, about what fails on our side. */
  readonly report?: (line: string) => void;
}

/** Milliseconds for requests that are under way when the server is told to stop. */
const DRAIN = 4000;

/** @throws where the store cannot be opened or the port is taken; nothing stays open then. */
export async function startServer(
  configuration: Configuration,
  { clock = systemClock, report = console.error }: Surroundings = {},
): Promise<RunningServer> {
  const store = await openStore(configuration.store, clock());
  try {
    const services: HttpServices = {
      issuer: configuration.issuer,
      tokenErrorCode: configuration.tokenErrorCode,
      clients: configuration.clients,
      policy: configuration.policy,
      targeting: indexResources(configuration.resources),
      keys: await openKeyRing(store, configuration.algorithms, clock),
      audit: createAuditLog(store),
      failures: createFailureLimit(clock),
      clock,
      ready: () =>
        store
          .selectFrom('migrations')
          .select('name')
          .limit(1)
          .execute()
          .then(
            () => true,
            () => false,
          ),
    };
    const { host, port, ...options } = configuration.server;
    const http = createHttpServer(() => services, { ...options, report });
    await http.listen({ host, port });
    let closed: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      const cut = setTimeout(() => http.server.closeAllConnections(), DRAIN);
      await http.close();
      clearTimeout(cut);
      await store.destroy();
    };
    return {
      port: (http.server.address() as AddressInfo).port,
      close: () => {
        closed ??= close();
        return closed;
      },
    };
  } catch (error) {
    await store.destroy();
    throw error;
  }
}

export { ConfigurationError } from './config/fault.ts';
export { loadConfiguration } from './config/load.ts';
export { untilToldToStop } from './stop.ts';
