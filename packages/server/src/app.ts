// Starts a server: opens what it needs, keeps it up to date, and listens.
import { createHmac } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { shortDigest } from './audit/configuration.ts';
import { type AuditRetention, startAuditRetention } from './audit-retention/retain.ts';
import { type Base, openBase } from './base.ts';
import type { BrokenRenewal, Configuration } from './config/configuration.ts';
import { certificatesOf } from './config/expiring.ts';
import { faultsIn } from './config/fault.ts';
import { atStart, keepBound } from './config/restart.ts';
import { type ConfigurationRecord, createConfigurationRecord, type ReadingOrigin } from './configuration-record.ts';
import type { Answered } from './http/handle.ts';
import type { Readiness } from './http/readiness.ts';
import { type InForce, openInForce } from './in-force.ts';
import type { ServerState } from './metrics/gauges.ts';
import { type OpenMetrics, openMetrics } from './metrics/open.ts';
import { createNodeState, examineNode, type NodeState } from './node-readiness.ts';
import { type Clock, systemClock } from './primitives/clock.ts';
import { createEndings, type Endings } from './primitives/endings.ts';
import { describeListenFailure } from './primitives/failure.ts';
import { createReport, type Report } from './primitives/log.ts';
import { newId } from './primitives/random.ts';
import type { Sharing } from './primitives/rate.ts';
import { openSignIn } from './sign-in/sign-in.ts';
import { describeDatabaseFailure } from './store/failure.ts';
import { type Polling, startPolling } from './store/poll.ts';
import { announce, type Presence } from './store/presence.ts';
import { listen } from './store/store.ts';
import { sweep } from './store/sweep.ts';
import { openPatiently, type WaitOptions } from './store/wait.ts';

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
  readonly reload: (configuration: Configuration, text?: string, origin?: ReadingOrigin) => Promise<readonly string[]>;
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

export interface StartOptions {
  readonly clock?: Clock;
  /** The default writes lines as the configuration says. */
  readonly report?: Report;
  /** Digest of the configuration's text, which nodes compare. */
  readonly text?: string | undefined;
  /** The file that the configuration was read from. Without it, the audit has no rows about configurations. */
  readonly origin?: ReadingOrigin | undefined;
  /** The other processes of this node. */
  readonly sharing?: Sharing | undefined;
  /** A random text that the processes of this node share. */
  readonly node?: string | undefined;
  /** How long to wait for the database. By default there is one attempt. */
  readonly wait?: WaitOptions;
}

/** Time for the requests in progress when the port closes. */
const DRAIN_MS = 3000;
/** Time for everything that ends with the server, so that a database or sink that hangs cannot delay it for longer. */
const STOP_MS = 15_000;
/** Time in which a whole request must arrive. */
const REQUEST_DEADLINE_MS = 10_000;
/** Time between deletions of expired rows. */
const SWEEP_MS = 600_000;

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
    const node = await open(configuration, { clock, report, ...others, endings });
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
    const putInForce = async (
      next: Configuration,
      text: string | undefined,
      origin?: ReadingOrigin,
    ): Promise<readonly string[]> => {
      node.state.noteBroken(next.broken);
      const kept = keepBound(configuration, next);
      node.state.noteWaiting(kept.waiting);
      const { tls, clientCertificates } = kept.server;
      http.renew({ tls, authorities: clientCertificates.authorities });
      await node.inForce.want({ configuration: kept, text, origin });
      return kept.waiting.map(({ key }) => key);
    };
    const { text: textInForce } = node.inForce;
    let closed: Promise<void> | undefined;
    return {
      port,
      servesMetrics,
      reload: async (next, text, origin) => {
        try {
          next.requireIssuer(configuration.issuer);
          next.checkBeside(node.base.registered.all().values());
        } catch (error) {
          node.state.noteFault(error);
          throw error;
        }
        node.state.clearFault();
        return putInForce(next, text, origin);
      },
      renew: async (next, origin) => void (await putInForce(next, textInForce(), origin)),
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

/** A running node, with an open store. */
interface Node {
  /** The configuration that it started with. */
  readonly configuration: Configuration;
  readonly base: Base;
  readonly metrics: OpenMetrics;
  readonly presence: Presence;
  readonly inForce: InForce;
  readonly record: ConfigurationRecord;
  readonly report: Report;
  readonly endings: Endings;
  readonly readiness: () => Promise<Readiness>;
  readonly state: NodeState;
}

type Opening = StartOptions & Required<Pick<StartOptions, 'clock' | 'report'>> & { readonly endings: Endings };

/** Opens the store, and the services of the configuration. */
async function open(configuration: Configuration, opening: Opening): Promise<Node> {
  const { clock, report, text, origin, sharing, node = newId(), wait: waiting, endings } = opening;
  const access = { sharing, schema: 'migrate', threads: { report } } as const;
  const opened = await openPatiently(() => openBase(configuration, 'write', clock, access), report, waiting);
  const base = { ...opened, openPeople: openSignIn };
  endings.add(() => base.store.destroy());
  configuration.checkBeside(base.registered.all().values());
  const servedBy = sharing === undefined ? 'this process' : 'the first process';
  const metrics = await openMetrics(configuration.server.metrics, servedBy, report);
  endings.add(metrics.close);
  const state = createNodeState(clock);
  let reported: Parameters<typeof announce>[1]['report'] = () => undefined;
  const presence: Presence = announce(base.store, { id: newId(), report: () => reported(), clock });
  endings.add(presence.leave);
  const readiness = examineNode(state, base, presence);
  const record = createConfigurationRecord(base, node);
  const inForce = await openInForce(
    { configuration: atStart(configuration), text, origin },
    {
      base,
      observer: metrics.observer,
      report,
      record,
      withNode: (read) => ({ ...read, presence, readiness }),
    },
  );
  endings.add(inForce.stop);
  reported = await createPresenceReport(inForce, base);
  state.pendingFor = inForce.pendingFor;
  return { configuration, base, metrics, presence, readiness, inForce, record, report, endings, state };
}

/** What nodes compare is keyed by their shared secret: the text of a file may contain a short secret, which a plain digest gives away. */
async function createPresenceReport({ text, kept }: InForce, { sharedSecret }: Base) {
  const secret = await sharedSecret('configuration');
  return () => {
    const now = text();
    if (now === undefined) return undefined;
    return { configuration: createHmac('sha256', secret).update(now).digest('hex'), kept: kept().digest };
  };
}

/** Starts everything that runs beside requests: polling, retention of the audit log, deletion of expired rows. */
async function keepUpToDate(node: Node): Promise<{ polling: Polling; auditRetention: AuditRetention }> {
  const { configuration, base, presence, inForce, record, report, endings } = node;
  const { store, clock, freshness, revocations, suspensions, registered } = base;
  const { services } = inForce;
  // Clients first: a node that knows a new client must know the revocations of its id, which were committed in the same
  // transaction.
  const polls = [
    registered.poll,
    revocations.poll,
    suspensions.poll,
    (changed?: Promise<boolean>) => services().keys.poll(changed),
  ];
  const polling = startPolling(store, polls, { beside: presence.poll, freshness, report });
  endings.add(polling.stop);
  const auditRetention = await startAuditRetention(configuration.audit, {
    ...base,
    issuer: configuration.issuer,
    keys: () => services().keys,
    algorithm: services().defaultAlgorithm,
    report,
    renewedHeaders: (sink, url) =>
      inForce.configuration().audit.sinks.find(({ name, place }) => name === sink && place?.url === url)?.place
        ?.headers,
  });
  endings.add(auditRetention.stop);
  endings.add(() => services().throttled.flush());
  const notifications = await listen(configuration.store, polling.wake);
  endings.add(notifications.stop);
  const sweeping = setInterval(() => {
    sweep(store, clock()).catch((error) => report(`expired rows are not deleted: ${describeDatabaseFailure(error)}`));
    // A failure matters little: the texts are kept for a day longer than needed.
    record.touch(inForce.kept()).catch(() => undefined);
  }, SWEEP_MS).unref();
  endings.add(() => clearInterval(sweeping));
  // The state that was read when the store was opened may be old by now.
  await polling.wake();
  return { polling, auditRetention };
}

/** @returns the port, and the server that listens there */
async function listenForRequests({ configuration, metrics, inForce, report, endings, state }: Node) {
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
  { base, metrics, presence, readiness, inForce, state }: Node,
  seen: Pick<ServerState, 'connections' | 'pollAge' | 'unverifiedStatements' | 'auditIndexLag'>,
): Promise<boolean> {
  return metrics.publish({
    ...seen,
    keys: () => inForce.services().keys.states(),
    revocations: base.revocations.count,
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
    readiness,
  });
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
