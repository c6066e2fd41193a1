// Keeps the latest configuration in force. A change that fails is tried again until it succeeds.

import { type KeptConfiguration, shortDigest } from './audit/configuration.ts';
import { findChanges } from './audit/configuration-changes.ts';
import type { ConfigurationTrace } from './audit/event.ts';
import type { Base } from './base.ts';
import type { Configuration } from './config/configuration.ts';
import type { ConfigurationInForce } from './config/restart.ts';
import type { ConfigurationRecord, ReadingOrigin } from './configuration-record.ts';
import type { HttpServices } from './http/endpoint.ts';
import type { Observer } from './metrics/observer.ts';
import type { Report } from './primitives/log.ts';
import { createRepeatable } from './primitives/serial.ts';
import { createRemovedOwners } from './removed-owners.ts';
import { openServices } from './services.ts';
import { describeDatabaseFailure } from './store/failure.ts';

/** A configuration, and where it comes from. */
export interface Reading {
  readonly configuration: ConfigurationInForce;
  /** Absent if the configuration is not from a file: then no row says that it came into force. */
  readonly origin?: ReadingOrigin | undefined;
}

export interface InForce {
  readonly services: () => HttpServices;
  readonly configuration: () => Configuration;
  /** The kept form of what is in force: the file, and the registered clients. */
  readonly kept: () => KeptConfiguration;
  /** When the configuration in force was read, in milliseconds since 1970. */
  readonly readAt: () => number;
  /**
   * When it resolves, the configuration is in force; requests in progress finish with the services that they began with.
   * @throws Error if the first attempt fails; attempts go on until this configuration, or a later one, is in force
   */
  readonly want: (reading: Reading) => Promise<void>;
  /**
   * Milliseconds for which a change of the file or of a registered client has waited to be in force, or the tokens of removed
   * accounts or clients have waited to be revoked; 0 if nothing waits.
   */
  readonly pendingFor: () => number;
  /** Has the last attempt failed? Attempts go on until one succeeds. */
  readonly hasFailed: () => boolean;
  readonly stop: () => void;
}

/** Time until the next attempt. It doubles each time. */
const RETRY_MS = { first: 250, longest: 5000 };

/** @param withNode adds the services that every configuration has */
export async function openInForce(
  first: Reading,
  by: {
    readonly base: Base;
    readonly observer: Observer;
    readonly report: Report;
    readonly record: ConfigurationRecord;
    readonly withNode: (read: HttpServices) => HttpServices;
  },
): Promise<InForce> {
  const { base, observer, report, record } = by;
  let inForce = first;
  let kept = record.keep(first.configuration);
  const withNode = (read: HttpServices): HttpServices =>
    by.withNode({ ...read, configuration: shortDigest(kept.digest) });
  let services = withNode(await openServices(first.configuration, base, observer));
  await record.apply(kept, { ...first, before: undefined, cause: causeOf(first, false), others: [] });
  let readAt = base.clock();
  let leftOut: string | undefined;
  /** Reports clients that another node registered, and whose names this node's file gives to another party. */
  const reportLeftOut = (): void => {
    const found = problemBeside(inForce.configuration, base);
    if (found !== undefined && found !== leftOut) report(`left out: ${found}`);
    leftOut = found;
  };
  const removed = createRemovedOwners(base);
  const put = async (reading: Reading): Promise<void> => {
    const { throttled } = services;
    const before = { services, configuration: inForce.configuration };
    // At once before `openServices`, so that both see the same registered clients.
    const next = record.keep(reading.configuration);
    const opened = await openServices(reading.configuration, base, observer, before);
    removed.note(inForce.configuration, reading.configuration);
    if (removed.concern(reading.configuration)) await removed.revoke();
    if (reading !== inForce || next.digest !== kept.digest)
      await record.apply(next, {
        ...reading,
        before: kept,
        cause: causeOf(reading, reading === inForce),
        others: reading === inForce ? [] : describeOthers(reading.configuration),
      });
    if (reading.origin !== undefined && next.digest !== kept.digest)
      report(describeDigests(kept, next), { level: 'info' });
    kept = next;
    services = withNode({ ...opened, throttled });
    if (reading !== inForce) readAt = base.clock();
    inForce = reading;
    reportLeftOut();
  };

  let wanted = first;
  const putting = keepTrying(async () => {
    try {
      await put(wanted);
    } catch (error) {
      // A registered client that changed does not wait for a file that cannot be put in force.
      if (wanted !== inForce) await put(inForce).catch(() => undefined);
      throw error;
    } finally {
      // After the new file is in force, so that nobody gets a token of a removed account or client in between.
      await removed.revoke();
    }
  }, report);
  base.registered.onChange(putting.run);
  return {
    services: () => services,
    configuration: () => inForce.configuration,
    kept: () => kept,
    readAt: () => readAt,
    want: (reading) => {
      wanted = reading;
      return putting.run();
    },
    pendingFor: putting.pendingFor,
    hasFailed: putting.hasFailed,
    stop: putting.stop,
  };
}

/** `cambio policy diff` takes both digests. */
function describeDigests(before: KeptConfiguration, after: KeptConfiguration): string {
  const count = findChanges(before.content, after.content).length;
  const [from, to] = [before, after].map(({ digest }) => digest.slice(0, 12));
  return `the configuration ${to} replaces ${from}: ${count} ${count === 1 ? 'change' : 'changes'}`;
}

const describeOthers = ({ renewed, waiting }: ConfigurationInForce): readonly string[] => [
  ...renewed.map((entry) => `${entry}: renewed`),
  ...waiting.map(({ text }) => text),
];

/** @returns undefined if the configuration is not from a file: then the audit has no row about it */
const causeOf = ({ origin }: Reading, isInForce: boolean): ConfigurationTrace['cause'] | undefined =>
  isInForce && origin !== undefined ? 'clients' : origin?.cause;

function problemBeside({ checkBeside }: Configuration, { registered }: Base): string | undefined {
  try {
    checkBeside(registered.all().values());
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** @returns `run` begins `work` when the current run has ended. After a failure, work is repeated until it succeeds */
function keepTrying(work: () => Promise<void>, report: Report) {
  let runs = 0;
  let pendingSince: number | undefined;
  let failed = false;
  let stopped = false;
  let pause = RETRY_MS.first;
  let retry: NodeJS.Timeout | undefined;
  const tryAgain = (error: unknown): void => {
    if (stopped) return;
    if (!failed) report(`a change is not in force yet: ${describeDatabaseFailure(error)}`);
    failed = true;
    retry = setTimeout(() => attempt().catch(() => undefined), pause).unref();
    pause = Math.min(2 * pause, RETRY_MS.longest);
  };
  const attempt = createRepeatable(async () => {
    clearTimeout(retry);
    const count = runs;
    try {
      await work();
    } catch (error) {
      tryAgain(error);
      throw error;
    }
    if (count === runs) pendingSince = undefined;
    if (failed) report('the change is in force now', { level: 'info' });
    failed = false;
  });
  return {
    run: (): Promise<void> => {
      runs++;
      pendingSince ??= performance.now();
      pause = RETRY_MS.first;
      return attempt();
    },
    pendingFor: (): number => (pendingSince === undefined ? 0 : performance.now() - pendingSince),
    hasFailed: (): boolean => failed,
    stop: (): void => {
      stopped = true;
      clearTimeout(retry);
    },
  };
}
