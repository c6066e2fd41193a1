// Do the parts of the file fit together? Names are looked up, secrets and certificates read, contradictions found.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { Client } from '../client-auth/client.ts';
import type { Resource } from '../issuing/resource.ts';
import { parseSealingKey, type SealingKeySource } from '../keys/sealing-key.ts';
import { compilePolicy } from '../policy/rule.ts';
import { normalAudience } from '../policy/targets.ts';
import { SecretDigest } from '../primitives/secret.ts';
import type { StoreLocation } from '../store/store.ts';
import type { Configuration } from './configuration.ts';
import type { Complain, Path } from './fault.ts';
import { resolveIssuers } from './resolve-issuers.ts';
import { resolveResources } from './resolve-resources.ts';
import { resolveRules } from './resolve-rules.ts';
import type { ConfigurationFile } from './schema.ts';
import { isLoopback, readSecret, type Surroundings } from './surroundings.ts';

/** Complains of whatever does not fit; what it then returns is not to be used. */
export async function resolveConfiguration(
  file: ConfigurationFile,
  around: Surroundings,
): Promise<Omit<Configuration, 'warnings' | 'examine'>> {
  checkIssuer(file.issuer, around.complain);
  const resources = resolveResources(file, around);
  const clients = resolveClients(file, resources, around);
  const { issuers, saml } = await resolveIssuers(file, around);
  const issuerNames = [...issuers, ...saml.map(({ entityId, name }) => ({ issuer: entityId, name }))];
  return {
    issuer: file.issuer,
    server: resolveServer(file.server, around),
    store: resolveStore(file.store, around.folder),
    tokenErrorCode: file.tokenErrorCode,
    resources,
    clients,
    issuers,
    saml,
    policy: compilePolicy(file.issuer, resolveRules(file, resources, issuerNames, around.complain)),
    keys: resolveKeys(file, resources, around.complain),
    sealingKey: resolveSealingKey(file, around),
  };
}

/** Seconds for which verifiers may keep our key set, as its Cache-Control says. */
const KEY_SET_KEPT = 300;

function resolveKeys(
  { keys }: ConfigurationFile,
  resources: readonly Resource[],
  complain: Complain,
): Configuration['keys'] {
  const { alg, rotateEvery, publishAhead } = keys;
  if (publishAhead < KEY_SET_KEPT)
    complain(['keys', 'publishAhead'], 'must be 5m or more: verifiers keep our keys that long');
  if (rotateEvery <= publishAhead) complain(['keys', 'rotateEvery'], 'must be longer than publishAhead');
  return {
    algorithms: [alg, ...resources.map(({ token }) => token.alg)],
    rotateEvery: rotateEvery * 1000,
    publishAhead: publishAhead * 1000,
    keepAfter: Math.max(0, ...resources.map(({ token }) => token.lifetime)) * 1000,
  };
}

function resolveSealingKey({ sealingKey, store, server }: ConfigurationFile, around: Surroundings): SealingKeySource {
  if (sealingKey === undefined) {
    const location = resolveStore(store, around.folder);
    if (location.kind === 'sqlite')
      return location.file === ':memory:' ? 'ephemeral' : { file: `${location.file}.key` };
    around.complain(['store'], 'a shared database needs a sealingKey that all nodes know: 32 bytes in base64');
    return 'ephemeral';
  }
  const keys = sealingKey.map((source, index) => {
    const key = parseSealingKey(readSecret(source, ['sealingKey', index], server.host, around));
    if (key === undefined) around.complain(['sealingKey', index], 'must be 32 bytes in base64');
    return key ?? Buffer.alloc(0);
  });
  if (keys.length > 2) around.complain(['sealingKey'], 'at most two, while the first takes over from the second');
  const [first = Buffer.alloc(0), ...others] = keys;
  return { keys: [first, ...others] };
}

function resolveStore(store: string, folder: string): StoreLocation {
  if (!store.startsWith('sqlite:')) return { kind: 'postgres', url: store };
  const file = store.slice('sqlite:'.length);
  return { kind: 'sqlite', file: file === ':memory:' ? file : resolve(folder, file) };
}

/** RFC 8414 section 2: https, no query, no fragment; http only where nothing leaves the machine. */
function checkIssuer(issuer: string, complain: Complain): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    /[?#\s]/.test(issuer) ||
    url.username !== '' ||
    url.password !== ''
  ) {
    complain(['issuer'], 'must be an https URL without query, fragment and user information');
  } else if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    complain(['issuer'], 'must be https; http is for loopback only');
  }
}

function resolveServer(
  server: ConfigurationFile['server'],
  { folder, complain }: Surroundings,
): Configuration['server'] {
  const { host, port, trustProxy, limits } = server;
  const read = (key: 'cert' | 'key', name: string): Buffer => {
    try {
      return readFileSync(resolve(folder, name));
    } catch (error) {
      complain(['server', 'tls', key], `cannot be read: ${(error as NodeJS.ErrnoException).code}`);
      return Buffer.alloc(0);
    }
  };
  const tls = server.tls && { cert: read('cert', server.tls.cert), key: read('key', server.tls.key) };
  if (tls === undefined && trustProxy.length === 0 && !isLoopback(host)) {
    complain(
      ['server', 'host'],
      'plain HTTP on an address other than loopback: set server.tls, or server.trustProxy behind a proxy',
    );
  }
  if (tls !== undefined) {
    try {
      createSecureContext(tls);
    } catch (error) {
      complain(['server', 'tls'], `certificate and key cannot be used: ${(error as Error).message}`);
    }
  }
  return { host, port, tls, trustProxy, bodyLimit: limits.body };
}

function resolveClients(
  file: ConfigurationFile,
  resources: readonly Resource[],
  around: Surroundings,
): ReadonlyMap<string, Client> {
  const audiences = new Map(resources.map(({ audience }) => [normalAudience(audience), audience]));
  const clients = new Map<string, Client>();
  for (const [index, entry] of file.clients.entries()) {
    const path: Path = ['clients', index];
    if (clients.has(entry.id)) around.complain([...path, 'id'], 'another client has this id');
    for (const [place, audience] of entry.audiences.entries()) {
      if (!audiences.has(normalAudience(audience)))
        around.complain([...path, 'audiences', place], 'no resource has this audience');
    }
    const resource = entry.resource === undefined ? undefined : audiences.get(normalAudience(entry.resource));
    if (entry.resource !== undefined && resource === undefined) {
      around.complain([...path, 'resource'], 'no resource has this audience');
    }
    if (entry.secret.length > 2)
      around.complain([...path, 'secret'], 'a client has at most two secrets, while one replaces the other');
    clients.set(entry.id, {
      id: entry.id,
      auth: entry.auth,
      secrets: entry.secret.map(
        (source) => new SecretDigest(readSecret(source, [...path, 'secret'], file.server.host, around)),
      ),
      grants: new Set(entry.grants),
      audiences: entry.audiences,
      scopes: entry.scopes && new Set(entry.scopes),
      resource,
      saml: entry.saml,
      disabled: entry.disabled,
    });
  }
  return clients;
}
