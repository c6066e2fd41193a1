// Checks the authorization servers of a file that is included with limits: only those that its entry names, for its own clients.
import { matchesAny } from '../primitives/pattern.ts';
import type { Complain, Path } from './fault.ts';
import type { FileLimits } from './schema-include.ts';
import { type ServerSource, scopesHere } from './schema-servers.ts';
import { type LimitsContext, listed, type Team, tooLong } from './team.ts';

/** Scopes by which a client learns who signed in, or keeps what the person agreed to. */
export const SCOPES_OF_PEOPLE = /^(?:openid|profile|email|address|phone|offline_access)$/;
/** Scopes that mean something to this server. */
const isReserved = (scope: string): boolean => SCOPES_OF_PEOPLE.test(scope) || scope.startsWith('admin:');

/** What to do about a value that the file may not have. @param key of the entry of `include` */
export const howToAllow = (key: string): string =>
  ` Write it to ${key} of its entry of include, in the main file, or use another.`;

export function checkScope(scope: string, path: Path, { scopes }: FileLimits, complain: Complain): void {
  const isAllowed = scopes === undefined ? !isReserved(scope) : matchesAny(scopes, scope);
  if (!isAllowed) complain(path, `this file may not have the scope ${JSON.stringify(scope)}.${howToAllow('scopes')}`);
}

export function checkServerLimits(
  { issuer, aliases, clients, resources, scopes, claims, lifetime, subject, samlSubjectId }: ServerSource,
  path: Path,
  { limits, owns, ownsServer, ownsClient, foreign }: Team,
  { complain }: LimitsContext,
): void {
  if (!ownsServer(issuer))
    complain(
      [...path, 'issuer'],
      `${JSON.stringify(issuer)} is not an authorization server of this file, which has ${listed(limits.authorizationServers)}.${howToAllow('authorizationServers')}`,
    );
  for (const [place, alias] of aliases.entries())
    if (!owns(alias)) complain([...path, 'aliases', place], foreign(alias));
  for (const id of Object.keys(clients))
    if (!ownsClient(id))
      complain([...path, 'clients', id], `${JSON.stringify(id)} is not a client of this file.${howToAllow('clients')}`);
  for (const [uri, resource] of Object.entries(resources)) {
    const at = [...path, 'resources', uri];
    if (!owns(uri)) complain(at, foreign(uri));
    for (const scope of scopesHere(resource.scopes)) checkScope(scope, [...at, 'scopes'], limits, complain);
  }
  for (const scope of scopesHere(scopes)) checkScope(scope, [...path, 'scopes'], limits, complain);
  const named = subject === 'email' ? 'email' : typeof subject === 'object' ? subject.claim : undefined;
  const copied: (readonly [Path, string])[] = [
    ...claims.map((claim, place) => [[...path, 'claims', place], claim] as const),
    ...(named === undefined ? [] : [[[...path, 'subject'], named] as const]),
  ];
  for (const [at, claim] of copied)
    if (!matchesAny(limits.claims, claim))
      complain(at, `this file may not copy the claim ${JSON.stringify(claim)}.${howToAllow('claims')}`);
  if (samlSubjectId) complain([...path, 'samlSubjectId'], 'only the main file may have this. Move the entry there.');
  if (lifetime > limits.maxLifetime) complain([...path, 'lifetime'], tooLong('grants', lifetime, limits, 'lifetime'));
}
