// How do things stand now? Read when somebody scrapes, and at no other time.
import { type Aggregator, Gauge, type Registry } from 'prom-client';
import type { KeyState } from '../keys/key-ring.ts';
import { version } from '../primitives/version.ts';

/** Where the state is read; undefined where it is not known. */
export interface Standing {
  readonly keys: () => readonly KeyState[];
  readonly now: () => number;
  readonly revocations: () => number;
  readonly auditBacklog: () => number;
  /** Statements about the audit in the database that this server cannot vouch for. */
  readonly auditStrangers: () => number;
  readonly connections: () => number;
  readonly nodes: () => number;
  readonly agree: () => boolean | undefined;
  /** When the configuration in force was read, in milliseconds since 1970. */
  readonly readAt: () => number;
  /** Milliseconds for which a change has been wanted and is not in force. */
  readonly pendingFor: () => number;
  readonly fileIsFaulty: () => boolean;
  /** Milliseconds since the last successful poll for what other processes wrote. */
  readonly pollAge: () => number;
}

interface Reading {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

interface StandingGauge {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** What the workers of a node say together. */
  readonly together: Aggregator;
  readonly read: (standing: Standing) => readonly Reading[];
}

const gauges: readonly StandingGauge[] = [
  {
    name: 'cambio_build_info',
    help: 'Always 1: which version runs, on which Node',
    labels: ['version', 'node'],
    together: 'first',
    read: () => [{ labels: { version, node: process.version }, value: 1 }],
  },
  {
    name: 'cambio_configuration_read_timestamp_seconds',
    help: 'When the configuration in force was read',
    together: 'min',
    read: ({ readAt }) => [{ value: readAt() / 1000 }],
  },
  {
    name: 'cambio_configuration_pending_seconds',
    help: 'For how long a change of the file or of a registered client has been wanted and is not in force; 0 if none is',
    together: 'max',
    read: ({ pendingFor }) => [{ value: pendingFor() / 1000 }],
  },
  {
    name: 'cambio_configuration_faulty',
    help: '1 where the file as it stands is faulty, and the configuration before it is in force',
    together: 'max',
    read: ({ fileIsFaulty }) => [{ value: fileIsFaulty() ? 1 : 0 }],
  },
  {
    name: 'cambio_poll_age_seconds',
    help: 'Since when the database was not read for what other nodes wrote',
    together: 'max',
    read: ({ pollAge }) => [{ value: pollAge() / 1000 }],
  },
  {
    name: 'cambio_configuration_mismatch',
    help: '1 where nodes on this database run by different configurations',
    together: 'max',
    read: ({ agree }) => [{ value: agree() === false ? 1 : 0 }],
  },
  {
    name: 'cambio_nodes',
    help: 'Processes that serve from this database; workers count each',
    together: 'max',
    read: ({ nodes }) => [{ value: nodes() }],
  },
  {
    name: 'cambio_revocations',
    help: 'Revoked ids held in memory',
    together: 'max',
    read: ({ revocations }) => [{ value: revocations() }],
  },
  {
    name: 'cambio_audit_backlog',
    help: 'Audit rows that wait for their commit',
    together: 'sum',
    read: ({ auditBacklog }) => [{ value: auditBacklog() }],
  },
  {
    name: 'cambio_audit_strange_statements',
    help: 'Statements about the audit in the database that no key of this server signed; others than 0 call for `audit verify`',
    together: 'max',
    read: ({ auditStrangers }) => [{ value: auditStrangers() }],
  },
  {
    name: 'cambio_connections',
    help: 'Connections held open by callers',
    together: 'sum',
    read: ({ connections }) => [{ value: connections() }],
  },
  {
    name: 'cambio_signing_keys',
    help: 'Signing keys, by algorithm and state',
    labels: ['alg', 'state'],
    together: 'max',
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
    help: 'For how long the active key of an algorithm has been signing',
    labels: ['alg'],
    together: 'max',
    read: ({ keys, now }) =>
      keys()
        .filter(({ state }) => state === 'active')
        .map(({ alg, activatesAt }) => ({ labels: { alg }, value: (now() - activatesAt) / 1000 })),
  },
];

export function registerGauges(registry: Registry, standing: Standing): void {
  for (const { name, help, labels = [], together, read } of gauges) {
    new Gauge({
      name,
      help,
      labelNames: [...labels],
      aggregator: together,
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels: said = {}, value } of read(standing)) this.set(said, value);
      },
    });
  }
}
