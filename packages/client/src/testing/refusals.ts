// The refusals of a Cambio server that its fake can give, with the same sentences.

const REFUSALS = {
  method: [405, 'invalid_request', 'The method is not allowed here'],
  form: [400, 'invalid_request', 'The body is not a valid application/x-www-form-urlencoded form'],
  clientTwice: [400, 'invalid_request', 'The request authenticates the client in more than one way'],
  clientOther: [400, 'invalid_request', 'The parameter client_id is not that of the authenticated client'],
  clientFailed: [401, 'invalid_client', 'Client authentication failed'],
  clientMissing: [
    401,
    'invalid_client',
    'Client authentication is missing: use HTTP Basic, or client_id and client_secret',
  ],
  grantUnknown: [400, 'unsupported_grant_type', 'The grant_type is not supported'],
  grantDenied: [400, 'unauthorized_client', 'The client may not use this grant_type'],
  subject: [400, 'invalid_grant', 'The provided subject token is invalid or expired'],
  actor: [400, 'invalid_grant', 'The provided actor token is invalid or expired'],
  actorDenied: [400, 'invalid_grant', 'The actor is not allowed to act for this subject'],
  subjectType: [400, 'invalid_request', 'The subject_token_type is not supported'],
  actorType: [400, 'invalid_request', 'The actor_token_type is not supported'],
  requestedType: [400, 'invalid_request', 'The requested_token_type is not supported'],
  target: [400, 'invalid_target', 'The requested audience is not valid for this client'],
  scope: [400, 'invalid_scope', 'The requested scope is invalid, or more than may be granted'],
} as const;

export type RefusalName = keyof typeof REFUSALS;

export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly error_description: string;
}

export function refusalOf(name: RefusalName): Refusal {
  const [status, error, error_description] = REFUSALS[name];
  return { status, error, error_description };
}

/** The refusal about one parameter. */
export const parameterRefusal = (parameter: string, fault: 'missing' | 'repeated' | 'not allowed here'): Refusal => ({
  status: 400,
  error: 'invalid_request',
  error_description: `The parameter ${parameter} is ${fault}`,
});

/** Ends a request. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: RefusalName | Refusal) {
    super('refused');
    this.refusal = typeof refusal === 'string' ? refusalOf(refusal) : refusal;
  }
}
