// Gauges of the current state. They are read when the metrics are scraped, and at no other time.
import { type Aggregator, Gauge, type Registry } from 'prom-client';
import type { KeyState } from '../keys/key-ring.ts';
import { version } from '../primitives/version.ts';

/** The sources of the current state; undefined means that a value is not known. */
export interface ServerState {
  readonly keys: () => readonly KeyState[];
  readonly now: () => number;
  readonly revocations: () => number;
  readonly auditBacklog: () => number;
  /** Statements about the audit log in the database that no key of this server signed. */
  readonly unverifiedStatements: () => number;
  /** Milliseconds since all audit rows that were committed were in the index of searches. */
  readonly auditIndexLag: () => number;
  readonly connections: () => number;
  readonly nodes: () => number;
  readonly agree: () => boolean | undefined;
  /** When the configuration in force was read, in milliseconds since 1970. */
  readonly readAt: () => number;
  /** How long a change has been waiting to be in force, in milliseconds. */
  readonly pendingFor: () => number;
  readonly fileIsFaulty: () => boolean;
  /** Has the last change failed to be in force, whatever the cause? */
  readonly reloadHasFailed: () => boolean;
  /** Digest of the configuration in force; undefined if it was not read from a file. */
  readonly digest: () => string | undefined;
  /** The entries whose files have unusable new content. */
  readonly brokenRenewals: () => readonly string[];
  readonly certificates: () => readonly ExpiringCertificate[];
  /** How long ago each other region was read, in milliseconds; infinite if never. Empty with one region. */
  readonly regionAges: () => readonly { readonly region: string; readonly age: number }[];
  /** False if none is configured, too. */
  readonly replicaHasFailed: () => boolean;
  /** Milliseconds since the last successful poll for what other processes wrote. */
  readonly pollAge: () => number;
}

/** A certificate in force. */
export interface ExpiringCertificate {
  /** The entry of the configuration that names it, such as `server.tls`. */
  readonly entry: string;
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

interface Reading {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

interface StateGauge {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** How the values of a node's workers are combined. */
  readonly aggregator: Aggregator;
  readonly read: (state: ServerState) => readonly Reading[];
}

const gauges: readonly StateGauge[] = [
  {
    name: 'cambio_build_info',
    help: 'Always 1; the labels are the version and the Node that it runs on',
    labels: ['version', 'node'],
    aggregator: 'first',
    read: () => [{ labels: { version, node: process.version }, value: 1 }],
  },
  {
    name: 'cambio_configuration_read_timestamp_seconds',
    help: 'When the configuration in force was read',
    aggregator: 'min',
    read: ({ readAt }) => [{ value: readAt() / 1000 }],
  },
  {
    name: 'cambio_configuration_pending_seconds',
    help: 'How long a change of the file or of a registered client has been waiting to be in force; 0 if none is',
    aggregator: 'max',
    read: ({ pendingFor }) => [{ value: pendingFor() / 1000 }],
  },
  {
    name: 'cambio_configuration_faulty',
    help: '1 if the current file is invalid and the previous configuration is in force',
    aggregator: 'max',
    read: ({ fileIsFaulty }) => [{ value: fileIsFaulty() ? 1 : 0 }],
  },
  {
    name: 'cambio_configuration_reload_failed',
    help: '1 if the last change of the configuration, or of a file that it names, could not be put in force',
    aggregator: 'max',
    read: ({ reloadHasFailed }) => [{ value: reloadHasFailed() ? 1 : 0 }],
  },
  {
    name: 'cambio_configuration_info',
    help: 'Always 1; the label is the digest of the configuration in force',
    labels: ['digest'],
    aggregator: 'first',
    read: ({ digest }) => [{ labels: { digest: digest() ?? '' }, value: 1 }],
  },
  {
    name: 'cambio_renewal_failed',
    help: '1 for each entry of the configuration whose file has unusable new content; the previous content is in force',
    labels: ['entry'],
    aggregator: 'max',
    read: ({ brokenRenewals }) => brokenRenewals().map((entry) => ({ labels: { entry }, value: 1 })),
  },
  {
    name: 'cambio_certificate_expiry_timestamp_seconds',
    help: 'When a certificate in force expires, by the entry of the configuration that names it, and its subject',
    labels: ['entry', 'subject'],
    aggregator: 'min',
    read: ({ certificates }) =>
      certificates().map(({ entry, subject, expiresAt }) => ({ labels: { entry, subject }, value: expiresAt / 1000 })),
  },
  {
    name: 'cambio_poll_age_seconds',
    help: 'Time since the last successful poll of the database for changes of other nodes',
    aggregator: 'max',
    read: ({ pollAge }) => [{ value: pollAge() / 1000 }],
  },
  {
    name: 'cambio_region_age_seconds',
    help: 'Time since revocations and keys of another region were read; beyond regions.staleAfter its tokens are refused',
    labels: ['region'],
    aggregator: 'max',
    read: ({ regionAges }) => regionAges().map(({ region, age }) => ({ labels: { region }, value: age / 1000 })),
  },
  {
    name: 'cambio_replica_unread',
    help: '1 if the replica of the database could not be read the last time; searches read the primary',
    aggregator: 'max',
    read: ({ replicaHasFailed }) => [{ value: replicaHasFailed() ? 1 : 0 }],
  },
  {
    name: 'cambio_configuration_mismatch',
    help: '1 if nodes on this database have different configurations',
    aggregator: 'max',
    read: ({ agree }) => [{ value: agree() === false ? 1 : 0 }],
  },
  {
    name: 'cambio_nodes',
    help: 'Processes that use this database; each worker counts',
    aggregator: 'max',
    read: ({ nodes }) => [{ value: nodes() }],
  },
  {
    name: 'cambio_revocations',
    help: 'Revoked ids held in memory',
    aggregator: 'max',
    read: ({ revocations }) => [{ value: revocations() }],
  },
  {
    name: 'cambio_audit_backlog',
    help: 'Audit rows that wait for their commit',
    aggregator: 'sum',
    read: ({ auditBacklog }) => [{ value: auditBacklog() }],
  },
  {
    name: 'cambio_audit_strange_statements',
    help: 'Statements about the audit in the database that no key of this server signed; if not 0, run `audit verify`',
    aggregator: 'max',
    read: ({ unverifiedStatements }) => [{ value: unverifiedStatements() }],
  },
  {
    name: 'cambio_audit_index_lag_seconds',
    help: 'Time since all committed audit rows were in the index of searches; searches read newer rows one by one',
    aggregator: 'max',
    read: ({ auditIndexLag }) => [{ value: auditIndexLag() / 1000 }],
  },
  {
    name: 'cambio_connections',
    help: 'Connections held open by callers',
    aggregator: 'sum',
    read: ({ connections }) => [{ value: connections() }],
  },
  {
    name: 'cambio_signing_keys',
    help: 'Signing keys, by algorithm and state',
    labels: ['alg', 'state'],
    aggregator: 'max',
    read: ({ keys }) => {
      const groups = Map.groupBy(keys(), ({ alg, state }) => `${alg} ${state}`);
      return [...groups.values()].map((group) => {
        const { alg = '', state = '' } = group[0] ?? {};
        return { labels: { alg, state }, value: group.length };
      });
    },
  },
  {
    name: 'cambio_signing_key_age_seconds',
    help: 'How long the active key of an algorithm has been signing',
    labels: ['alg'],
    aggregator: 'max',
    read: ({ keys, now }) =>
      keys()
        .filter(({ state }) => state === 'active')
        .map(({ alg, activatesAt }) => ({ labels: { alg }, value: (now() - activatesAt) / 1000 })),
  },
];

export function registerGauges(registry: Registry, state: ServerState): void {
  for (const { name, help, labels = [], aggregator, read } of gauges) {
    new Gauge({
      name,
      help,
      labelNames: [...labels],
      aggregator,
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels: values = {}, value } of read(state)) this.set(values, value);
      },
    });
  }
}
