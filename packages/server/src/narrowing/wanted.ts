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

/** Records the requested audience, resource and scope. Unknown values are redacted: a caller may have put a token there by mistake. */
export function noteWanted(
  event: Partial<AuditEvent>,
  { audiences, resources, scope }: Wanted,
  { byAudience, scopes }: Targeting,
): void {
  event.audiencesAsked = audiences.map((name) =>
    byAudience(name) === undefined ? recordName(name) : recordKnown(name),
  );
  event.resourcesAsked = resources.map(({ href }) => recordName(href));
  if (scope !== undefined)
    event.scopeAsked = [...scope].map((name) => (scopes.has(name) ? recordKnown(name) : recordName(name)));
}
