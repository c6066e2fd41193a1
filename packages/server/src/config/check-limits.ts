// Checks that a file that is included with limits has only what belongs to it, so that a team cannot grant what is not its own.
import { SIGN_IN_GRANTS } from '../grants/index.ts';
import { normalAudience } from '../narrowing/targets.ts';
import { showUrl } from '../primitives/form.ts';
import { matchesAny } from '../primitives/pattern.ts';
import { matchesAudience } from './audience-pattern.ts';
import { checkRuleLimits } from './check-rule-limits.ts';
import { checkScope, checkServerLimits, howToAllow, SCOPES_OF_PEOPLE } from './check-server-limits.ts';
import type { Path } from './fault.ts';
import { certificateKeyOf } from './resolve-authentication.ts';
import { isOurs } from './resolve-resources.ts';
import type { ClientSource, ConfigurationFile, ResourceSource } from './schema.ts';
import { createTeams, foreignIssuer, type LimitsContext, listed, type Team, tooLong } from './team.ts';
import { indexTrustedNames } from './trusted-names.ts';

export function checkLimits(file: ConfigurationFile, around: Pick<LimitsContext, 'complain' | 'originOf' | 'placeOf'>) {
  if (file.include.length === 0) return;
  const context: LimitsContext = { file, ...around, teamOf: createTeams(file, around.originOf) };
  for (const [index, resource] of file.resources.entries()) {
    const team = context.teamOf('resources', index);
    if (team !== undefined) checkResource(resource, ['resources', index], team, context);
  }
  for (const [index, server] of file.authorizationServers.entries()) {
    const team = context.teamOf('authorizationServers', index);
    if (team !== undefined) checkServerLimits(server, ['authorizationServers', index], team, context);
  }
  const idProblem = createIdCheck(context);
  for (const [index, client] of file.clients.entries()) {
    const path: Path = ['clients', index];
    const team = context.teamOf('clients', index);
    if (team === undefined) continue;
    const problem = idProblem(client.id, team);
    if (problem !== undefined) context.complain([...path, 'id'], problem);
    checkClient(client, path, team, context);
  }
  checkRuleLimits(context);
}

function checkResource(
  { audience, locations = [], scopes, token }: ResourceSource,
  path: Path,
  { limits, owns, foreign }: Team,
  { complain }: LimitsContext,
): void {
  if (!owns(audience)) complain([...path, 'audience'], foreign(audience));
  for (const [place, location] of locations.entries())
    if (!owns(location)) complain([...path, 'locations', place], foreign(location));
  for (const [place, scope] of scopes.entries()) checkScope(scope, [...path, 'scopes', place], limits, complain);
  if (token.lifetime > limits.maxLifetime)
    complain([...path, 'token', 'lifetime'], tooLong('tokens', token.lifetime, limits, 'token'));
}

function checkClient(client: ClientSource, path: Path, team: Team, context: LimitsContext): void {
  const { complain } = context;
  const { limits, owns, foreign } = team;
  for (const [place, audience] of client.audiences.entries())
    if (!owns(audience)) complain([...path, 'audiences', place], foreign(audience));
  if (client.resource !== undefined && !owns(client.resource))
    complain([...path, 'resource'], foreign(client.resource));
  for (const key of ['entityId', 'acs'] as const) {
    const name = client.saml?.[key];
    if (name !== undefined && !owns(name)) complain([...path, 'saml', key], foreign(name));
  }
  if (client.spiffeId !== undefined && !matchesAny(limits.spiffeIds, client.spiffeId))
    complain(
      [...path, 'spiffeId'],
      `this file may not have the SPIFFE id ${JSON.stringify(client.spiffeId)}.${howToAllow('spiffeIds')}`,
    );
  if (client.allowPrivateNetwork)
    complain([...path, 'allowPrivateNetwork'], 'only the main file may allow this. Move the client there.');
  checkSignIn(client, path, team, context);
  checkWorkload(client, path, team, context);
  checkCertificate(client, path, context);
}

/** @returns a function that finds why a file of a team may not have a client with an id */
function createIdCheck({ file, originOf, placeOf }: LimitsContext): (id: string, team: Team) => string | undefined {
  const trusting = indexTrustedNames(file, originOf);
  const clients = Map.groupBy(file.clients, ({ id }) => id);
  const resources = Map.groupBy(file.resources, ({ audience }) => normalAudience(audience));
  const ofIssuers = new Set(file.issuers.flatMap(({ audiences }) => audiences.map(normalAudience)));
  const isAudience = (id: string, owns: Team['owns']): boolean =>
    isOurs(id, file.issuer) ||
    ofIssuers.has(normalAudience(id)) ||
    resources.get(normalAudience(id))?.some(({ audience }) => !owns(audience)) === true;
  return (id, { include, limits, owns }) => {
    const shown = JSON.stringify(id);
    if (id.includes('*'))
      return `${shown} has a *, which stands for any text in a rule. Give the client an id without it.`;
    if (limits.clients !== undefined) {
      if (!matchesAny(limits.clients, id))
        return `${shown} is not a client of this file, which has ${listed(limits.clients)}. Name it so, or add it to clients of its entry of include, in the main file.`;
    } else {
      const named = trusting(id, include);
      // Two clients of one id are reported elsewhere.
      if (named !== undefined && clients.get(id)?.length === 1)
        return `${named.kind} at ${placeOf(named.path)} names the client ${shown}. To declare it here, add it to clients of the entry of include, in the main file.`;
    }
    // A client with the name of an audience would receive the tokens that are addressed to it.
    return isAudience(id, owns)
      ? `${shown} is an audience too, and this client would receive its tokens. Give the client another id.`
      : undefined;
  };
}

/** The pages of the server ask people to trust a client by its name, and it learns who they are. So the main file says where they may go. */
function checkSignIn(client: ClientSource, path: Path, { limits }: Team, { complain }: LimitsContext): void {
  const { grants, scopes = [], redirectUris, postLogoutRedirectUris, refreshLifetime } = client;
  const signIn = grants.findIndex((grant) => SIGN_IN_GRANTS.has(grant));
  if (refreshLifetime > limits.maxRefreshLifetime && (signIn !== -1 || grants.includes('refresh_token')))
    complain([...path, 'refreshLifetime'], tooLong('refresh tokens', refreshLifetime, limits, 'refreshLifetime'));
  const scope = scopes.findIndex((name) => SCOPES_OF_PEOPLE.test(name));
  if (limits.redirectUris.length === 0 && (signIn !== -1 || scope !== -1)) {
    complain(
      [...path, ...(signIn === -1 ? ['scopes', scope] : ['grants', signIn])],
      'people may not sign in to a client of this file. Add redirectUris to its entry of include, in the main file, or move the client there.',
    );
    return;
  }
  for (const [key, uris] of Object.entries({ redirectUris, postLogoutRedirectUris }))
    for (const [place, uri] of uris.entries())
      if (!matchesAudience(limits.redirectUris, uri))
        complain(
          [...path, key, place],
          `${showUrl(uri)} is not a redirect URI of this file, which has ${listed(limits.redirectUris)}.${howToAllow('redirectUris')}`,
        );
}

function checkWorkload({ workload }: ClientSource, path: Path, team: Team, { complain }: LimitsContext): void {
  if (workload === undefined) return;
  if (!team.issuers.has(workload.issuer))
    complain([...path, 'workload', 'issuer'], foreignIssuer(workload.issuer, team));
  // Without an audience of its own, a team could take the workloads of another one.
  if (workload.audience === undefined)
    complain(
      [...path, 'workload'],
      'needs audience, one of this file. Add it, or move the client to the main file, where subjects alone are enough.',
    );
  else if (!team.owns(workload.audience)) complain([...path, 'workload', 'audience'], team.foreign(workload.audience));
}

/** The first client with a certificate has the server ask everybody for one, browsers too. */
function checkCertificate(client: ClientSource, path: Path, { file, teamOf, complain }: LimitsContext): void {
  const key = certificateKeyOf(client);
  const { tls, clientCertificates } = file.server;
  if (key === undefined || tls === undefined) return;
  if (clientCertificates.header !== undefined || clientCertificates.authorities.length > 0) return;
  if (file.clients.some((one, index) => teamOf('clients', index) === undefined && certificateKeyOf(one))) return;
  complain(
    [...path, key],
    'the server asks no caller for a certificate, and only the main file may change that. Set server.clientCertificates there.',
  );
}
