// Resolves a file: looks names up, reads secrets and certificates, and finds parts that contradict each other.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SIGN_IN_GRANTS } from '../grants/index.ts';
import { KEY_SET_MAX_AGE_SECONDS, MAIN_SET } from '../keys/key-sets.ts';
import { parseSealingKey, type SealingKeySource } from '../keys/sealing-key.ts';
import { OWN_LIFETIME_SECONDS } from '../model/resource.ts';
import { indexNames } from '../narrowing/targets.ts';
import { compilePolicy } from '../policy/policy.ts';
import { showUrl } from '../primitives/form.ts';
import { isLoopback } from '../primitives/network.ts';
import type { StoreLocation } from '../store/store.ts';
import type { Configuration, ResolvedConfiguration } from './configuration.ts';
import type { Complain } from './fault.ts';
import { checkMappedSubjects } from './mapped-subjects.ts';
import { findTaken } from './principal-names.ts';
import { registerBeside } from './registered.ts';
import { resolveAccounts } from './resolve-accounts.ts';
import { resolveActors } from './resolve-actors.ts';
import { resolveAudit } from './resolve-audit.ts';
import { resolveBranding } from './resolve-branding.ts';
import { resolveClients } from './resolve-clients.ts';
import { addConsole, resolveConsole } from './resolve-console.ts';
import { resolveIssuers } from './resolve-issuers.ts';
import { resolveClientDocuments, resolveRegistration } from './resolve-open-clients.ts';
import { resolveRegions } from './resolve-regions.ts';
import { resolveResources } from './resolve-resources.ts';
import { resolveRules } from './resolve-rules.ts';
import { resolveServer } from './resolve-server.ts';
import { resolveServers } from './resolve-servers.ts';
import { resolveStore } from './resolve-store.ts';
import { resolveUpstream } from './resolve-upstream.ts';
import type { ConfigurationFile } from './schema.ts';
import { readSecret, type Surroundings } from './source.ts';

/** Reports parts that contradict each other. After a report the result must not be used. */
export async function resolveConfiguration(
  file: ConfigurationFile,
  around: Surroundings,
): Promise<ResolvedConfiguration> {
  checkIssuer(file.issuer, around.complain);
  const resources = resolveResources(file, around);
  const authorizationServers = resolveServers(file, resources, around);
  const clients = addConsole(resolveClients(file, resources, around), file, around);
  // Requests run between the steps of a reload.
  await nextTurn();
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
  const { rules, denials } = resolveRules(file, indexNames(resources, authorizationServers), issuerNames, around);
  await nextTurn();
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
    authorizationServers,
    clients,
    clientDocuments: resolveClientDocuments(file, resources, around),
    registration: resolveRegistration(file, resources, around),
    accounts,
    upstream,
    console: resolveConsole(file, resources, upstream, around),
    regions: resolveRegions(file, around),
    actors: resolveActors(file, issuerNames, around),
    issuers,
    saml,
    policy: compilePolicy(file.issuer, rules, denials),
    keys: resolveKeys(file, { resources, authorizationServers }, around.complain),
    sealingKey: resolveSealingKey(file, store, around),
    ...registerBeside(file, clients, resources, { around, takenBy, check: resolveConfiguration }),
  };
}

function resolveKeys(
  { keys, clients, clientDocuments, registration }: ConfigurationFile,
  { resources, authorizationServers }: Pick<Configuration, 'resources' | 'authorizationServers'>,
  complain: Complain,
): Configuration['keys'] {
  const { alg, rotateEvery, publishAhead } = keys;
  if (publishAhead < KEY_SET_MAX_AGE_SECONDS)
    complain(
      ['keys', 'publishAhead'],
      'must be 5m or more, because verifiers cache the key set that long. Write 5m, 1h or longer.',
    );
  if (rotateEvery <= publishAhead)
    complain(['keys', 'rotateEvery'], 'must be longer than keys.publishAhead. Write a longer time, such as 30d.');
  const signsIn = clients.some(({ grants }) => grants.some((grant) => SIGN_IN_GRANTS.has(grant)));
  const isOpen = clientDocuments !== undefined || registration !== undefined;
  const ownLifetime = signsIn || isOpen ? OWN_LIFETIME_SECONDS : 0;
  const sets = Map.groupBy(
    [{ jwks: undefined, alg }, ...resources.map(({ token }) => token)],
    ({ jwks }) => jwks ?? MAIN_SET,
  );
  return {
    algorithms: [alg, ...resources.map(({ token }) => token.alg)],
    sets: new Map([...sets].map(([set, tokens]) => [set, new Set(tokens.map((token) => token.alg))])),
    rotateEvery: rotateEvery * 1000,
    publishAhead: publishAhead * 1000,
    keepAfter:
      Math.max(
        ownLifetime,
        ...[...resources, ...authorizationServers.flatMap(({ targets }) => targets)].map(({ token }) => token.lifetime),
      ) * 1000,
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
    if (!around.unsure.key('sealingKey'))
      around.complain(
        ['store'],
        'a shared database needs a sealingKey that all nodes know. Write sealingKey: { env: NAME }, a secret of 32 bytes in base64, as openssl rand -base64 32 prints it.',
      );
    return 'ephemeral';
  }
  const keys = sealingKey.map((source, index) => {
    const text = readSecret(source, ['sealingKey', index], server.host, around);
    const key = parseSealingKey(text ?? '');
    if (text !== undefined && key === undefined)
      around.complain(
        ['sealingKey', index],
        'the secret is not 32 bytes in base64. Make one with openssl rand -base64 32.',
      );
    return key ?? Buffer.alloc(0);
  });
  if (keys.length > 2)
    around.complain(
      ['sealingKey'],
      'there are two sealing keys at most, while the first takes over from the second. Remove the oldest.',
    );
  const [first = Buffer.alloc(0), ...others] = keys;
  return { keys: [first, ...others] };
}

/** Allowed only for developers on the same machine, because the reason of a refusal reveals which clients exist. */
function resolveDeveloperErrors({ developerErrors, issuer, server }: ConfigurationFile, complain: Complain): boolean {
  // An issuer that is not a URL is reported elsewhere.
  if (!developerErrors || !URL.canParse(issuer)) return false;
  const host = new URL(issuer).hostname;
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

/** Checks the issuer (RFC 8414 section 2): https without a query and a fragment; http on loopback only. */
function checkIssuer(issuer: string, complain: Complain): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    /[?#\s]/.test(issuer) ||
    url.username !== '' ||
    url.password !== ''
  ) {
    complain(['issuer'], describeIssuerFault(issuer));
  } else if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    complain(
      ['issuer'],
      `${JSON.stringify(issuer)} is http, which is for loopback only. Write https://${issuer.slice('http://'.length)}.`,
    );
  }
}

function describeIssuerFault(issuer: string): string {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  // A URL with a user name may contain a password too.
  if (url !== undefined && (url.username !== '' || url.password !== ''))
    return 'the issuer holds a user name. Write an https URL without it, such as https://login.example.com.';
  const [, port = '0'] = /^https?:\/\/[^/?#@]*:(\d+)(?:\/|$)/.exec(issuer) ?? [];
  if (Number(port) > 65_535) return `${showUrl(issuer)} has the port ${port}. Write a port from 1 to 65535.`;
  return `${showUrl(issuer)} is not an https URL without a query and a fragment. Write one such as https://login.example.com.`;
}
