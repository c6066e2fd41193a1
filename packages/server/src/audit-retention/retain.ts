// What becomes of audit rows once they are written? Signed now and then, told to sinks, deleted when they are old.
import type { Chains } from '../audit/chain.ts';
import type { AuditLog } from '../audit/log.ts';
import { createRepeatable } from '../primitives/serial.ts';
import { createCheckpoints } from './checkpoint.ts';
import { deleteOldRows } from './retention.ts';
import type { SinkKind, SinkPlace } from './sinks/sink.ts';
import { createNotary, type SignedBy } from './statement-signer.ts';
import { startStream } from './stream.ts';

export interface CustodySettings {
  /** Milliseconds for which a row is kept; undefined, for ever. */
  readonly retention: number | undefined;
  /** Milliseconds between two times that the chains are signed. */
  readonly checkpointEvery: number;
  readonly sinks: readonly { readonly name: string; readonly kind: SinkKind; readonly place: SinkPlace | undefined }[];
}

export interface Guarded extends SignedBy {
  readonly audit: AuditLog;
  readonly chains: Chains;
}

export interface Custody {
  /** How many statements stand in the database that this server cannot vouch for. */
  readonly strangers: () => number;
  /** What is left is told and signed, once no more rows come. */
  readonly stop: () => Promise<void>;
}

/** Milliseconds between two times that old rows are looked for. */
const LOOK_FOR_OLD = 600_000;

export async function startCustody(
  { retention, checkpointEvery, sinks }: CustodySettings,
  by: Guarded,
): Promise<Custody> {
  const notary = createNotary(by);
  const checkpoints = createCheckpoints({ ...by, notary, every: checkpointEvery });
  const streams = await Promise.all(
    sinks.map(({ name, kind, place }) => startStream({ name, deliver: kind.open(place, by.report) }, by)),
  );
  by.chains.onGrowth(() => {
    for (const { wake } of streams) wake();
  });
  const names = sinks.map(({ name }) => name);
  const signing = repeat('the audit cannot be signed', checkpoints.sign, checkpointEvery, by.report);
  const deleting =
    retention === undefined
      ? undefined
      : repeat(
          'old audit rows cannot be deleted',
          () => deleteOldRows({ ...by, notary, age: retention, sinks: names }),
          LOOK_FOR_OLD,
          by.report,
        );
  return {
    strangers: notary.strangers,
    stop: async () => {
      await deleting?.stop();
      await Promise.all(streams.map(({ stop }) => stop()));
      await signing.stop();
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
  const timer = setInterval(again, Math.min(every, LONGEST_TIMER)).unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await last;
    },
  };
}

/** What Node's timers take: 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;
