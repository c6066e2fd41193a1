// Reads and validates the parameters of a token exchange (RFC 8693 section 2.1).
import { readScope, readTargets, type Wanted } from '../narrowing/wanted.ts';
import { nearest } from '../primitives/nearest.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { Refusal, type Role } from '../primitives/refusal.ts';
import { tokenTypeName, tokenTypeUri } from '../primitives/token-type.ts';
import { subjectTokenTypes } from '../subject-tokens/index.ts';
import type { SubjectTokenType } from '../subject-tokens/validated-token.ts';

/** The accepted values of `requested_token_type`, as short names. */
export const requestedTokenTypes = ['access_token', 'jwt', 'refresh_token', 'id_jag'] as const;
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

/** The requested token, without the subject and the actor. */
export interface WantedToken extends Wanted {
  readonly requestedType: RequestedTokenType;
}

export interface ExchangeRequest extends WantedToken {
  readonly subject: PresentedToken;
  readonly actor: PresentedToken | undefined;
}

/** @param enabled short names of the accepted subject and actor token types @throws Refusal parameter_…, …_token_type_unsupported, target_malformed, scope_malformed */
export function readExchangeRequest(parameters: Parameters, enabled: ReadonlySet<string>): ExchangeRequest {
  const subject = readTokenParameter(parameters, 'subject', enabled);
  if (subject === undefined) throw new Refusal('parameter_missing', { parameter: 'subject_token' });
  return { subject, actor: readTokenParameter(parameters, 'actor', enabled), ...readWantedToken(parameters) };
}

/** @throws Refusal requested_token_type_unsupported, target_malformed, scope_malformed */
export const readWantedToken = (parameters: Parameters): WantedToken => ({
  requestedType: readRequestedType(parameters.get('requested_token_type')),
  ...readTargets(parameters),
  scope: readScope(parameters),
});

/** @throws Refusal parameter_…, …_token_type_unsupported */
export function readTokenParameter(
  parameters: Parameters,
  role: Role,
  enabled: ReadonlySet<string>,
): PresentedToken | undefined {
  const text = parameters.get(`${role}_token`);
  const declared = parameters.get(`${role}_token_type`);
  if (text === undefined) {
    if (declared === undefined) return undefined;
    // RFC 8693 section 2.1: a type must not be sent without its token. Only the subject token is required.
    if (role === 'subject') throw new Refusal('parameter_missing', { parameter: 'subject_token' });
    throw new Refusal('parameter_not_allowed', { parameter: 'actor_token_type' });
  }
  if (declared === undefined) throw new Refusal('parameter_missing', { parameter: `${role}_token_type` });
  return { text, type: findType(role, declared, enabled) };
}

/** @param declared a URN @throws Refusal …_token_type_unsupported */
export function findType(role: Role, declared: string, enabled: ReadonlySet<string>): SubjectTokenType {
  const name = tokenTypeName(declared);
  const type = subjectTokenTypes.find((one) => one.name === name);
  if (type !== undefined && enabled.has(type.name)) return type;
  const sent = { [`${role}_token_type`]: declared };
  throw new Refusal(`${role}_token_type_unsupported`, { detail: wrongType(declared, enabled), sent });
}

function readRequestedType(uri: string | undefined): RequestedTokenType {
  if (uri === undefined) return 'access_token';
  const type = requestedTokenTypes.find((name) => name === tokenTypeName(uri));
  if (type === undefined) {
    const detail = wrongType(uri, requestedTokenTypes);
    throw new Refusal('requested_token_type_unsupported', { detail, sent: { requested_token_type: uri } });
  }
  return type;
}

/** Suggests the type to write instead of a short name or an unknown type. */
function wrongType(sent: string, known: Iterable<string>): string | undefined {
  const all = [...known];
  const meant = all.find((name) => name === sent) ?? nearest(tokenTypeName(sent) ?? sent, all);
  if (meant !== undefined) return `write ${tokenTypeUri(meant)}`;
  return `enabled are ${all.map(tokenTypeUri).join(', ')}`;
}
