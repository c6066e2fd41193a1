// Checks whether the parts that a configuration names can be reached and used now: issuers, keys, the database, certificates, clocks.
import type { Configuration } from '../config/configuration.ts';
import { formatDuration } from '../primitives/duration.ts';
import { describeError } from '../primitives/failure.ts';
import { type CheckFinding, type CheckOutcome, findingOfOutcome, type Probe } from './finding.ts';
import { certificateProbes } from './online-certificates.ts';
import { databaseProbes } from './online-database.ts';
import { issuerProbes } from './online-issuers.ts';

/** Probes that run at the same time, however many issuers there are. */
const MAX_CONCURRENT = 8;

/** @param timeoutSeconds for all checks together */
export async function checkOnline(
  configuration: Configuration,
  timeoutSeconds: number,
): Promise<readonly CheckFinding[]> {
  const probes = [
    ...issuerProbes(configuration),
    ...databaseProbes(configuration),
    ...certificateProbes(configuration),
  ];
  const deadline = startDeadline(timeoutSeconds * 1000);
  const late = `was not checked within ${formatDuration(timeoutSeconds)}, the time for all checks. Give them more with --timeout.`;
  const outcomes: (readonly CheckOutcome[])[] = [];
  const waiting = probes.entries();
  const work = async (): Promise<void> => {
    for (const [index, probe] of waiting) outcomes[index] = await runProbe(probe, deadline, late);
  };
  try {
    await Promise.all(Array.from({ length: MAX_CONCURRENT }, work));
  } finally {
    deadline.stop();
  }
  return outcomes.flat().map((outcome) => findingOfOutcome(configuration, outcome));
}

interface Deadline {
  readonly signal: AbortSignal;
  readonly passed: Promise<'late'>;
  readonly stop: () => void;
}

/** Unlike the signal of a timeout, the timer keeps the process running, so that the command ends with its result. */
function startDeadline(ms: number): Deadline {
  const controller = new AbortController();
  const { promise: passed, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => {
    controller.abort();
    resolve('late');
  }, ms);
  return { signal: controller.signal, passed, stop: () => clearTimeout(timer) };
}

async function runProbe(
  { check, path, run }: Probe,
  deadline: Deadline,
  late: string,
): Promise<readonly CheckOutcome[]> {
  const fault = (message: string): readonly CheckOutcome[] => [{ check, path, severity: 'fault', message }];
  if (deadline.signal.aborted) return fault(late);
  try {
    const outcomes = await Promise.race([run(deadline.signal), deadline.passed]);
    return outcomes === 'late' ? fault(late) : outcomes;
  } catch (error) {
    return fault(deadline.signal.aborted ? late : `${describeError(error).replace(/\.$/, '')}.`);
  }
}
