// Starts a server: opens a node, keeps it up to date, and listens.
import { setTimeout as wait } from 'node:timers/promises';
import { shortDigest } from './audit/configuration.ts';
import type { BrokenRenewal, Configuration } from './config/configuration.ts';
import { certificatesOf } from './config/expiring.ts';
import { faultsIn } from './config/fault.ts';
import { keepBound } from './config/restart.ts';
import type { ReadingOrigin } from './configuration-record.ts';
import type { Answered } from './http/handle.ts';
import type { ServerState } from './metrics/gauges.ts';
import { openNode, type ServerNode, type StartOptions } from './open-node.ts';
import { systemClock } from './primitives/clock.ts';
import { createEndings } from './primitives/endings.ts';
import { describeListenFailure } from './primitives/failure.ts';
import { createReport } from './primitives/log.ts';
import { describeDatabaseFailure } from './store/failure.ts';
import { keepUpToDate } from './upkeep.ts';

export interface RunningServer {
  /** The port that the server listens on. The system chooses it if the file says 0. */
  readonly port: number;
  /** False if the file has no metrics, or their port is in use. */
  readonly servesMetrics: boolean;
  /**
   * Puts another configuration in force. When it resolves, new requests use it; requests in progress finish with the configuration
   * that they began with.
   * @returns the keys of the file whose values wait for a restart
   * @throws ConfigurationError if the issuer differs, or a registered client has a name that the file uses: then nothing changes.
   *   Another error if the first attempt fails: attempts go on until this configuration, or a later one, is in force
   */
  readonly reload: (configuration: Configuration, origin?: ReadingOrigin) => Promise<readonly string[]>;
  /**
   * Records that the file is invalid. The configuration in force stays, and a metric shows the fault until the next `reload`.
   * Resolves once the audit has the row, or the database has failed.
   */
  readonly refuseFile: (error: Error, origin: ReadingOrigin) => Promise<void>;
  /** Puts the configuration in force again, with renewed secrets and certificates, while the file is invalid. */
  readonly renew: (configuration: Configuration, origin?: ReadingOrigin) => Promise<void>;
  /** Records that renewed files are unusable. Those before them stay in force. */
  readonly keepFiles: (broken: readonly BrokenRenewal[]) => void;
  /**
   * Makes load balancers stop sending requests, by /readyz and by closing each connection with its answer, and continues to
   * answer for as long as the file says. Resolves at once if nobody is connected.
   */
  readonly announceStop: () => Promise<void>;
  /**
   * Stops listening, answers the requests that have arrived, and closes the store, within bounded time. Later calls do nothing
   * more.
   */
  readonly close: () => Promise<void>;
}

/** Time for the requests in progress when the port closes. */
const DRAIN_MS = 3000;
/** Time for everything that ends with the server, so that a database or sink that hangs cannot delay it for longer. */
const STOP_MS = 15_000;
/** Time in which a whole request must arrive. */
const REQUEST_DEADLINE_MS = 10_000;

/**
 * @throws Error if the store cannot be opened, a registered client has a name that the file uses, or the port is in use; nothing
 *   stays open then
 */
export async function startServer(
  configuration: Configuration,
  { clock = systemClock, report = createReport(configuration.log), ...others }: StartOptions = {},
): Promise<RunningServer> {
  const endings = createEndings(STOP_MS);
  try {
    const node = await openNode(configuration, { clock, report, ...others, endings });
    const { polling, auditRetention } = await keepUpToDate(node);
    const { port, http } = await listenForRequests(node);
    const { connections } = http;
    const { unverified: unverifiedStatements, indexLag: auditIndexLag } = auditRetention;
    const servesMetrics = await publishMetrics(node, {
      connections,
      pollAge: polling.age,
      unverifiedStatements,
      auditIndexLag,
    });
    const putInForce = async (next: Configuration, origin?: ReadingOrigin): Promise<readonly string[]> => {
      node.state.noteBroken(next.broken);
      const kept = keepBound(configuration, next);
      node.state.noteWaiting(kept.waiting);
      const { tls, clientCertificates } = kept.server;
      http.renew({ tls, authorities: clientCertificates.authorities });
      await node.inForce.want({ configuration: kept, origin });
      return kept.waiting.map(({ key }) => key);
    };
    let closed: Promise<void> | undefined;
    return {
      port,
      servesMetrics,
      reload: async (next, origin) => {
        try {
          next.requireIssuer(configuration.issuer);
          next.checkBeside(node.base.registered.all().values());
        } catch (error) {
          node.state.noteFault(error);
          throw error;
        }
        node.state.clearFault();
        return putInForce(next, origin);
      },
      renew: async (next, origin) => void (await putInForce(next, origin)),
      refuseFile: async (error, origin) => {
        node.state.noteFault(error);
        await node.record
          .reject({ origin, faults: faultsIn(error) }, node.inForce.kept())
          .catch((failure) => report(`the audit has no row of the invalid file: ${describeDatabaseFailure(failure)}`));
      },
      keepFiles: node.state.noteBroken,
      announceStop: async () => {
        node.state.stopping = true;
        if (connections() > 0) await wait(configuration.server.announceStop);
      },
      close: () => {
        node.state.stopping = true;
        closed ??= endings.end();
        return closed;
      },
    };
  } catch (error) {
    await endings.end().catch(() => undefined);
    throw error;
  }
}

/** @returns the port, and the server that listens there */
async function listenForRequests({ configuration, metrics, inForce, report, endings, state }: ServerNode) {
  const { host, port, announceStop: _, ...options } = configuration.server;
  const { createHttpServer } = await import('./http/server.ts');
  const http = createHttpServer(inForce.services, {
    ...options,
    requestDeadlineMs: REQUEST_DEADLINE_MS,
    answered: (answer) => {
      metrics.observer.answered(answer);
      if (configuration.log.level === 'debug') report(...describeAnswer(answer));
    },
    report,
    stopping: () => state.stopping,
  });
  const boundPort = await http.listen({ host, port }).catch((error: Error) => {
    throw new Error(describeListenFailure(error, { host, port }, 'server'), { cause: error });
  });
  endings.add(() => http.close(DRAIN_MS));
  return { port: boundPort, http };
}

function publishMetrics(
  { base, metrics, presence, readiness, inForce, state, observed }: ServerNode,
  seen: Pick<ServerState, 'connections' | 'pollAge' | 'unverifiedStatements' | 'auditIndexLag'>,
): Promise<boolean> {
  const known = {
    ...seen,
    keys: () => inForce.services().keys.states(),
    revocations: base.revocations.count,
    regionAges: () =>
      (base.regions?.states() ?? []).map(({ name: region, age = Number.POSITIVE_INFINITY }) => ({ region, age })),
    replicaHasFailed: () => base.readers.failure() !== undefined,
    readAt: inForce.readAt,
    pendingFor: inForce.pendingFor,
    fileIsFaulty: state.isFaulty,
    reloadHasFailed: () => state.isFaulty() || state.broken().length > 0 || inForce.hasFailed(),
    brokenRenewals: () => state.broken().map(({ entry }) => entry),
    digest: () => shortDigest(inForce.kept().digest),
    certificates: () => certificatesOf(inForce.configuration()),
    now: base.clock,
    nodes: presence.nodes,
    agree: presence.agree,
  };
  observed.state = known;
  return metrics.publish({ ...known, readiness });
}

const describeAnswer = ({ requestId, endpoint = 'no endpoint', status, seconds, event: { reason } }: Answered) =>
  [
    `${endpoint} ${status}${reason === undefined ? '' : ` ${reason}`} in ${(seconds * 1000).toFixed(1)} ms`,
    { level: 'debug', requestId },
  ] as const;

export { ConfigurationError } from './config/fault.ts';
export { loadConfiguration } from './config/load.ts';
export type { ReadingOrigin } from './configuration-record.ts';
export { openOperator, openReader } from './offline.ts';
export { untilToldToStop } from './stop.ts';
