// May a grant for another authorization server be issued, and what does it say? It is an ID-JAG
// (draft-ietf-oauth-identity-assertion-authz-grant), or a grant of identity chaining (draft-ietf-oauth-identity-chaining).
import type { ServerGrantContent } from '../issuing/authorization.ts';
import type { AuthorizationServer, ServerGrant } from '../model/authorization-server.ts';
import { type Client, isPublic } from '../model/client.ts';
import type { Narrowed } from '../model/narrowed.ts';
import type { Resource } from '../model/resource.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import type { Targeting } from '../narrowing/targets.ts';
import { formatDuration } from '../primitives/duration.ts';
import { isName } from '../primitives/principal.ts';
import { redactValue } from '../primitives/redact.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { Scope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { RequestedTokenType, WantedToken } from './request.ts';

/** A grant of identity chaining is requested as `jwt` (draft-ietf-oauth-identity-chaining section 2.3.1). */
const kindOf = (type: RequestedTokenType): ServerGrant | undefined =>
  type === 'id_jag' ? 'id_jag' : type === 'jwt' ? 'chaining_grant' : undefined;

/**
 * Checks a request for an ID-JAG before its tokens are read: it names one server, for which the client may have one.
 * @throws Refusal parameter_missing, parameter_repeated, target_…, public_client_not_allowed
 */
export function checkServerNamed(
  { requestedType, audiences }: WantedToken,
  client: Client,
  targeting: Targeting,
): void {
  if (requestedType !== 'id_jag') return;
  const [audience, ...others] = audiences;
  if (audience === undefined) throw new Refusal('parameter_missing', { parameter: 'audience' });
  if (others.length > 0) throw new Refusal('parameter_repeated', { parameter: 'audience' });
  const server = targeting.elsewhere.byServer(audience)?.[0]?.server;
  const isKnown = [targeting.byAudience, targeting.elsewhere.byName].some((find) => find(audience) !== undefined);
  if (server === undefined) throw new Refusal(isKnown ? 'target_not_server' : 'target_unknown');
  checkOffered(server, 'id_jag', client);
}

/** @throws Refusal public_client_not_allowed, target_grant_not_offered, target_client_unnamed */
function checkOffered({ issuer, grants, clients }: AuthorizationServer, kind: ServerGrant, client: Client): void {
  if (isPublic(client)) throw new Refusal('public_client_not_allowed');
  if (!grants.has(kind))
    throw new Refusal('target_grant_not_offered', { detail: `${issuer} has grants: ${[...grants].join(', ')}` });
  if (kind === 'id_jag' && !clients.has(client.id))
    throw new Refusal('target_client_unnamed', { detail: `clients of ${issuer} lacks ${client.id}` });
}

/**
 * Finds the server that the targets belong to, and checks that the request is one for it. The target decides, not the type: `jwt`
 * is an access token at a resource of ours, and a grant at another server.
 * @returns undefined if the targets are ours, or none
 * @throws Refusal targets_of_several_servers, target_elsewhere, and as `checkOffered`
 */
export function serverOf(
  targets: readonly Resource[],
  type: RequestedTokenType,
  client: Client,
): AuthorizationServer | undefined {
  const server = targets[0]?.server;
  if (targets.some((target) => target.server !== server)) throw new Refusal('targets_of_several_servers');
  if (server === undefined) {
    if (type === 'id_jag' && targets.length > 0) throw new Refusal('target_not_server');
    return undefined;
  }
  const kind = kindOf(type);
  if (kind === undefined) throw new Refusal('target_elsewhere', { detail: `it belongs to ${server.issuer}` });
  checkOffered(server, kind, client);
  return server;
}

/**
 * The subject of an ID-JAG is a token that was made for the client that presents it: another client's token proves nothing about
 * who uses this one. @throws Refusal subject_token_not_accepted, subject_token_audience
 */
function checkSubjectOf(
  { issuer, subjectTokens }: AuthorizationServer,
  type: RequestedTokenType,
  { type: presented, principal, clientId, audiences }: TokenFacts,
  client: Client,
  self: string,
): void {
  if (type !== 'id_jag') return;
  if (!subjectTokens.has(presented))
    throw new Refusal('subject_token_not_accepted', {
      detail: `subjectTokens of ${issuer} are ${[...subjectTokens].join(', ')}, and this is ${presented}`,
    });
  const isIssuedTo = principal.iss === self && presented !== 'id_token' && clientId === client.id;
  const isFor =
    audiences.includes(client.id) ||
    (presented === 'access_token' && client.resource !== undefined && audiences.includes(client.resource));
  if (!isIssuedTo && !(isFor && presented !== 'refresh_token'))
    throw new Refusal('subject_token_audience', { detail: `it was not made for ${client.id}` });
}

/** Converts requested scope to the names that rules know. A caller may write the names here, or those of the server. */
function scopeHere(
  asked: Scope | undefined,
  targets: readonly Resource[],
  server: AuthorizationServer,
): Scope | undefined {
  if (asked === undefined) return undefined;
  const known = new Set(targets.flatMap(({ scopes }) => [...scopes]));
  const namesOf = (word: string): readonly string[] => {
    const named = [...known].filter((name) => name === word || server.scopes.get(name) === word);
    return named.length === 0 ? [word] : named;
  };
  return new Set([...asked].flatMap(namesOf));
}

export interface Aimed {
  /** Its scope has the names that rules know. */
  readonly request: WantedToken;
  /** The other server that the request names; undefined if it names none. */
  readonly server: AuthorizationServer | undefined;
}

interface Asked {
  readonly request: WantedToken;
  readonly subject: TokenFacts;
  readonly client: Client;
}

/** Checks a request that names targets of another server. */
export function aim(
  { request, subject, client }: Asked,
  targets: readonly Resource[] | 'unknown',
  self: string,
): Aimed {
  const server = targets === 'unknown' ? undefined : serverOf(targets, request.requestedType, client);
  if (server === undefined || targets === 'unknown') return { request, server };
  checkSubjectOf(server, request.requestedType, subject, client, self);
  return { request: { ...request, scope: scopeHere(request.scope, targets, server) }, server };
}

/** What a grant is made of, after the rules allowed it. */
interface Granting {
  readonly type: RequestedTokenType;
  readonly client: Client;
  readonly subject: TokenFacts;
  /** The claims that an access token would have in addition. */
  readonly extraClaims: JsonObject;
  readonly narrowed: Narrowed;
  readonly now: number;
  readonly self: string;
  /** Only what rules read is known of the subject: the rest counts as given. */
  readonly isRecorded: boolean;
}

/** @throws Refusal sign_in_too_weak, sign_in_too_old, subject_without_name, server_needs_proof */
export function grantFor(server: AuthorizationServer, granting: Granting): ServerGrantContent {
  const { type, client, subject, narrowed, now, isRecorded } = granting;
  const { authentication, confirmation } = narrowed;
  checkSignIn(server, authentication, isRecorded ? undefined : now);
  if (server.keyBinding === 'required' && confirmation === undefined && !isRecorded)
    throw new Refusal('server_needs_proof', { detail: `keyBinding of ${server.issuer} is required` });
  const facts = factsToCopy(granting);
  const kind = type === 'id_jag' ? 'id_jag' : 'chaining_grant';
  const isCopied = (name: string): boolean =>
    server.claims.has(name) && (name !== 'email' || facts.email_verified === true);
  const copied = Object.keys(facts).filter(isCopied);
  return {
    server,
    kind,
    clientId: server.clients.get(client.id),
    sub: isRecorded ? { name: subject.sub } : nameThere(server, subject, facts),
    subjectId: server.samlSubjectId ? subject.samlNameId : undefined,
    claims: {
      ...Object.fromEntries(copied.map((name) => [name, facts[name]])),
      ...(kind === 'id_jag' && authentication),
    },
  };
}

/** The claims that may be copied: those of our own token, of the entry of a foreign issuer, and of the rule. */
const factsToCopy = ({ subject, extraClaims, self }: Granting): JsonObject => ({
  ...(subject.principal.iss === self && subject.claims),
  ...subject.authentication,
  ...extraClaims,
});

/** RFC 9470. @param now undefined: the age is not checked */
function checkSignIn(
  { issuer, acr, maxAge }: AuthorizationServer,
  authentication: JsonObject,
  now: number | undefined,
): void {
  const members = {
    ...(acr.length > 0 && { acr_values: acr.join(' ') }),
    ...(maxAge !== undefined && { max_age: maxAge }),
  };
  const { acr: reached, auth_time: at } = authentication;
  if (acr.length > 0 && !(typeof reached === 'string' && acr.includes(reached))) {
    const has = typeof reached === 'string' ? `acr is ${redactValue(reached)}` : 'the subject has no acr';
    throw new Refusal('sign_in_too_weak', { detail: `${issuer} needs ${acr.join(' or ')}; ${has}`, members });
  }
  if (maxAge === undefined || now === undefined) return;
  if (typeof at !== 'number' || now - at > maxAge) {
    const was =
      typeof at === 'number' ? `it was ${formatDuration(now - at)} ago` : 'the token does not say when it was';
    throw new Refusal('sign_in_too_old', {
      detail: `maxAge of ${issuer} is ${formatDuration(maxAge)}; ${was}`,
      members,
    });
  }
}

function nameThere(
  { issuer, subject: naming }: AuthorizationServer,
  subject: TokenFacts,
  facts: JsonObject,
): ServerGrantContent['sub'] {
  if (naming === 'pairwise') return 'pairwise';
  if (naming === 'same') return { name: subject.sub };
  const claim = naming === 'email' ? 'email' : naming.claim;
  const name = facts[claim];
  if (!isName(name))
    throw new Refusal('subject_without_name', {
      detail: `${issuer} names subjects by ${claim}, which the token does not have`,
    });
  if (naming === 'email' && facts.email_verified !== true)
    throw new Refusal('subject_without_name', {
      detail: `${issuer} names subjects by email, and email_verified is not true`,
    });
  return { name };
}
