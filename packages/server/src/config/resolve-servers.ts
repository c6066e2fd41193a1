// Resolves the other authorization servers of the file, and makes their resources targets.
import { isReservedClaim } from '../issuing/access-token-claims.ts';
import type { AuthorizationServer } from '../model/authorization-server.ts';
import type { Resource } from '../model/resource.ts';
import { indexAudiences, normalAudience, parseResourceUri, type ServerTargets } from '../narrowing/targets.ts';
import { foldMemberName } from '../primitives/strict-json.ts';
import type { Path } from './fault.ts';
import { createNameDescriber, type DescribeName } from './references.ts';
import { isOurs } from './resolve-resources.ts';
import type { ConfigurationFile } from './schema.ts';
import { type ServerSource, scopeMapOf, scopesHere } from './schema-servers.ts';
import { elsewhere, type Surroundings } from './source.ts';
import { createTeams } from './team.ts';
import { reserved } from './wording.ts';

export function resolveServers(
  file: ConfigurationFile,
  resources: readonly Resource[],
  around: Surroundings,
): readonly ServerTargets[] {
  const checkName = createNameCheck(file, resources, around);
  const known = file.clients.map(({ id }) => id);
  const describeClient = createNameDescriber('client', known);
  const teamOf = createTeams(file, around.originOf);
  return file.authorizationServers.map((source, index) => {
    const path: Path = ['authorizationServers', index];
    const { issuer, aliases } = source;
    checkIssuer(issuer, [...path, 'issuer'], around);
    checkName(issuer, [...path, 'issuer']);
    for (const [place, alias] of aliases.entries()) checkName(alias, [...path, 'aliases', place]);
    const mayMean = teamOf('authorizationServers', index)?.mayMean.client;
    checkClients(source, path, known, (id) => describeClient(id, mayMean), around);
    checkClaims(source, path, around);
    const server = toServer(source, path, around);
    const uris = Object.keys(source.resources);
    for (const uri of uris) {
      const at = [...path, 'resources', uri];
      checkName(uri, at);
      if (parseResourceUri(uri) === undefined)
        around.complain(
          at,
          `${JSON.stringify(uri)} is not an absolute URI without a fragment. Write one such as https://api.vendor.example.`,
        );
    }
    const target = (audience: string, scopes: ServerSource['scopes'] = []): Resource => ({
      audience,
      locations: [],
      scopes: new Set(scopesHere(scopes)),
      scopeNames: new Map(),
      requiredAcr: new Set(),
      requireSenderConstraint: false,
      server,
      token: { format: 'jwt', lifetime: source.lifetime, alg: file.keys.alg },
    });
    const targets = uris.map((uri) => target(uri, source.resources[uri]?.scopes));
    return { server, targets: targets.length === 0 ? [target(issuer, source.scopes)] : targets };
  });
}

/** A name means one thing in requests and in rules: a resource of ours, a server, or a resource of a server. */
function createNameCheck(file: ConfigurationFile, resources: readonly Resource[], around: Surroundings) {
  const own = indexAudiences(resources);
  const seen = new Map<string, Path>();
  return (name: string, path: Path): void => {
    const shown = JSON.stringify(name);
    if (isOurs(name, file.issuer))
      around.complain(path, `${shown} is this server itself, which issues no grants for itself. Name another server.`);
    else if (own(name) !== undefined)
      around.complain(
        path,
        `${shown} is an audience under resources, so it belongs to this server. Write another name.`,
      );
    const known = normalAudience(name);
    const first = seen.get(known);
    if (first !== undefined)
      around.complain(
        path,
        `another entry${elsewhere(path, first, around)} has the name ${shown}. Give each server and each resource its own.`,
      );
    seen.set(known, first ?? path);
  };
}

function checkIssuer(issuer: string, path: Path, { complain }: Surroundings): void {
  const url = parseResourceUri(issuer);
  const isLocal = url?.protocol === 'http:' && /^(?:127\.0\.0\.1|\[::1\]|localhost)$/.test(url.hostname);
  if (url === undefined || !(url.protocol === 'https:' || isLocal) || url.search !== '')
    complain(
      path,
      `${JSON.stringify(issuer)} is not an https URL without a query and a fragment. Write the issuer as that server's metadata has it, such as https://login.vendor.example.`,
    );
}

function checkClients(
  { clients }: ServerSource,
  path: Path,
  known: readonly string[],
  describe: DescribeName,
  { complain, unsure }: Surroundings,
): void {
  for (const id of Object.keys(clients))
    if (!known.includes(id) && !unsure.name('clients', id))
      complain([...path, 'clients', id], describe(id), 'warning', 'value', 'clients');
}

/** How the subject signed in. An ID-JAG has these always. */
const SIGN_IN: ReadonlySet<string> = new Set(['acr', 'amr', 'auth_time']);
/** Further claims of a grant, which no token of a subject may set. */
const OF_GRANTS: ReadonlySet<string> = new Set([
  'resource',
  'tenant',
  'aud_tenant',
  'authorization_details',
  'requested_cnf',
  'agreed',
]);

function checkClaims({ claims }: ServerSource, path: Path, { complain }: Surroundings): void {
  for (const [place, claim] of claims.entries())
    if (OF_GRANTS.has(foldMemberName(claim)) || (isReservedClaim(claim) && !SIGN_IN.has(claim)))
      complain([...path, 'claims', place], reserved(claim));
}

function toServer(source: ServerSource, path: Path, around: Surroundings): AuthorizationServer {
  const { issuer, aliases, grants, clients, subject, samlSubjectId, claims, acr, maxAge, keyBinding, tenant } = source;
  return {
    issuer,
    aliases,
    grants: new Set(grants),
    clients: new Map(Object.entries(clients)),
    subject,
    samlSubjectId,
    claims: new Set(claims),
    acr,
    maxAge,
    keyBinding,
    subjectTokens: new Set(source.subjectTokens),
    tenant,
    scopes: mapScopes(source, path, around),
  };
}

/**
 * Joins the scope maps of a server. A name here has one name there, whatever the resource; and at one resource, a name there has
 * one name here: otherwise a grant of one scope would also be a grant of another.
 */
function mapScopes(
  { resources, scopes }: ServerSource,
  path: Path,
  { complain }: Surroundings,
): AuthorizationServer['scopes'] {
  const joined = new Map<string, string>();
  const maps: (readonly [Path, ServerSource['scopes']])[] = [
    [[...path, 'scopes'], scopes],
    ...Object.entries(resources).map(([uri, one]) => [[...path, 'resources', uri, 'scopes'], one.scopes] as const),
  ];
  for (const [at, map] of maps) {
    const words = new Map<string, string>();
    for (const [here, there] of Object.entries(scopeMapOf(map))) {
      const other = words.get(there);
      if (other !== undefined)
        complain(
          at,
          `${other} and ${here} are both ${there} there, so a grant of one would be a grant of the other. Map them to different scopes.`,
        );
      words.set(there, here);
      const before = joined.get(here);
      if (before !== undefined && before !== there)
        complain(
          at,
          `${here} is ${before} at another resource of this server, and ${there} at this one. Give the two scopes different names here.`,
        );
      joined.set(here, there);
    }
  }
  for (const [here, there] of joined)
    if (joined.has(there) && joined.get(there) !== there)
      complain(
        [...path, 'resources'],
        `${there} is the name there of ${here}, and the name here of another scope, so a request for it would mean either. Rename one.`,
      );
  return joined;
}
