// Starts the background work on audit rows: signing the chains, indexing, streaming to sinks, and deleting old rows.
import type { Chains } from '../audit/chain.ts';
import type { AuditLog } from '../audit/log.ts';
import { createRepeatable } from '../primitives/serial.ts';
import { createCheckpoints } from './checkpoint.ts';
import { startIndexer } from './indexer.ts';
import { deleteOldRows } from './retention.ts';
import type { SinkKind, SinkPlace } from './sinks/sink.ts';
import { createStatementSigner, type SignedBy } from './statement-signer.ts';
import { startStream } from './stream.ts';

export interface AuditRetentionSettings {
  /** Milliseconds for which a row is kept; undefined: rows are never deleted. */
  readonly retention: number | undefined;
  /** Milliseconds between two signatures of the chains. */
  readonly checkpointEvery: number;
  readonly sinks: readonly { readonly name: string; readonly kind: SinkKind; readonly place: SinkPlace | undefined }[];
}

export interface RetainedBy extends SignedBy {
  readonly audit: AuditLog;
  readonly chains: Chains;
  /** Returns the headers that the configuration in force has for a sink at this URL; undefined if there is no such sink. */
  readonly renewedHeaders: (sink: string, url: string) => SinkPlace['headers'] | undefined;
}

export interface AuditRetention {
  /** The number of statements in the database that this server cannot vouch for. */
  readonly unverified: () => number;
  /** Milliseconds since all rows that were committed were in the index of searches. */
  readonly indexLag: () => number;
  /** Streams, indexes and signs the remaining rows. Call it after the last row was written. */
  readonly stop: () => Promise<void>;
}

/** At most, so that a short retention holds, too. */
const DELETION_INTERVAL_MS = 600_000;

export async function startAuditRetention(
  { retention, checkpointEvery, sinks }: AuditRetentionSettings,
  by: RetainedBy,
): Promise<AuditRetention> {
  const signer = createStatementSigner(by);
  const checkpoints = createCheckpoints({ ...by, signer, every: checkpointEvery });
  const streams = await Promise.all(
    sinks.map(({ name, kind, place }) => {
      const target = place && { ...place, headers: () => by.renewedHeaders(name, place.url) ?? place.headers };
      return startStream({ name, deliver: kind.open(target, by.report) }, by);
    }),
  );
  by.chains.onGrowth(() => {
    for (const { wake } of streams) wake();
  });
  const indexer = startIndexer(by);
  const names = sinks.map(({ name }) => name);
  const signing = repeat('the audit cannot be signed', checkpoints.sign, checkpointEvery, by.report);
  const deleting =
    retention === undefined
      ? undefined
      : repeat(
          'old audit rows cannot be deleted',
          () => deleteOldRows({ ...by, signer, age: retention, sinks: names }),
          Math.min(DELETION_INTERVAL_MS, retention),
          by.report,
        );
  return {
    unverified: signer.unverified,
    indexLag: indexer.lag,
    stop: async () => {
      await deleting?.stop();
      await Promise.all(streams.map(({ stop }) => stop()));
      await signing.stop();
      await indexer.stop();
      await checkpoints.sign().catch((error) => by.report(`the audit cannot be signed: ${error.message}`));
    },
  };
}

/** Runs `work` at once and then at intervals, one run at a time; a failed run is reported. */
function repeat(what: string, work: () => Promise<void>, every: number, report: (line: string) => void) {
  const run = createRepeatable(() => work().catch((error) => report(`${what}: ${error.message}`)));
  let last = run();
  const again = (): void => {
    last = run();
  };
  const timer = setInterval(again, Math.min(every, MAX_TIMER_MS)).unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await last;
    },
  };
}

/** The maximum of Node's timers: 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;
