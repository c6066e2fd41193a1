// Do the parts of the file fit together? Names are looked up, secrets and certificates read, contradictions found.
import { SIGN_IN_GRANTS } from '../grants/index.ts';
import { parseSealingKey, type SealingKeySource } from '../keys/sealing-key.ts';
import { OWN_LIFETIME_SECONDS, type Resource } from '../model/resource.ts';
import { compilePolicy } from '../policy/policy.ts';
import { isLoopback } from '../primitives/network.ts';
import type { StoreLocation } from '../store/store.ts';
import type { Configuration } from './configuration.ts';
import type { Complain } from './fault.ts';
import { checkMappedSubjects } from './mapped-subjects.ts';
import { findTaken } from './principal-names.ts';
import { registerBeside } from './registered.ts';
import { resolveAccounts } from './resolve-accounts.ts';
import { resolveAudit } from './resolve-audit.ts';
import { resolveBranding } from './resolve-branding.ts';
import { resolveClients } from './resolve-clients.ts';
import { resolveIssuers } from './resolve-issuers.ts';
import { resolveResources } from './resolve-resources.ts';
import { resolveRules } from './resolve-rules.ts';
import { resolveServer } from './resolve-server.ts';
import { resolveStore } from './resolve-store.ts';
import { resolveUpstream } from './resolve-upstream.ts';
import type { ConfigurationFile } from './schema.ts';
import { readSecret, type Surroundings } from './source.ts';

/** Complains of whatever does not fit; what it then returns is not to be used. */
export async function resolveConfiguration(
  file: ConfigurationFile,
  around: Surroundings,
): Promise<Omit<Configuration, 'warnings' | 'placeOf' | 'examine' | 'entries' | 'requireIssuer'>> {
  checkIssuer(file.issuer, around.complain);
  const resources = resolveResources(file, around);
  const clients = resolveClients(file, resources, around);
  const resolved = await resolveIssuers(file, around);
  const { issuers, saml } = resolved;
  const issuerNames = [...issuers, ...saml.map(({ entityId, name }) => ({ issuer: entityId, name }))];
  const upstream = file.upstream && resolveUpstream(file.upstream, file, resolved, around);
  const accounts = await resolveAccounts(
    file,
    upstream === undefined ? issuerNames : [...issuerNames, upstream],
    around,
  );
  const takenBy = findTaken({ accounts, issuers: issuerNames, upstream });
  const store = resolveStore(file.store, around);
  checkMappedSubjects(file, upstream?.name, around.complain);
  return {
    issuer: file.issuer,
    log: file.log,
    server: resolveServer(file, around),
    store,
    audit: resolveAudit(file, around),
    branding: resolveBranding(file, around),
    tokenErrorCode: file.tokenErrorCode,
    developerErrors: resolveDeveloperErrors(file, around.complain),
    resources,
    clients,
    accounts,
    upstream,
    issuers,
    saml,
    policy: compilePolicy(file.issuer, resolveRules(file, resources, issuerNames, around.complain)),
    keys: resolveKeys(file, resources, around.complain),
    sealingKey: resolveSealingKey(file, store, around),
    ...registerBeside(file, clients, resources, { around, takenBy, check: resolveConfiguration }),
  };
}

/** Seconds for which verifiers may keep our key set, as its Cache-Control says. */
const KEY_SET_KEPT = 300;

function resolveKeys(
  { keys, clients }: ConfigurationFile,
  resources: readonly Resource[],
  complain: Complain,
): Configuration['keys'] {
  const { alg, rotateEvery, publishAhead } = keys;
  if (publishAhead < KEY_SET_KEPT)
    complain(['keys', 'publishAhead'], 'must be 5m or more: verifiers keep our keys that long');
  if (rotateEvery <= publishAhead) complain(['keys', 'rotateEvery'], 'must be longer than publishAhead');
  const ownLifetime = clients.some(({ grants }) => grants.some((grant) => SIGN_IN_GRANTS.has(grant)))
    ? OWN_LIFETIME_SECONDS
    : 0;
  return {
    algorithms: [alg, ...resources.map(({ token }) => token.alg)],
    rotateEvery: rotateEvery * 1000,
    publishAhead: publishAhead * 1000,
    keepAfter: Math.max(ownLifetime, ...resources.map(({ token }) => token.lifetime)) * 1000,
  };
}

function resolveSealingKey(
  { sealingKey, server }: ConfigurationFile,
  location: StoreLocation,
  around: Surroundings,
): SealingKeySource {
  if (sealingKey === undefined) {
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

/** The reason of a refusal tells which clients there are, so it is for the developer of the machine alone. */
function resolveDeveloperErrors({ developerErrors, issuer, server }: ConfigurationFile, complain: Complain): boolean {
  if (!developerErrors) return false;
  const host = URL.canParse(issuer) ? new URL(issuer).hostname : '';
  const [name, value] = isLoopback(host) ? ['server.host', server.host] : ['the issuer', issuer];
  if (!isLoopback(host) || !isLoopback(server.host) || server.trustProxy.length > 0)
    complain(
      ['developerErrors'],
      server.trustProxy.length > 0
        ? 'true cannot be combined with server.trustProxy: callers behind a proxy would read the reasons. Remove one of them'
        : `true is for a server on loopback only, and ${name} is ${value}. Remove developerErrors, or use an address such as http://127.0.0.1:8080`,
    );
  return true;
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
