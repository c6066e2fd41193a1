// Starts a server: opens what it needs, keeps it up to date, and listens.
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { startCustody } from './audit-retention/retain.ts';
import type { Configuration } from './config/configuration.ts';
import type { Answered } from './http/life.ts';
import { type InForce, openInForce } from './in-force.ts';
import { type OpenMetrics, openMetrics } from './metrics/open.ts';
import { type Clock, systemClock } from './primitives/clock.ts';
import { createReport, type Report } from './primitives/log.ts';
import { newId } from './primitives/random.ts';
import type { Sharing } from './primitives/rate.ts';
import { type Base, openBase } from './services.ts';
import { openSignIn } from './sign-in/sign-in.ts';
import { startPolling } from './store/poll.ts';
import { announce, type Presence } from './store/presence.ts';
import { listen } from './store/store.ts';
import { sweep } from './store/sweep.ts';

export interface RunningServer {
  /** The port that it listens on; the system chose it where the file says 0. */
  readonly port: number;
  /**
   * Puts another reading of the file in force. From when this resolves, requests are judged by it; those under way finish with
   * the configuration that they began with. @returns the keys that changed and take a restart
   */
  readonly reload: (configuration: Configuration, text?: string) => Promise<readonly string[]>;
  /**
   * Tells load balancers to turn away, by /readyz and by closing each connection with its answer, and goes on answering for as
   * long as the file says. Resolves at once where nobody is connected.
   */
  readonly announceStop: () => Promise<void>;
  /** Stops listening, answers what has arrived, and closes the store, within bounded time. Later calls do nothing more. */
  readonly close: () => Promise<void>;
}

export interface StartOptions {
  readonly clock?: Clock;
  /** The default writes lines as the configuration says. */
  readonly report?: Report;
  /** Digest of the configuration's text, which nodes compare. */
  readonly text?: string | undefined;
  /** The other processes of this node. */
  readonly sharing?: Sharing | undefined;
}

/** Keys of the file that are bound at the start. */
const NEED_RESTART = [
  'issuer',
  'server',
  'store',
  'sealingKey',
  'audit',
] as const satisfies readonly (keyof Configuration)[];

/** Time for requests that are under way when the port closes. */
const DRAIN_MS = 3000;
/** Time within which a whole request must arrive. */
const REQUEST_DEADLINE_MS = 10_000;
/** Time between two searches for idle connections, while the server closes. */
const IDLE_MS = 50;
/** Time between deletions of expired rows. */
const SWEEP_MS = 600_000;

/** @throws where the store cannot be opened or the port is taken; nothing stays open then */
export async function startServer(
  configuration: Configuration,
  { clock = systemClock, report = createReport(configuration.log), text, sharing }: StartOptions = {},
): Promise<RunningServer> {
  const endings = createEndings();
  try {
    const node = await open(configuration, { clock, report, text, sharing, endings });
    await keepUpToDate(node);
    const { port, connections } = await listenForRequests(node);
    let closed: Promise<void> | undefined;
    return {
      port,
      reload: async (next, nextText) => {
        // What was bound at the start stays.
        await node.inForce.put({ ...next, issuer: configuration.issuer, server: configuration.server });
        node.state.text = nextText;
        node.state.readAt = clock();
        return NEED_RESTART.filter((key) => !isDeepStrictEqual(next[key], configuration[key]));
      },
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

/** A running node, from when its store is open. */
interface Node {
  /** The configuration that it started with. */
  readonly configuration: Configuration;
  readonly base: Base;
  readonly metrics: OpenMetrics;
  readonly presence: Presence;
  readonly inForce: InForce;
  readonly report: Report;
  readonly endings: Endings;
  readonly state: {
    stopping: boolean;
    /** Digest of the text in force. */
    text: string | undefined;
    /** When it was read, in milliseconds since 1970. */
    readAt: number;
  };
}

type Opening = Required<Omit<StartOptions, 'text' | 'sharing'>> &
  Pick<StartOptions, 'text' | 'sharing'> & { readonly endings: Endings };

/** Opens the store, and the services of the configuration. */
async function open(configuration: Configuration, { clock, report, text, sharing, endings }: Opening): Promise<Node> {
  const base = { ...(await openBase(configuration, 'write', clock, sharing)), openPeople: openSignIn };
  endings.add(() => base.store.destroy());
  const servedBy = sharing === undefined ? 'this process' : 'the first process';
  const metrics = await openMetrics(configuration.server.metrics, servedBy, report);
  endings.add(metrics.close);
  const state = { stopping: false, text, readAt: clock() };
  const presence = announce(base.store, { id: newId(), configuration: () => state.text, clock });
  endings.add(presence.leave);
  const inForce = await openInForce(configuration, {
    base,
    observer: metrics.observer,
    withNode: (read) => ({ ...read, presence, ready: async () => !state.stopping && (await read.ready()) }),
  });
  return { configuration, base, metrics, presence, inForce, report, endings, state };
}

/** Starts everything that runs beside requests: polling, custody of the audit, deletion of expired rows. */
async function keepUpToDate({ configuration, base, presence, inForce, report, endings }: Node): Promise<void> {
  const { store, clock, revocations, registered } = base;
  const { services } = inForce;
  const custody = await startCustody(configuration.audit, {
    ...base,
    issuer: configuration.issuer,
    keys: () => services().keys,
    algorithm: services().defaultAlgorithm,
    report,
  });
  endings.add(custody.stop);
  endings.add(() => services().throttled.flush());
  const polls = [revocations.poll, registered.poll, (changed?: Promise<boolean>) => services().keys.poll(changed)];
  const polling = startPolling(store, [...polls, presence.poll], report);
  endings.add(polling.stop);
  const notifications = await listen(configuration.store, polling.wake);
  endings.add(notifications.stop);
  const sweeping = setInterval(() => sweep(store, clock()).catch((error) => report(String(error))), SWEEP_MS).unref();
  endings.add(() => clearInterval(sweeping));
}

/** @returns the port, and how many connections are open now */
async function listenForRequests({ configuration, base, metrics, presence, inForce, report, endings, state }: Node) {
  const { host, port, announceStop: _, ...options } = configuration.server;
  const { createHttpServer } = await import('./http/server.ts');
  const { server: http, connections } = createHttpServer(inForce.services, {
    ...options,
    requestDeadline: REQUEST_DEADLINE_MS,
    answered: (answer) => {
      metrics.observer.answered(answer);
      if (configuration.log.level === 'debug') report(...describeAnswer(answer));
    },
    report,
    stopping: () => state.stopping,
  });
  await http.listen({ host, port });
  endings.add(async () => {
    const cut = setTimeout(() => http.server.closeAllConnections(), DRAIN_MS);
    // A connection becomes idle a moment after its last answer, and would stay open.
    const idle = setInterval(() => http.server.closeIdleConnections(), IDLE_MS);
    await http.close();
    clearTimeout(cut);
    clearInterval(idle);
  });
  await metrics.publish({
    keys: () => inForce.services().keys.states(),
    revocations: base.revocations.count,
    readAt: () => state.readAt,
    now: base.clock,
    connections,
    nodes: presence.nodes,
    agree: presence.agree,
  });
  return { port: (http.server.address() as AddressInfo).port, connections };
}

interface Endings {
  readonly add: (end: () => unknown) => void;
  /** Ends everything, what was opened last first, also where one of them fails. @throws the first failure */
  readonly end: () => Promise<void>;
}

function createEndings(): Endings {
  const endings: (() => unknown)[] = [];
  return {
    add: (end) => void endings.push(end),
    end: async () => {
      const failures: unknown[] = [];
      for (let end = endings.pop(); end !== undefined; end = endings.pop()) {
        try {
          await end();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}

const describeAnswer = ({ requestId, endpoint = 'no endpoint', status, seconds, event: { reason } }: Answered) =>
  [
    `${endpoint} ${status}${reason === undefined ? '' : ` ${reason}`} in ${(seconds * 1000).toFixed(1)} ms`,
    { level: 'debug', requestId },
  ] as const;

export { ConfigurationError } from './config/fault.ts';
export { loadConfiguration } from './config/load.ts';
export { openOperator, openReader } from './offline.ts';
export { untilToldToStop } from './stop.ts';
