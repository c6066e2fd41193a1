// Which values apply from the start of the server only? All others, and renewed certificates, apply when they are read.
import { isDeepStrictEqual } from 'node:util';
import type { Configuration, ResolvedConfiguration } from './configuration.ts';

/** What a running server compares with the configuration of its start. Content of files that is renewed is left out. */
const bound = {
  server: ({ server: { tls, clientCertificates, ...server } }) => ({
    ...server,
    hasTls: tls !== undefined,
    clientCertificates: { ...clientCertificates, authorities: undefined },
  }),
  developerErrors: ({ developerErrors }) => developerErrors,
  store: ({ store }) => store,
  sealingKey: ({ sealingKey }) => sealingKey,
  audit: ({ audit }) => ({
    ...audit,
    sinks: audit.sinks.map(({ place, ...sink }) => ({ ...sink, place: place && { ...place, headers: undefined } })),
  }),
} as const satisfies Partial<Record<keyof Configuration, (configuration: ResolvedConfiguration) => unknown>>;

/** @returns the keys that changed and need a restart */
export const changedSinceStart = (started: Configuration, next: Configuration): readonly string[] =>
  Object.entries(bound).flatMap(([key, read]) => (isDeepStrictEqual(read(started), read(next)) ? [] : [key]));

/** @returns the next configuration with what needs a restart as it was at the start */
export function keepBound({ server, developerErrors }: Configuration, next: Configuration): Configuration {
  const { authorities } = next.server.clientCertificates;
  return {
    ...next,
    developerErrors,
    server: {
      ...server,
      tls: server.tls && (next.server.tls ?? server.tls),
      clientCertificates: { ...server.clientCertificates, authorities },
    },
  };
}
