// Reads what a program asks for into the parameters of a form.
import { checkMembers, checkText, secureUrl, textsOf } from './check.ts';
import type { Pairs } from './connection.ts';
import type { Credentials } from './credentials.ts';
import { ExchangeError } from './errors.ts';
import type { TokenSource } from './source.ts';
import { ONCE, type TokenType, tokenTypeName, tokenTypeUri } from './token-types.ts';

/** Where the token is to be used, and for what. */
export interface TargetRequest {
  /** Names of APIs, as the server has them. */
  readonly audience?: string | readonly string[];
  /** URLs of APIs (RFC 8707). */
  readonly resource?: string | URL | readonly (string | URL)[];
  readonly scope?: string | readonly string[];
  readonly signal?: AbortSignal | undefined;
}

export interface ExchangeRequest extends TargetRequest {
  /** Default `access_token`. */
  readonly subjectType?: TokenType;
  /** The token of the party that acts for the subject. */
  readonly actor?: TokenSource;
  /** Default `access_token`. */
  readonly actorType?: TokenType;
  /** The type to issue. The server decides if it is left out: most issue an access token. */
  readonly as?: TokenType;
}

const TARGET = ['audience', 'resource', 'scope', 'signal'];
const EXCHANGE = [...TARGET, 'subjectType', 'actor', 'actorType', 'as'];
export const REPEATED = EXCHANGE.filter((name) => name !== 'signal');

/** The parameters that both grants have. */
export function readTarget(request: TargetRequest, known: readonly string[] = TARGET): Pairs {
  checkMembers('request', request, known);
  const { audience, resource, scope } = request;
  const all = (name: string, value: unknown): Pairs =>
    value === undefined ? [] : textsOf(name, value).map((text) => [name, text] as const);
  return [
    ...all('audience', audience),
    ...all('resource', resource),
    ...(scope === undefined ? [] : [['scope', textsOf('scope', scope).join(' ')] as const]),
  ];
}

export interface Wanted {
  /** Every parameter except the texts of tokens. */
  readonly pairs: Pairs;
  readonly actor: TokenSource | undefined;
  readonly keep: 'yes' | 'no';
}

/** @param known the members of the request: what is used for many calls has no signal */
export function readExchange(request: ExchangeRequest, known: readonly string[] = EXCHANGE): Wanted {
  const target = readTarget(request, known);
  const { subjectType = 'access_token', actor, actorType, as } = request;
  if (actorType !== undefined && actor === undefined) throw new TypeError('the request has actorType without actor');
  const requested = as === undefined ? undefined : tokenTypeUri('as', as);
  return {
    pairs: [
      ['grant_type', EXCHANGE_GRANT],
      ['subject_token_type', tokenTypeUri('subjectType', subjectType)],
      ...(actor === undefined
        ? []
        : [['actor_token_type', tokenTypeUri('actorType', actorType ?? 'access_token')] as const]),
      ...(requested === undefined ? [] : [['requested_token_type', requested] as const]),
      ...target,
    ],
    actor,
    keep: requested !== undefined && ONCE.includes(tokenTypeName(requested)) ? 'no' : 'yes',
  };
}

export const EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const JWT_BEARER_GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
export const CREDENTIALS_GRANT = 'client_credentials';

/** Writes every parameter with its length, so that two forms never have the same text, and none is left out. */
export function nameOf(pairs: Pairs): string {
  let text = '';
  for (const [name, value] of pairs) text += `${name.length}:${name}${value.length}:${value}`;
  return text;
}

export const valuesOf = (pairs: Pairs, wanted: string): readonly string[] =>
  pairs.filter(([name]) => name === wanted).map(([, value]) => value);

export interface IdentityRequest {
  /** The authorization server that the assertion is for: its issuer, or an alias that the server knows. */
  readonly audience: string;
  /** The API that is to be called in the end. */
  readonly resource?: TargetRequest['resource'];
  readonly scope?: TargetRequest['scope'];
  /** Default `id_token`. */
  readonly subjectType?: TokenType;
  readonly signal?: AbortSignal | undefined;
}

const IDENTITY = ['audience', 'resource', 'scope', 'subjectType', 'signal'];

export function readIdentity(request: IdentityRequest): Wanted {
  checkMembers('request', request, IDENTITY);
  checkText('audience', request.audience);
  return readExchange({ subjectType: 'id_token', ...request, as: 'id-jag' });
}

export interface RedeemPlace {
  readonly issuer?: string | undefined;
  readonly clientId?: string | undefined;
  readonly auth?: Credentials | undefined;
}

export interface RedeemOptions {
  /** The authorization server. Default: the audience of the assertion. */
  readonly issuer?: string;
  /** The id of this client there. Default: the one that the assertion names, else that of this client. */
  readonly clientId?: string;
  /** The credentials there. Default: those of this client if they contain no secret, else none. */
  readonly auth?: Credentials;
  readonly scope?: string | readonly string[];
  readonly signal?: AbortSignal | undefined;
}

const REDEEM = ['issuer', 'clientId', 'auth', 'scope', 'signal'];

/** @param own the issuer of this client @throws ExchangeError if nothing says which server the assertion is for */
export function readRedeem(
  options: RedeemOptions,
  claims: Readonly<Record<string, unknown>>,
  own: string,
): RedeemPlace & { readonly pairs: Pairs } {
  checkMembers('options', options, REDEEM);
  const { issuer = audienceOf(claims.aud, own), clientId, auth, scope } = options;
  secureUrl('issuer', issuer);
  const named = typeof claims.client_id === 'string' ? claims.client_id : undefined;
  return {
    issuer,
    clientId: clientId ?? (issuer === own ? undefined : named),
    auth,
    pairs: [['grant_type', JWT_BEARER_GRANT], ...readTarget(scope === undefined ? {} : { scope })],
  };
}

function audienceOf(aud: unknown, own: string): string {
  const audiences = [aud].flat();
  if (audiences.includes(own)) return own;
  const [one, ...more] = audiences;
  // It leads to no other service of this machine, unless the server of this client is there too.
  const isPlace = typeof one === 'string' && URL.canParse(one) && (one.startsWith('https:') || own.startsWith('http:'));
  if (isPlace && more.length === 0) return one;
  throw new ExchangeError('invalid_token', 'subject', 'the assertion does not have one audience that is an https URL', {
    action: 'Set issuer to the authorization server that it is for.',
  });
}
