// Opens a node: the store, and the services of the configuration.
import { createHmac } from 'node:crypto';
import { type Base, openBase } from './base.ts';
import type { Configuration } from './config/configuration.ts';
import { atStart } from './config/restart.ts';
import { textDigest } from './config/text-digest.ts';
import { type ConfigurationRecord, createConfigurationRecord, type ReadingOrigin } from './configuration-record.ts';
import type { Readiness } from './http/readiness.ts';
import { type InForce, openInForce } from './in-force.ts';
import type { ServerState } from './metrics/gauges.ts';
import { type OpenMetrics, openMetrics } from './metrics/open.ts';
import { createNodeState, examineNode, type NodeState } from './node-readiness.ts';
import type { Clock } from './primitives/clock.ts';
import type { Endings } from './primitives/endings.ts';
import type { Report } from './primitives/log.ts';
import { newId } from './primitives/random.ts';
import type { Sharing } from './primitives/rate.ts';
import { describeProcess } from './primitives/this-process.ts';
import { version } from './primitives/version.ts';
import { openSignIn } from './sign-in/sign-in.ts';
import type { NodeDescription } from './store/nodes.ts';
import { announce, type Presence } from './store/presence.ts';
import { openPatiently, type WaitOptions } from './store/wait.ts';

export interface StartOptions {
  readonly clock?: Clock;
  /** The default writes lines as the configuration says. */
  readonly report?: Report;
  /** The file that the configuration was read from. Without it, the audit has no rows about configurations. */
  readonly origin?: ReadingOrigin | undefined;
  /** The other processes of this node. */
  readonly sharing?: Sharing | undefined;
  /** A random text that the processes of this node share. */
  readonly node?: string | undefined;
  /** How long to wait for the database. By default there is one attempt. */
  readonly wait?: WaitOptions;
}

/** A running node, with an open store. */
export interface ServerNode {
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
  /** What metrics know, once the node is up to date. */
  readonly observed: { state: Omit<ServerState, 'auditBacklog'> | undefined };
}

type Opening = StartOptions & Required<Pick<StartOptions, 'clock' | 'report'>> & { readonly endings: Endings };

/** Opens the store, and the services of the configuration. */
export async function openNode(configuration: Configuration, opening: Opening): Promise<ServerNode> {
  const { clock, report, origin, sharing, node = newId(), wait: waiting, endings } = opening;
  const access = { sharing, schema: 'migrate', threads: { report } } as const;
  const opened = await openPatiently(() => openBase(configuration, 'write', clock, access), report, waiting);
  const base = { ...opened, openPeople: openSignIn };
  endings.add(() => Promise.all([base.store.destroy(), base.readers.close()]));
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
  const observed: ServerNode['observed'] = { state: undefined };
  const inForce = await openInForce(
    { configuration: atStart(configuration), origin },
    {
      base,
      observer: metrics.observer,
      report,
      record,
      withNode: (read) => ({ ...read, presence, readiness, observed: () => observed.state }),
    },
  );
  endings.add(inForce.stop);
  reported = await createPresenceReport(inForce, base, state);
  // The node is in the list before it is ready. A later poll repeats a report that failed.
  await presence.poll().catch(() => undefined);
  state.pendingFor = inForce.pendingFor;
  return { configuration, base, metrics, presence, readiness, inForce, record, report, endings, state, observed };
}

/** What nodes compare is keyed by their shared secret: the text of a file may contain a short secret, which a plain digest gives away. */
async function createPresenceReport(
  { configuration, kept, readAt }: InForce,
  { sharedSecret, clock }: Base,
  state: NodeState,
) {
  const secret = await sharedSecret('configuration');
  const { host, pid } = describeProcess();
  const startedAt = clock();
  const digest = (of: Configuration): string => createHmac('sha256', secret).update(textDigest(of)).digest('hex');
  let last: { readonly of: Configuration; readonly digest: string } | undefined;
  return () => {
    const now = configuration();
    // Each poll asks.
    if (last?.of !== now) last = { of: now, digest: digest(now) };
    const faults = Object.entries(state.warnings()).flatMap(([kind, noted]) => (noted ? [{ kind, ...noted }] : []));
    const about: NodeDescription = { version, host, pid, startedAt, readAt: readAt(), faults };
    return { configuration: last.digest, kept: kept().digest, about: JSON.stringify(about) };
  };
}
