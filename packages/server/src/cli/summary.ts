// Summarizes a configuration for the person who starts a server: issuer, store, keys, clients, rules and features.

import type { Configuration } from '../config/configuration.ts';
import { hasSignIn } from '../grants/index.ts';
import { adminAudience } from '../model/resource.ts';
import { allRules } from '../policy/policy.ts';
import type { Report } from '../primitives/log.ts';
import { version } from '../primitives/version.ts';
import type { PostgresConnection } from '../store/postgres-url.ts';
import { countOf } from './count.ts';

const DAY_MS = 86_400_000;

/** Reports one line in a log of JSON, and one line for each fact in a log of text. */
export function reportSummary(
  configuration: Configuration,
  about: { readonly file: string; readonly servesMetrics: boolean; readonly report: Report },
): void {
  const { report } = about;
  const facts = Object.entries(summaryOf(configuration, about));
  if (configuration.log.format === 'json') {
    report(facts.map(([name, fact]) => `${name}: ${fact}`).join('; '), { level: 'info' });
    return;
  }
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  for (const [name, fact] of facts) report(`${name.padEnd(width)}${fact}`, { level: 'info' });
}

function summaryOf(
  configuration: Configuration,
  { file, servesMetrics }: { readonly file: string; readonly servesMetrics: boolean },
): Readonly<Record<string, string>> {
  const { issuer, keys, clients, policy, resources, warnings } = configuration;
  const count = warnings.length;
  return {
    cambio: `${version}, by ${file}`,
    issuer,
    listens: listensAt(configuration),
    store: storeOf(configuration),
    keys: `${[...new Set(keys.algorithms)].join(', ')}; a new one every ${Math.round(keys.rotateEvery / DAY_MS)} days, sealed ${sealedBy(configuration)}`,
    file: [
      countOf(clients.size, 'client'),
      countOf(allRules(policy).length, 'rule'),
      countOf(resources.length, 'resource'),
      countOf(configuration.issuers.length + configuration.saml.length, 'trusted issuer'),
    ].join(', '),
    on: switchedOn(configuration, servesMetrics).join(', ') || 'token endpoints alone',
    warnings: count === 0 ? 'none' : `${count}, printed above: cambio check --config ${file} prints them again`,
  };
}

function listensAt({ server: { host, port, tls, trustProxy } }: Configuration): string {
  const how = tls !== undefined ? 'TLS' : trustProxy.length > 0 ? 'plain HTTP, behind a proxy' : 'plain HTTP';
  return `${host}${port === 0 ? ', any free port' : ` port ${port}`}, ${how}`;
}

/** Describes the store without the password of the connection. */
function storeOf({ store }: Configuration): string {
  if (store.kind === 'sqlite') return `SQLite, ${store.file}`;
  const placeOf = ({ host, port, tls }: PostgresConnection): string =>
    `${host.startsWith('/') ? host : `${host} port ${port}`}, ${tls === 'none' ? 'without TLS' : 'verified TLS'}`;
  const { connection, replica } = store;
  const readFrom = replica === undefined ? '' : `; replica at ${placeOf(replica)}`;
  return `PostgreSQL, ${connection.database ?? 'the default database'} at ${placeOf(connection)}${readFrom}`;
}

function sealedBy({ sealingKey }: Configuration): string {
  if (sealingKey === 'ephemeral') return 'for this process alone';
  return 'file' in sealingKey ? `with ${sealingKey.file}` : 'with sealingKey';
}

function switchedOn(configuration: Configuration, servesMetrics: boolean): readonly string[] {
  const { issuer, server, audit, accounts, upstream, clientDocuments, registration, resources } = configuration;
  const { console: operators } = configuration;
  const isOn: readonly (readonly [what: string, on: boolean])[] = [
    [accounts.length > 0 ? `sign-in with ${countOf(accounts.length, 'account')}` : 'sign-in', hasSignIn(configuration)],
    ['clients that register themselves', registration !== undefined],
    [`sign-in at ${upstream?.issuer}`, upstream !== undefined],
    [
      `clients that describe themselves, of ${[...(clientDocuments?.domains ?? [])].join(', ')}`,
      clientDocuments !== undefined,
    ],
    ['console', operators !== undefined],
    ['admin API', resources.some(({ audience }) => audience === adminAudience(issuer))],
    [`metrics on ${server.metrics?.host} port ${server.metrics?.port}`, servesMetrics],
    ['DPoP nonces', server.dpopNonces],
    ['client certificates', server.clientCertificates.asked],
    [`audit streamed to ${audit.sinks.map(({ name }) => name).join(' and ')}`, audit.sinks.length > 0],
    [`audit kept for ${Math.round((audit.retention ?? 0) / DAY_MS)} days`, audit.retention !== undefined],
  ];
  return isOn.filter(([, on]) => on).map(([what]) => what);
}
