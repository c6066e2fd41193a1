// What did the deciding entry say when a past request was decided, and what does it say now?
import { type ConfigurationContent, canonical } from '../audit/configuration.ts';
import { findChanges, findEntry, summarize } from '../audit/configuration-changes.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { FoundConfiguration } from '../audit/history.ts';

export interface ExplainedConfiguration {
  /** The configuration that decided; only its first half if its text is not kept. */
  readonly configuration: string;
  /** Is its text kept? Without it, nothing else is known. */
  readonly kept: boolean;
  /** Is it in force now, on any node? */
  readonly inForce?: boolean;
  /** The deciding rule, or else the client: `rule orders-read`. */
  readonly entry?: string;
  /** The entry as it was. */
  readonly said?: unknown;
  /** The entry as it is; absent if it is gone. */
  readonly says?: unknown;
  /** When the entry became what it is now or was removed, in milliseconds since 1970. */
  readonly since?: number;
  /** All that changed between the two configurations, in words; the first changes, and the number of the others. */
  readonly changes?: readonly string[];
  readonly more?: number;
}

/** A configuration that came into force. */
export interface AppliedConfiguration {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly digest: string;
}

export interface ConfigurationHistory {
  /** @param prefix of a digest */
  readonly find: (prefix: string) => Promise<FoundConfiguration | 'several' | undefined>;
  /** The configuration that came into force last. */
  readonly now: () => Promise<FoundConfiguration | undefined>;
  /** The digests of those that nodes run now. Nodes whose files are the same may differ by a variable, such as their port. */
  readonly running: () => Promise<readonly string[]>;
  /** Those that came into force after a time, newest first. */
  readonly appliedSince: (time: number) => AsyncIterable<AppliedConfiguration>;
}

/** Configurations that are read to find when an entry changed. Beyond them, the time is left out. */
const MAX_READ = 100;

/** @returns undefined if the row names no configuration: an older version wrote it */
export async function explainConfiguration(
  event: AuditEvent,
  history: ConfigurationHistory,
): Promise<ExplainedConfiguration | undefined> {
  const { configuration: short, rule, client } = event;
  if (short === undefined) return undefined;
  const [then, now, running] = await Promise.all([history.find(short), history.now(), history.running()]);
  if (then === undefined || then === 'several' || now === undefined) return { configuration: short, kept: false };
  const { digest: configuration, content } = then;
  const inForce = configuration === now.digest || running.includes(configuration);
  const changes = inForce ? {} : summarize(findChanges(content, now.content));
  const [section, name] = rule === undefined ? (['clients', client ?? ''] as const) : (['rules', rule] as const);
  const said = findEntry(content, section, name);
  if (said === undefined) return { configuration, kept: true, inForce, ...changes };
  const read = (one: ConfigurationContent): unknown => findEntry(one, section, name)?.value;
  const says = read(now.content);
  const isSame = canonical([said.value]) === canonical([says]);
  const since = isSame ? undefined : await findSince(says, event.time, history, read);
  return {
    configuration,
    kept: true,
    inForce,
    entry: said.entry,
    said: said.value,
    ...(says !== undefined && { says }),
    ...(since !== undefined && { since }),
    ...changes,
  };
}

/** Goes back from now until the entry was different. */
async function findSince(
  says: unknown,
  time: number,
  history: ConfigurationHistory,
  read: (content: ConfigurationContent) => unknown,
): Promise<number | undefined> {
  const known = new Map<string, boolean>();
  const wanted = canonical([says]);
  let since: number | undefined;
  for await (const applied of history.appliedSince(time)) {
    if (!known.has(applied.digest)) {
      if (known.size === MAX_READ) return undefined;
      const found = await history.find(applied.digest);
      if (found === undefined || found === 'several') return undefined;
      known.set(applied.digest, canonical([read(found.content)]) === wanted);
    }
    if (known.get(applied.digest) === false) return since;
    since = applied.time;
  }
  return since;
}
