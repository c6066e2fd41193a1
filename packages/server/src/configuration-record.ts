// Keeps the texts of configurations that come into force, and writes a row about each change to the audit.
import { createHmac } from 'node:crypto';
import {
  type ConfigurationContent,
  digestText,
  type KeptConfiguration,
  keepConfiguration,
  shortDigest,
} from './audit/configuration.ts';
import { type ConfigurationChange, findChanges, idOfRegistered, summarize } from './audit/configuration-changes.ts';
import { type AuditEvent, beginEvent, type ConfigurationTrace } from './audit/event.ts';
import { findLastApplied, loadConfigurationContent } from './audit/history.ts';
import { searchEvents } from './audit/search.ts';
import type { Base } from './base.ts';
import type { RegisteredClient } from './client-auth/registered-clients.ts';
import { keepClient } from './config/kept.ts';
import type { ConfigurationInForce } from './config/restart.ts';
import { newId } from './primitives/random.ts';
import { redactTokens } from './primitives/redact.ts';
import type { JsonObject } from './primitives/strict-json.ts';
import { describeProcess } from './primitives/this-process.ts';
import { claimApplied, claimRejected, insertTexts, touchTexts } from './store/configurations.ts';
import type { Database } from './store/schema.ts';
import { MAX_BACKGROUND_WAIT_MS, orUnavailable, type Store } from './store/store.ts';

/** Where a configuration comes from. */
export interface ReadingOrigin {
  readonly cause: Exclude<ConfigurationTrace['cause'], 'clients'>;
  readonly file: string;
  /** Digest of all that was read, secrets included: it is never stored. */
  readonly read: string;
}

/** A file that did not come into force. */
export interface Rejection {
  readonly origin: ReadingOrigin;
  /** Each with its place. */
  readonly faults: readonly string[];
}

/** How a configuration comes into force. */
interface Applied {
  /** Undefined at the start: the database knows the one before. */
  readonly before: KeptConfiguration | undefined;
  /** Undefined: only the texts are stored. */
  readonly cause: ConfigurationTrace['cause'] | undefined;
  readonly origin?: ReadingOrigin | undefined;
  /** What changed besides the kept form, or did not come into force, in words. */
  readonly others: readonly string[];
}

export interface ConfigurationRecord {
  /** @returns the kept form of a configuration with the clients that are registered now */
  readonly keep: (configuration: ConfigurationInForce) => KeptConfiguration;
  /** Stores the texts and writes the row. Call it before the configuration decides anything. */
  readonly apply: (kept: KeptConfiguration, about: Applied) => Promise<void>;
  /** Writes a row about a file that is invalid, once for each text. */
  readonly reject: (rejection: Rejection, inForce: KeptConfiguration) => Promise<void>;
  /** Records that the texts are still in use. */
  readonly touch: (kept: KeptConfiguration) => Promise<void>;
}

/** The faults that one row contains, and the characters of each. */
const MAX_FAULTS = 5;
const MAX_FAULT_LENGTH = 320;
/** Changes of registered clients by different requests that one row names. */
const MAX_OPERATORS = 5;
/** Rows that are searched for the change of a client. */
const SEARCHED_ROWS = 50;

/** @param node a random text that the processes of a node share, so that one of them writes the row. Its digest alone is stored */
export function createConfigurationRecord(
  { store, audit, clock, registered }: Pick<Base, 'store' | 'audit' | 'clock' | 'registered'>,
  node: string,
): ConfigurationRecord {
  const keepRegistered = createClientKeeper();
  const known = new WeakMap<JsonObject, string>();
  const id = digestText(node);
  /** Nobody can test a guessed secret against it without `node`. */
  const mark = (...parts: readonly string[]): string =>
    createHmac('sha256', node).update(parts.join('\n')).digest('hex');
  let stored: ReadonlyMap<string, string> = new Map();

  const write = async (
    event: AuditEvent,
    texts: ReadonlyMap<string, string>,
    claim: (transaction: Database) => Promise<boolean>,
  ): Promise<void> => {
    let claimed = true;
    try {
      await audit.appendWith(
        event,
        async (transaction) => {
          claimed = await claim(transaction);
          if (!claimed) throw new Error('another process wrote the row');
          await insertTexts(transaction, texts, clock());
        },
        MAX_BACKGROUND_WAIT_MS,
      );
    } catch (error) {
      if (claimed) throw error;
      await keepTexts(texts);
    }
  };
  const keepTexts = (texts: ReadonlyMap<string, string>): Promise<void> =>
    orUnavailable(insertTexts(store, texts, clock()), MAX_BACKGROUND_WAIT_MS);

  return {
    keep: ({ kept }) => keepConfiguration({ files: kept, registered: keepRegistered(registered.all()) }, known),
    apply: async (kept, about) => {
      const texts = new Map([...kept.texts].filter(([digest]) => !stored.has(digest)));
      const { cause, origin } = about;
      if (cause === undefined) await keepTexts(texts);
      else {
        const configured = await describeApplied(kept, { ...about, cause }, store);
        await write({ ...beginRow(clock(), 'applied', kept.digest), configured }, texts, (transaction) =>
          claimApplied(transaction, id, mark(kept.digest, origin?.read ?? ''), clock()),
        );
      }
      stored = kept.texts;
    },
    reject: async (rejection, inForce) => {
      const { origin, faults } = rejection;
      const configured = describeRejected(rejection, inForce);
      await write({ ...beginRow(clock(), 'rejected', inForce.digest), configured }, new Map(), (transaction) =>
        claimRejected(transaction, id, mark(origin.read, ...faults), clock()),
      );
    },
    touch: (kept) => touchTexts(store, [...kept.texts.keys()], clock()),
  };
}

async function findBefore(store: Store): Promise<Pick<KeptConfiguration, 'digest' | 'content'> | undefined> {
  const { digest } = (await findLastApplied(store))?.configured ?? {};
  const content = digest === undefined ? undefined : await loadConfigurationContent(store, digest);
  return digest === undefined || content === undefined ? undefined : { digest, content };
}

/** Finds the rows of the changes of registered clients, which are committed with the changes. */
async function findOperators(
  store: Store,
  changes: readonly ConfigurationChange[],
): Promise<NonNullable<ConfigurationTrace['operators']>> {
  const wanted = new Set(changes.flatMap(({ entry }) => idOfRegistered(entry) ?? []).map((one) => `client ${one}`));
  if (wanted.size === 0) return [];
  const { found } = await searchEvents(store, { outcome: 'changed' }, { limit: SEARCHED_ROWS });
  const latest = new Map<string, AuditEvent>();
  for (const { event } of found) {
    const what = event.change?.what;
    if (what !== undefined && wanted.has(what) && !latest.has(what)) latest.set(what, event);
  }
  return [...latest.values()].slice(0, MAX_OPERATORS).map(({ client, address, requestId, by }) => ({
    client: client ?? address ?? 'unknown',
    request: requestId,
    ...(by && { by }),
  }));
}

function beginRow(time: number, outcome: 'applied' | 'rejected', configuration: string): AuditEvent {
  const about = { time, requestId: newId(), address: 'server', action: 'configuration' } as const;
  return { ...beginEvent({ ...about, configuration: shortDigest(configuration) }), outcome };
}

async function describeApplied(
  kept: KeptConfiguration,
  { before, cause, origin, others }: Applied & { readonly cause: ConfigurationTrace['cause'] },
  store: Store,
): Promise<ConfigurationTrace> {
  const last = before ?? (await findBefore(store));
  const changes = last === undefined ? undefined : findChanges(last.content, kept.content);
  const operators = await findOperators(store, changes ?? []);
  return {
    cause,
    digest: kept.digest,
    ...(last !== undefined && { before: last.digest }),
    ...(cause !== 'clients' && origin !== undefined && { file: origin.file }),
    by: describeProcess(),
    ...(operators.length > 0 && { operators }),
    ...(changes && summarize(changes, others)),
  };
}

function describeRejected(
  { origin: { cause, file }, faults }: Rejection,
  inForce: KeptConfiguration,
): ConfigurationTrace {
  const more = faults.length - MAX_FAULTS;
  return {
    cause,
    file,
    before: inForce.digest,
    by: describeProcess(),
    faults: faults.slice(0, MAX_FAULTS).map((fault) => redactTokens(fault).slice(0, MAX_FAULT_LENGTH)),
    ...(more > 0 && { more }),
  };
}

/** A registered client that changed is a new object, so that its kept form is made once. */
function createClientKeeper(): (clients: ReadonlyMap<string, RegisteredClient>) => ConfigurationContent['registered'] {
  const known = new WeakMap<RegisteredClient, JsonObject>();
  return (clients) => {
    const entries = [...clients].map(([id, client]) => {
      const kept =
        known.get(client) ??
        keepClient(
          client.entry,
          client.secrets.map((secret) => secret.id),
        );
      known.set(client, kept);
      return [id, kept] as const;
    });
    return Object.fromEntries(entries);
  };
}
