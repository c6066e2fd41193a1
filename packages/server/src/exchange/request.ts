// What does the caller ask for? The parameters of RFC 8693 section 2.1, read and well-formed.
import type { Resource } from '../issuing/resource.ts';
import { parseResourceUri, type Targeting } from '../policy/targets.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { Refusal, type Role } from '../primitives/refusal.ts';
import { parseScope, type Scope } from '../primitives/scope.ts';
import { tokenTypeName } from '../primitives/token-type.ts';
import { subjectTokenTypes } from '../subject-tokens/index.ts';
import type { SubjectTokenType } from '../subject-tokens/validated-token.ts';

/** What may be asked for as `requested_token_type`. */
export const requestedTokenTypes = ['access_token', 'jwt', 'refresh_token'] as const;
export type RequestedTokenType = (typeof requestedTokenTypes)[number];

export const exchangeParameters = [
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'requested_token_type',
  'audience',
  'resource',
  'scope',
] as const;

export interface PresentedToken {
  readonly text: string;
  readonly type: SubjectTokenType;
}

/** What is wanted, whoever it is for. */
export interface WantedToken extends TargetRequest {
  readonly requestedType: RequestedTokenType;
  readonly scope: Scope | undefined;
}

export interface ExchangeRequest extends WantedToken {
  readonly subject: PresentedToken;
  readonly actor: PresentedToken | undefined;
}

/** @param enabled short names of the subject and actor token types @throws Refusal parameter_…, …_token_type_unsupported, target_malformed, scope_malformed */
export function readExchangeRequest(parameters: Parameters, enabled: ReadonlySet<string>): ExchangeRequest {
  const subject = readToken(parameters, 'subject', enabled);
  if (subject === undefined) throw new Refusal('parameter_missing', { parameter: 'subject_token' });
  return {
    subject,
    actor: readToken(parameters, 'actor', enabled),
    requestedType: readRequestedType(parameters.get('requested_token_type')),
    ...readTargets(parameters),
    scope: readScope(parameters),
  };
}

function readToken(parameters: Parameters, role: Role, enabled: ReadonlySet<string>): PresentedToken | undefined {
  const text = parameters.get(`${role}_token`);
  const declared = parameters.get(`${role}_token_type`);
  if (text === undefined) {
    if (declared === undefined) return undefined;
    // RFC 8693 section 2.1: a type without its token must not be there; the subject token is missing, the actor's is not.
    if (role === 'subject') throw new Refusal('parameter_missing', { parameter: 'subject_token' });
    throw new Refusal('parameter_not_allowed', { parameter: 'actor_token_type' });
  }
  if (declared === undefined) throw new Refusal('parameter_missing', { parameter: `${role}_token_type` });
  const name = tokenTypeName(declared);
  const type = subjectTokenTypes.find((one) => one.name === name);
  if (type === undefined || !enabled.has(type.name)) throw new Refusal(`${role}_token_type_unsupported`);
  return { text, type };
}

function readRequestedType(uri: string | undefined): RequestedTokenType {
  if (uri === undefined) return 'access_token';
  const type = requestedTokenTypes.find((name) => name === tokenTypeName(uri));
  if (type === undefined) throw new Refusal('requested_token_type_unsupported');
  return type;
}

export function readScope(parameters: Parameters): Scope | undefined {
  const text = parameters.get('scope');
  if (text === undefined) return undefined;
  const scope = parseScope(text);
  if (scope === undefined) throw new Refusal('scope_malformed');
  return scope;
}

export interface TargetRequest {
  readonly audiences: readonly string[];
  readonly resources: readonly URL[];
}

/** RFC 8707 section 2. @throws Refusal target_malformed */
export function readTargets(parameters: Parameters): TargetRequest {
  const resources = parameters.all('resource').map((text) => {
    const uri = parseResourceUri(text);
    if (uri === undefined) throw new Refusal('target_malformed');
    return uri;
  });
  return { audiences: parameters.all('audience'), resources };
}

/** All or nothing: the resources that the values name, each once, or `unknown`. */
export function resolveTargets(
  { audiences, resources }: TargetRequest,
  { byAudience, byUri }: Targeting,
): readonly Resource[] | 'unknown' {
  const found = new Set<Resource | undefined>();
  for (const audience of audiences) found.add(byAudience(audience));
  for (const uri of resources) found.add(byUri(uri));
  return found.has(undefined) ? 'unknown' : ([...found] as Resource[]);
}
