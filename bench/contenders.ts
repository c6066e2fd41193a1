// The list of contenders: this server in three ways, and peers.
import { join } from 'node:path';
import { startPostgres } from '../packages/server/test/support/postgres.ts';
import { cambioCommand, paths } from './cambio.ts';
import type { Contender, Place } from './contender.ts';
import type { PeerSetting } from './peers/setting.ts';

export const BEFORE = 'before';
const SQLITE = 'sqlite:cambio.db';
/** Commits are written to disk, as in production. */
const DURABLE = ['-c', 'fsync=on'];
const HOOK = join(import.meta.dirname, 'unaudited/hook.ts');

/** The server of another checkout of this repository, in which `npm ci` was run, to measure a change. */
export const before = (checkout: string): Contender => ({
  name: BEFORE,
  title: 'the server of another checkout, on SQLite',
  paths,
  command: (place) => cambioCommand(place, SQLITE, checkout),
});

/** Starts one of the small programs in peers/. */
const commandOf =
  (program: string) =>
  ({ port, issuers }: Place): readonly string[] => [
    join(import.meta.dirname, 'peers', program),
    JSON.stringify({ port, jwk: issuers.people.jwk, actorJwk: issuers.agents.jwk } satisfies PeerSetting),
  ];

export const contenders = [
  {
    name: 'cambio',
    title: 'this server on SQLite, its audit durable',
    paths,
    workers: true,
    command: (place) => cambioCommand(place, SQLITE),
  },
  {
    name: 'cambio-postgres',
    title: 'this server on PostgreSQL on the same machine, whose own CPU is not counted; its audit durable',
    paths,
    workers: true,
    command: async (place) => {
      const postgres = await startPostgres(place, DURABLE);
      return cambioCommand(place, await postgres.database());
    },
  },
  {
    name: 'cambio-unaudited',
    title: 'the same with its audit log replaced by one that does nothing: only here, to tell what the audit costs',
    offers: ['cold'],
    paths,
    command: async (place) => ['--import', HOOK, ...cambioCommand(place, SQLITE)],
  },
  {
    name: 'bare',
    title: 'node:http that finds the tokens in the form, verifies them and signs another: nothing else',
    offers: ['hot', 'cold', 'delegation', 'refused'],
    paths: { token: '/oauth/token' },
    command: commandOf('bare.ts'),
  },
  {
    name: 'oidc-provider',
    title: 'oidc-provider with an exchange grant of fifty lines; JWT access tokens, kept in memory, no audit',
    offers: ['hot', 'cold', 'own', 'credentials', 'refused'],
    paths: { token: '/token' },
    command: commandOf('oidc-provider.ts'),
  },
] as const satisfies readonly Contender[];
