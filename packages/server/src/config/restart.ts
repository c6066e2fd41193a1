// Which values apply from the start of the server only? All others, and renewed certificates, apply when they are read.
import { isDeepStrictEqual } from 'node:util';
import type { ConfigurationContent, KeptFile } from '../audit/configuration.ts';
import { describeDifference, findChanges } from '../audit/configuration-changes.ts';
import { isObject } from '../primitives/expectation.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Configuration, ResolvedConfiguration } from './configuration.ts';

/** What a running server compares with the configuration of its start. Content of files that is renewed is left out. */
const bound = {
  log: ({ log }) => log,
  server: ({ server: { tls, clientCertificates, ...server } }) => ({
    ...server,
    hasTls: tls !== undefined,
    clientCertificates: { ...clientCertificates, authorities: undefined },
  }),
  developerErrors: ({ developerErrors }) => developerErrors,
  store: ({ store }) => store,
  sealingKey: ({ sealingKey }) => sealingKey,
  regions: ({ regions }) => regions,
  audit: ({ audit }) => ({
    ...audit,
    sinks: audit.sinks.map(({ place, ...sink }) => ({ ...sink, place: place && { ...place, headers: undefined } })),
  }),
} as const satisfies Partial<Record<keyof Configuration, (configuration: ResolvedConfiguration) => unknown>>;

/** A value of the file that is not in force until a restart. */
export interface Waiting {
  /** `server.trustProxy` */
  readonly key: string;
  /** `server.trustProxy waits for a restart: 192.0.2.7 added` */
  readonly text: string;
}

/** A configuration as a running server has it: the values that need a restart, and their kept form, are those of its start. */
export interface ConfigurationInForce extends Configuration {
  readonly waiting: readonly Waiting[];
}

export const atStart = (configuration: Configuration): ConfigurationInForce => ({ ...configuration, waiting: [] });

/** @returns the next configuration with what needs a restart as it was at the start */
export function keepBound(started: Configuration, next: Configuration): ConfigurationInForce {
  const { server, developerErrors, log } = started;
  const { authorities } = next.server.clientCertificates;
  const keys = Object.entries(bound).flatMap(([key, read]) =>
    isDeepStrictEqual(read(started), read(next)) ? [] : [key],
  );
  const kept = keepRunning(started.kept, next.kept, keys);
  return {
    ...next,
    log,
    developerErrors,
    server: {
      ...server,
      tls: server.tls && (next.server.tls ?? server.tls),
      clientCertificates: { ...server.clientCertificates, authorities },
    },
    kept,
    waiting: findWaiting(keys, kept, next.kept),
  };
}

/** These keys stand in the main file only. */
const isMain = ({ path }: KeptFile): boolean => path === '';

/** The kept form of what is in force: these keys of the main file are as they were at the start. */
function keepRunning(
  started: readonly KeptFile[],
  next: readonly KeptFile[],
  keys: readonly string[],
): readonly KeptFile[] {
  const was = started.find(isMain)?.content ?? {};
  return next.map((file) => {
    if (!isMain(file) || keys.length === 0) return file;
    const running = keys.map((key) => [key, key === 'server' ? runningServer(was[key], file.content[key]) : was[key]]);
    return { ...file, content: { ...file.content, ...Object.fromEntries(running) } };
  });
}

/** Renewed certificates do not wait for a restart. */
function runningServer(was: unknown, next: unknown): JsonObject | undefined {
  if (!isObject(was)) return undefined;
  const { tls, clientCertificates } = isObject(next) ? next : {};
  const authorities = isObject(clientCertificates) ? clientCertificates.authorities : undefined;
  return {
    ...was,
    ...(was.tls !== undefined && tls !== undefined && { tls }),
    ...(isObject(was.clientCertificates) && { clientCertificates: { ...was.clientCertificates, authorities } }),
  } as JsonObject;
}

/** A key whose difference is secret is named without it. */
function findWaiting(
  keys: readonly string[],
  inForce: readonly KeptFile[],
  next: readonly KeptFile[],
): readonly Waiting[] {
  if (keys.length === 0) return [];
  const [was, is] = [inForce, next].map((files) => files.find(isMain)?.content ?? {});
  /** A section that is not set has no members: its members are named one by one. */
  const sectionOf = (content: JsonObject | undefined, key: string, other: JsonObject | undefined): JsonObject => {
    const value = content?.[key] ?? (isObject(other?.[key]) ? {} : undefined);
    return value === undefined ? {} : { [key]: value };
  };
  const compared = (content: JsonObject | undefined, other: JsonObject | undefined): ConfigurationContent => {
    const sections = keys.map((key) => sectionOf(content, key, other));
    return { files: [{ path: '', content: Object.assign({}, ...sections) }], registered: {} };
  };
  const changes = findChanges(compared(was, is), compared(is, was));
  return keys.flatMap((entry): readonly Waiting[] => {
    const found = changes.filter((change) => change.entry === entry);
    if (found.length === 0) return [{ key: entry, text: `${entry} waits for a restart` }];
    return found.map(({ key: member, before, after }) => {
      const key = member === undefined ? entry : `${entry}.${member}`;
      return { key, text: `${key} waits for a restart: ${describeDifference(before, after)}` };
    });
  });
}
