// Reads the parameters that all grants share: audience, resource (RFC 8707) and scope.
import type { AuditEvent } from '../audit/event.ts';
import type { Resource } from '../model/resource.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { recordKnown, recordName } from '../primitives/redact.ts';
import { Refusal } from '../primitives/refusal.ts';
import { parseScope, type Scope } from '../primitives/scope.ts';
import { parseResourceUri, type Targeting } from './targets.ts';

export function readScope(parameters: Parameters): Scope | undefined {
  const text = parameters.get('scope');
  if (text === undefined) return undefined;
  const scope = parseScope(text);
  if (scope === undefined) throw new Refusal('scope_malformed', { sent: { scope: text } });
  return scope;
}

export interface Wanted extends TargetRequest {
  readonly scope: Scope | undefined;
}

export interface TargetRequest {
  readonly audiences: readonly string[];
  readonly resources: readonly URL[];
}

/** RFC 8707 section 2. @throws Refusal target_malformed */
export function readTargets(parameters: Parameters): TargetRequest {
  const resources = parameters.all('resource').map((text) => {
    const uri = parseResourceUri(text);
    if (uri === undefined) throw new Refusal('target_malformed', { sent: { resource: text } });
    return uri;
  });
  return { audiences: parameters.all('audience'), resources };
}

/** Returns the resources that the values name, each once, or `unknown` if any value names none. */
export function resolveTargets(
  { audiences, resources }: TargetRequest,
  { byAudience, byUri }: Targeting,
): readonly Resource[] | 'unknown' {
  const found = new Set<Resource | undefined>();
  for (const audience of audiences) found.add(byAudience(audience));
  for (const uri of resources) found.add(byUri(uri));
  return found.has(undefined) ? 'unknown' : ([...found] as Resource[]);
}

/**
 * Finds also the targets of other authorization servers. The name of a server stands for all of its targets, unless the request
 * names some of them.
 */
export function resolveTargetsAnywhere(request: TargetRequest, targeting: Targeting): readonly Resource[] | 'unknown' {
  const { byAudience, byUri, elsewhere } = targeting;
  const found = new Set<Resource | undefined>();
  const servers: (readonly Resource[])[] = [];
  const add = (own: Resource | undefined, name: string): void => {
    const server = own === undefined ? elsewhere.byServer(name) : undefined;
    if (server === undefined) found.add(own ?? elsewhere.byName(name));
    else servers.push(server);
  };
  for (const audience of request.audiences) add(byAudience(audience), audience);
  for (const uri of request.resources) add(byUri(uri), uri.href);
  for (const targets of servers)
    if (!targets.some((target) => found.has(target))) for (const one of targets) found.add(one);
  return found.has(undefined) ? 'unknown' : ([...found] as Resource[]);
}

/** Records the requested audience, resource and scope. Unknown values are redacted: a caller may have put a token there by mistake. */
export function noteWanted(
  event: Partial<AuditEvent>,
  { audiences, resources, scope }: Wanted,
  { byAudience, elsewhere, scopes }: Targeting,
): void {
  const isKnown = (name: string): boolean =>
    [byAudience, elsewhere.byServer, elsewhere.byName].some((find) => find(name) !== undefined);
  event.audiencesAsked = audiences.map((name) => (isKnown(name) ? recordKnown(name) : recordName(name)));
  event.resourcesAsked = resources.map(({ href }) => recordName(href));
  if (scope !== undefined)
    event.scopeAsked = [...scope].map((name) => (scopes.has(name) ? recordKnown(name) : recordName(name)));
}
