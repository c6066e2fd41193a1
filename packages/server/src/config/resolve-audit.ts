// Resolves the settings of the audit: retention, interval of signatures, and sinks.
import type { AuditRetentionSettings } from '../audit-retention/retain.ts';
import { sinkKinds } from '../audit-retention/sinks/index.ts';
import type { SinkPlace } from '../audit-retention/sinks/sink.ts';
import { urlProblem } from '../outbound/address.ts';
import type { Path } from './fault.ts';
import type { ConfigurationFile } from './schema.ts';
import { readSecret, type Surroundings } from './source.ts';
import { describeUrlProblem } from './urls.ts';

export function resolveAudit({ audit, server }: ConfigurationFile, around: Surroundings): AuditRetentionSettings {
  const { retention, checkpointEvery, stream } = audit;
  if (retention !== undefined && retention <= checkpointEvery)
    around.complain(
      ['audit', 'retention'],
      'must be longer than audit.checkpointEvery, because a row is signed before it is deleted. Write a longer time, such as 365d.',
    );
  const names = new Set<string>();
  const sinks = stream.map((entry, index) => {
    const path: Path = ['audit', 'stream', index];
    const kind = sinkKinds.find(({ name }) => name === entry.type) ?? sinkKinds[0];
    const name = entry.name ?? entry.type;
    if (names.has(name))
      around.complain([...path, 'name'], `another sink has the name ${name}. Give each sink a name of its own.`);
    names.add(name);
    return { name, kind, place: 'url' in entry ? resolvePlace(entry, path, server.host, around) : undefined };
  });
  return {
    retention: retention && retention * 1000,
    checkpointEvery: checkpointEvery * 1000,
    sinks,
  };
}

type RemoteSink = Extract<ConfigurationFile['audit']['stream'][number], { url: string }>;

function resolvePlace(
  { url, headers, allowPrivateNetwork }: RemoteSink,
  path: Path,
  host: string,
  around: Surroundings,
): SinkPlace {
  const network = allowPrivateNetwork ? 'private' : 'public';
  const problem = urlProblem(url, network);
  if (problem !== undefined) around.complain([...path, 'url'], describeUrlProblem(url, problem));
  const values = Object.entries(headers).map(([name, source]) => {
    const value = readSecret(source, [...path, 'headers', name], host, around) ?? '';
    if (value !== '' && !HEADER.test(value))
      around.complain(
        [...path, 'headers', name],
        'the secret is not the value of a header. Use printable ASCII on one line.',
      );
    return [name, value];
  });
  return { url, network, headers: Object.fromEntries(values) };
}

/** RFC 9110 section 5.5: visible ASCII with blanks between. */
const HEADER = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
