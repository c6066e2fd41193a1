// The form of a token request, with the name of an environment variable in place of each token and secret. All languages write this form.

/** How a client authenticates, as `auth` of its entry in the configuration. `workload`: the subject token names the client. */
export type AuthenticationMethod =
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'private_key_jwt'
  | 'tls_client_auth'
  | 'self_signed_tls_client_auth'
  | 'spiffe_jwt'
  | 'none'
  | 'workload';

export interface SnippetRequest {
  readonly issuer: string;
  readonly client: string;
  readonly auth: AuthenticationMethod;
  /** Must the client prove a key with each request (RFC 9449)? */
  readonly needsDpop: boolean;
  /** An assertion is redeemed by the grant jwt-bearer (RFC 7523). */
  readonly grant: 'token-exchange' | 'jwt-bearer';
  /** Short names or URNs of token types, such as `access_token`. */
  readonly subjectType: string;
  readonly actorType: string | undefined;
  readonly audience: readonly string[];
  readonly resource: readonly string[];
  readonly scope: string;
  readonly requestedType: string;
}

/** The environment variables that a snippet reads. */
export type Variable =
  | 'CLIENT_SECRET'
  | 'CLIENT_ASSERTION'
  | 'CLIENT_KEY'
  | 'DPOP_PROOF'
  | 'SUBJECT_TOKEN'
  | 'ACTOR_TOKEN';

/** A value, or the variable that holds it. */
export type FormValue = string | { readonly from: Variable };
export type Pair = readonly [name: string, value: FormValue];

const URN = 'urn:ietf:params:oauth';
/** By `auth` of the client's entry. */
export const ASSERTION_TYPES: Partial<Record<AuthenticationMethod, string>> = {
  private_key_jwt: `${URN}:client-assertion-type:jwt-bearer`,
  spiffe_jwt: `${URN}:client-assertion-type:jwt-spiffe`,
};

export const tokenTypeUrn = (type: string): string =>
  type.includes(':') ? type : `${URN}:token-type:${type.replace('id_jag', 'id-jag')}`;

export const usesCertificate = ({ auth }: Pick<SnippetRequest, 'auth'>): boolean => /tls_client_auth$/.test(auth);

export const tokenEndpoint = ({ issuer }: SnippetRequest): string => `${issuer}/oauth/token`;

/** The parameters in the order in which people read them. Empty ones are left out. */
export function formOf(request: SnippetRequest): readonly Pair[] {
  const { grant, subjectType, actorType, audience, resource, scope, requestedType } = request;
  const tokens: readonly Pair[] =
    grant === 'jwt-bearer'
      ? [['assertion', { from: 'SUBJECT_TOKEN' }]]
      : [
          ['subject_token', { from: 'SUBJECT_TOKEN' }],
          ['subject_token_type', tokenTypeUrn(subjectType)],
        ];
  const actor: readonly Pair[] =
    actorType === undefined
      ? []
      : [
          ['actor_token', { from: 'ACTOR_TOKEN' }],
          ['actor_token_type', tokenTypeUrn(actorType)],
        ];
  return [
    ['grant_type', `${URN}:grant-type:${grant}`],
    ...clientPairs(request),
    ...tokens,
    ...actor,
    ...audience.map((text): Pair => ['audience', text]),
    ...resource.map((text): Pair => ['resource', text]),
    ...(scope === '' ? [] : [['scope', scope] as const]),
    ...(requestedType === '' ? [] : [['requested_token_type', tokenTypeUrn(requestedType)] as const]),
  ];
}

function clientPairs({ client, auth }: SnippetRequest): readonly Pair[] {
  if (auth === 'workload' || auth === 'client_secret_basic') return [];
  const id: Pair = ['client_id', client];
  if (auth === 'client_secret_post') return [id, ['client_secret', { from: 'CLIENT_SECRET' }]];
  const assertionType = ASSERTION_TYPES[auth];
  if (assertionType === undefined) return [id];
  return [id, ['client_assertion_type', assertionType], ['client_assertion', { from: 'CLIENT_ASSERTION' }]];
}

/** The parts of HTTP Basic are form-encoded (RFC 6749 section 2.3.1). */
export const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
