// Every way to say no. A precise reason for the audit row and for `explain`; a public answer for the caller, who learns
// no more than the sentence. One table: docs/reference/errors.md is made from it.

/** What the outside sees. The sentences are fixed: clients and documentation quote them. */
const answers = {
  subject_token: [400, 'token_error', 'The provided subject token is invalid or expired'],
  actor_token: [400, 'token_error', 'The provided actor token is invalid or expired'],
  actor: [400, 'token_error', 'The actor is not allowed to act for this subject'],
  client_assertion_type: [400, 'invalid_request', 'The client_assertion_type is not supported'],
  subject_token_type: [400, 'invalid_request', 'The subject_token_type is not supported'],
  actor_token_type: [400, 'invalid_request', 'The actor_token_type is not supported'],
  requested_token_type: [400, 'invalid_request', 'The requested_token_type is not supported'],
  missing: [400, 'invalid_request', 'The parameter {parameter} is missing'],
  repeated: [400, 'invalid_request', 'The parameter {parameter} is repeated'],
  not_allowed: [400, 'invalid_request', 'The parameter {parameter} is not allowed here'],
  client_id_mismatch: [400, 'invalid_request', 'The parameter {parameter} is not that of the authenticated client'],
  form: [400, 'invalid_request', 'The body is not a valid application/x-www-form-urlencoded form'],
  authentication_doubled: [400, 'invalid_request', 'The request authenticates the client in more than one way'],
  target: [400, 'invalid_target', 'The requested audience is not valid for this client'],
  scope: [400, 'invalid_scope', 'The requested scope is invalid, or more than may be granted'],
  client: [401, 'invalid_client', 'Client authentication failed'],
  client_missing: [
    401,
    'invalid_client',
    'Client authentication is missing: use HTTP Basic, or client_id and client_secret',
  ],
  client_bearer: [
    401,
    'invalid_client',
    'Bearer is not client authentication: use HTTP Basic, or client_id and client_secret',
  ],
  certificate: [400, 'invalid_request', 'The client must present its TLS certificate'],
  dpop_proof: [400, 'invalid_dpop_proof', 'The DPoP proof is missing, or not valid for this request'],
  dpop_nonce: [400, 'use_dpop_nonce', 'The DPoP proof must have the nonce of the DPoP-Nonce header'],
  refresh_token: [400, 'invalid_grant', 'The provided refresh token is invalid or expired'],
  code: [400, 'invalid_grant', 'The provided code is invalid or expired'],
  device_code: [400, 'invalid_grant', 'The provided device code is invalid'],
  authorization_pending: [400, 'authorization_pending', 'The person has not answered yet'],
  slow_down: [400, 'slow_down', 'The client asks too often: wait five seconds longer from now on'],
  access_denied: [400, 'access_denied', 'The person refused'],
  expired_token: [400, 'expired_token', 'The device code has expired'],
  dpop_jkt: [400, 'invalid_request', 'The dpop_jkt is not the thumbprint of a key'],
  requested_actor: [400, 'invalid_request', 'The requested_actor is not known'],
  redirect_uri: [400, 'invalid_request', 'The redirect_uri is not registered for this client'],
  sign_in_client: [400, 'invalid_request', 'The client is not known here, or nobody can sign in to it'],
  authorization_request: [400, 'invalid_request', 'The authorization request is not valid'],
  request_uri: [400, 'invalid_request_uri', 'The request_uri is invalid, expired, or was used already'],
  request_object: [
    400,
    'request_not_supported',
    'Request objects are not supported: use pushed authorization requests',
  ],
  response_type: [400, 'unsupported_response_type', 'The response_type must be code'],
  response_mode: [400, 'invalid_request', 'The response_mode must be query'],
  interaction_required: [400, 'interaction_required', 'The person has to be asked'],
  user_code: [400, 'invalid_request', 'No device shows this code'],
  interaction: [400, 'invalid_request', 'This page has expired, or belongs to another browser: begin again'],
  cross_site: [403, 'access_denied', 'This came from another site'],
  access_token: [401, 'invalid_token', 'The access token is invalid or expired'],
  access_token_nonce: [401, 'use_dpop_nonce', 'The DPoP proof must have the nonce of the DPoP-Nonce header'],
  access_token_missing: [401, 'invalid_token', 'The access token is missing'],
  access_token_scope: [403, 'insufficient_scope', 'The access token lacks the scope that this needs'],
  grant_not_allowed: [400, 'unauthorized_client', 'The client may not use this grant_type'],
  grant_type: [400, 'unsupported_grant_type', 'The grant_type is not supported'],
  not_found: [404, 'invalid_request', 'There is nothing at this path'],
  method: [405, 'invalid_request', 'The method is not allowed here'],
  too_large: [413, 'invalid_request', 'The body is too large'],
  encoded: [415, 'invalid_request', 'The body must not be compressed'],
  timeout: [408, 'invalid_request', 'The request took too long to arrive'],
  headers: [431, 'invalid_request', 'The request header is too large'],
  http: [400, 'invalid_request', 'The request is not valid HTTP'],
  admin_item: [404, 'not_found', 'There is no such item'],
  admin_body: [400, 'invalid_request', 'The body is not a JSON object'],
  admin_in_use: [409, 'conflict', 'The item is in use, belongs to the configuration file, or is there already'],
  admin_changed: [412, 'precondition_failed', 'The item has changed: read it again'],
  admin_unconditional: [428, 'precondition_required', 'If-Match with the ETag of the item is missing'],
  admin_invalid: [422, 'invalid_request', 'Some values cannot be taken'],
  too_many: [429, 'temporarily_unavailable', 'Too many requests: try again later'],
  dependency: [503, 'temporarily_unavailable', 'The server cannot answer at the moment: try again later'],
  upstream_denied: [403, 'access_denied', 'The other sign-in service did not sign you in'],
  upstream: [503, 'temporarily_unavailable', 'The other sign-in service did not answer as it should: try again later'],
  fault: [500, 'server_error', 'The server failed'],
} as const satisfies Record<string, readonly [status: number, error: string, description: string]>;

export type AnswerName = keyof typeof answers;

/** What may be wrong with a token, whichever part it plays: row, and what it means to a person. */
export const tokenFaults = {
  malformed: 'is not a token of the declared type: its form is wrong',
  wrong_type: 'proves to be something else than the declared type',
  unknown_issuer: 'names an issuer that this server does not trust',
  unknown_key: 'names a key that its issuer does not publish',
  algorithm: 'is signed with an algorithm that its key or its issuer does not allow',
  signature: 'has a signature that does not verify',
  critical_header: 'asks for a header extension (crit) that this server does not know',
  expired: 'has expired',
  not_yet_valid: 'is not valid yet, or was issued in the future',
  claims: 'lacks a claim that its type must have, or has one of the wrong form',
  bound: 'is bound to a key, and neither does the request prove it nor the rule do without',
  audience: 'is addressed to neither this server nor the calling client',
  not_accepted: 'is of a type that this server does not accept from its issuer',
  too_old: 'was issued longer ago than its issuer entry allows',
  replayed: 'may be used once, and was',
  subject: 'names no subject that this server can take over',
  name_taken:
    'is about a subject whose name here belongs to somebody else: a client, an account, or people of another issuer',
  act_not_vouched: 'names an actor of another issuer, for whom its own issuer cannot speak',
  inactive: 'is not active, says its issuer',
  client_disabled: 'belongs to a client that is unknown now, or disabled',
  cannot_tell: 'says too much for the mapping of its issuer entry, or only refers to a claim that the mapping reads',
  revoked: 'was revoked, or derives from one that was',
  not_granted: 'goes back to a grant that no rule allows any more, or to an account that is gone',
} as const satisfies Record<string, string>;

export type TokenFault = keyof typeof tokenFaults;
export type Role = 'subject' | 'actor';

/** reason → public answer, and what it means to a person. */
const ownReasons = {
  no_rule_for_subject: ['subject_token', 'no rule lets this client exchange such a subject token'],
  lineage_too_long: ['subject_token', 'the subject token has more ancestors than a token may name'],
  rules_too_costly: ['subject_token', 'conditions or claims of the rules take too long on what the tokens say'],
  rules_failed: ['subject_token', 'a condition or claim of the rules failed, which is a fault of this server'],
  subject_claims_elsewhere: [
    'subject_token',
    'the rules read a claim that the subject token only refers to (_claim_names, or a group overage)',
  ],
  actor_claims_elsewhere: [
    'actor',
    'the rules read a claim that the actor token only refers to (_claim_names, or a group overage)',
  ],
  no_rule_for_actor: ['actor', 'rules match the client and the subject, but none the actor'],
  may_act: ['actor', 'the may_act claim of the subject token names somebody else'],
  actor_is_subject: ['actor', 'the actor is the subject itself, so nothing is delegated'],
  chain_too_deep: ['actor', 'the chain of actors would be longer than the rule allows'],
  chain_too_large: ['actor', 'the chain of actors would take more than 8 KiB'],
  subject_token_type_unsupported: ['subject_token_type', 'no such subject token type is enabled'],
  actor_token_type_unsupported: ['actor_token_type', 'no such actor token type is enabled'],
  requested_token_type_unsupported: ['requested_token_type', 'no such token type can be requested'],
  requested_token_type_needs_grant: [
    'requested_token_type',
    'a refresh token was asked for by a client that has not the grant refresh_token',
  ],
  requested_token_type_not_granted: ['requested_token_type', 'the rule does not grant this requested token type'],
  parameter_missing: ['missing', 'a parameter that the grant needs is missing or empty'],
  parameter_repeated: ['repeated', 'a parameter that may stand once stands twice'],
  parameter_not_allowed: ['not_allowed', 'a parameter stands where its companion is missing, or contradicts another'],
  form_malformed: ['form', 'the body is no form: content type, percent encoding, UTF-8 or number of parameters'],
  target_unknown: ['target', 'an audience or resource is not registered'],
  target_malformed: ['target', 'a resource is not an absolute URI without fragment (RFC 8707 section 2)'],
  target_not_granted: ['target', 'rules match client, subject and actor, but none grants this target'],
  target_not_agreed: [
    'target',
    'the subject token stands for what a person agreed to, and the target is no part of that',
  ],
  target_missing: ['target', 'the client has no default audience and asked for none'],
  targets_disagree: ['target', 'the targets asked for at once need tokens of different formats'],
  target_needs_acr: ['target', 'the subject has not authenticated in a way that the target accepts (requiredAcr)'],
  target_needs_proof: [
    'target',
    'the target takes bound tokens alone (requireSenderConstraint), and no key was proven',
  ],
  scope_malformed: ['scope', 'the scope breaks the grammar of RFC 6749 section 3.3'],
  scope_exceeded: ['scope', 'more scope was asked for than subject, client, rule and targets all allow'],
  scope_empty: ['scope', 'subject, client, rule and targets have no scope in common'],
  client_unknown: ['client', 'no such client'],
  client_disabled: ['client', 'the client is disabled'],
  public_client_disabled: ['client_missing', 'the client proves nothing, and is disabled'],
  client_method: ['client', 'the client is registered for another authentication method'],
  client_credentials: ['client', 'the client authentication did not verify'],
  client_id_mismatch: ['client_id_mismatch', 'client_id in the form differs from the authenticated client'],
  client_assertion_type_unsupported: ['client_assertion_type', 'no such client assertion type is known'],
  client_certificate_missing: ['client_missing', 'the client authenticates by TLS, and showed no certificate'],
  client_certificate_untrusted: ['client', 'no configured authority issued the certificate'],
  client_certificate_expired: ['client', 'the certificate has expired, or is not valid yet'],
  client_certificate_subject: ['client', 'the certificate was issued to somebody else than the client'],
  client_certificate_unknown: ['client', 'the certificate is none of those that the client has registered'],
  client_certificate_malformed: ['client', 'the certificate that the proxy hands on cannot be read'],
  client_authentication_missing: ['client_missing', 'the request has no client authentication'],
  client_authentication_bearer: ['client_bearer', 'the request has a Bearer token where client authentication belongs'],
  client_authentication_malformed: ['client', 'the Authorization header cannot be read'],
  client_authentication_doubled: ['authentication_doubled', 'the request authenticates the client twice'],
  certificate_missing: ['certificate', 'the client has certificateBoundAccessTokens, and presented no certificate'],
  dpop_missing: ['dpop_proof', 'there is no DPoP proof, and the client or what it brings needs one'],
  dpop_malformed: ['dpop_proof', 'the DPoP proof is no JWT of its kind, or lacks a claim; or there are two of them'],
  dpop_key: ['dpop_proof', 'the jwk of the DPoP proof is no public key that this server knows how to use with its alg'],
  dpop_signature: ['dpop_proof', 'the DPoP proof is not signed with the key that it brings'],
  dpop_request: ['dpop_proof', 'the DPoP proof is for another method or URL (htm, htu)'],
  dpop_time: ['dpop_proof', 'the DPoP proof was made too long ago, or in the future (iat)'],
  dpop_access_token: ['dpop_proof', 'the DPoP proof is for another access token (ath)'],
  dpop_replayed: ['dpop_proof', 'the DPoP proof was used before (jti)'],
  dpop_other_key: ['dpop_proof', 'what the client brings is bound to another key than that of the DPoP proof'],
  dpop_nonce: ['dpop_nonce', 'the DPoP proof has no nonce of this server, or an old one'],
  refresh_token_unknown: ['refresh_token', 'it is no refresh token of this server'],
  refresh_token_bound: ['refresh_token', 'the refresh token is bound to another certificate'],
  refresh_token_client: ['refresh_token', 'the refresh token belongs to another client'],
  refresh_token_expired: ['refresh_token', 'the refresh token has expired'],
  refresh_token_revoked: ['refresh_token', 'the refresh token, or a token that it derives from, was revoked'],
  refresh_token_reused: ['refresh_token', 'the refresh token was used before, so its whole family is revoked'],
  refresh_token_cannot_tell: [
    'refresh_token',
    'whether a rule still allows it cannot be told: it takes too long, or a claim was only referred to',
  ],
  refresh_token_not_allowed: ['refresh_token', 'no rule allows any more what the refresh token was issued for'],
  public_client_not_allowed: ['grant_not_allowed', 'the grant is not for a client that proves nothing'],
  code_unknown: ['code', 'it is no authorization code of this server'],
  code_client: ['code', 'the authorization code was given to another client'],
  code_reused: ['code', 'the code was used before, so that all that was issued for it is revoked'],
  code_revoked: ['code', 'what the person agreed to was revoked, or ended with their session'],
  code_expired: ['code', 'the authorization code has expired'],
  code_redirect_uri: ['code', 'redirect_uri is not the one that the authorization request had'],
  code_verifier: ['code', 'code_verifier is missing, or does not fit the code_challenge'],
  code_account: ['code', 'the account is gone'],
  device_code_unknown: ['device_code', 'it is no device code of this server'],
  device_code_client: ['device_code', 'the device code was given to another client'],
  device_code_expired: ['expired_token', 'the device code has expired'],
  device_code_pending: ['authorization_pending', 'nobody has answered yet'],
  device_code_too_soon: ['slow_down', 'the device asked again too soon'],
  device_code_refused: ['access_denied', 'the person refused'],
  dpop_jkt_malformed: ['dpop_jkt', 'dpop_jkt is not a SHA-256 in base64url (RFC 7638)'],
  requested_actor_unknown: ['requested_actor', 'requested_actor names no client, or one that is disabled'],
  redirect_uri_unregistered: ['redirect_uri', 'redirect_uri is none of those registered'],
  authorization_client_unknown: [
    'redirect_uri',
    'no such client, or it is disabled, or has not the grant. The answer is that of a redirect_uri that is not registered',
  ],
  sign_in_client_unknown: ['sign_in_client', 'no such client, or it is disabled, or has not the grant'],
  sign_in_refused: ['access_denied', 'the person refused'],
  sign_in_credentials: ['access_denied', 'username and password do not go together'],
  authorization_request_invalid: [
    'authorization_request',
    'a parameter of the authorization request is not as it must be',
  ],
  request_uri_invalid: ['request_uri', 'request_uri is none of this server, has expired, or was used'],
  request_object_unsupported: ['request_object', 'the request holds a request object'],
  response_type_unsupported: ['response_type', 'response_type is not code'],
  response_mode_unsupported: ['response_mode', 'response_mode is not query'],
  user_code_unknown: ['user_code', 'the code that was typed is that of no device, has expired, or was used'],
  interaction_needed: ['interaction_required', 'prompt is none, and the person would have to be asked'],
  interaction_unknown: ['interaction', 'the cookie, its page or its form belong to nothing that is under way'],
  cookie_repeated: ['interaction', 'the browser sends two cookies of ours with one name: one of them is not ours'],
  post_cross_site: ['cross_site', 'a form was posted from another site (W03)'],
  access_token_missing: ['access_token_missing', 'the request has no access token'],
  access_token_nonce: [
    'access_token_nonce',
    'the DPoP proof beside the access token has no nonce of this server, or an old one',
  ],
  access_token_invalid: [
    'access_token',
    'the access token is none of this server, expired or revoked, or comes without proof of its key',
  ],
  access_token_scope: ['access_token_scope', 'the access token lacks the scope that this needs'],
  grant_not_allowed: ['grant_not_allowed', "the grant is not in the client's entry"],
  grant_type_unsupported: ['grant_type', 'no such grant type'],
  path_unknown: ['not_found', 'no endpoint has this path'],
  method_not_allowed: ['method', 'the endpoint does not answer this method'],
  body_too_large: ['too_large', 'the body is larger than the limit'],
  body_encoded: ['encoded', 'the body has a Content-Encoding'],
  headers_too_large: ['headers', 'the request header is larger than 16 KiB'],
  http_slow: ['timeout', 'the whole request was not there in time'],
  http_malformed: ['http', 'the bytes are no HTTP request'],
  admin_item_unknown: ['admin_item', 'no such client, key or row'],
  admin_body: [
    'admin_body',
    'the body of a request to the admin API is not a JSON object, or one with a member twice or a number beyond 2^53',
  ],
  admin_in_use: ['admin_in_use', 'what would be changed belongs to the file, is needed, or is there already'],
  admin_changed: ['admin_changed', 'what would be changed has changed since its ETag was read'],
  admin_unconditional: ['admin_unconditional', 'a change without If-Match'],
  admin_invalid: ['admin_invalid', 'a parameter or a member is unknown, missing or malformed'],
  authentication_rate: ['too_many', 'too many failed authentications of this client from this address'],
  sign_in_rate: ['too_many', 'too many passwords that were wrong, for this account or from this address'],
  sign_in_busy: ['dependency', 'too many passwords are being looked at: each takes its time on purpose'],
  client_rate: ['too_many', 'the client asked more often than requestsPerClient allows'],
  address_rate: ['too_many', 'this address asked more often than requestsPerAddress allows'],
  connections: ['dependency', 'as many connections as the limit allows have a request under way'],
  overload: ['dependency', 'as many requests as the limit allows wait to be begun'],
  issuer_unavailable: ['dependency', "a trusted issuer's keys or its introspection cannot be had"],
  upstream_denied: ['upstream_denied', 'the person, or the upstream provider for them, refused to sign in there'],
  upstream_failed: ['upstream', 'the upstream provider cannot be reached, or its answer did not verify'],
  store_unavailable: ['dependency', 'the database did not answer'],
  server_error: ['fault', 'a fault of this server'],
} as const satisfies Record<string, readonly [AnswerName, string]>;

/** What may be wrong with a client assertion (RFC 7523 section 3). */
const assertionFaults = [
  ...([
    'malformed',
    'wrong_type',
    'critical_header',
    'algorithm',
    'unknown_issuer',
    'unknown_key',
    'signature',
  ] as const),
  ...(['claims', 'audience', 'expired', 'not_yet_valid', 'replayed'] as const),
] satisfies readonly TokenFault[];

type OwnReason = keyof typeof ownReasons;
type AssertionReason = `client_assertion_${(typeof assertionFaults)[number]}`;
export type Reason = OwnReason | AssertionReason | `${Role}_token_${TokenFault}`;

interface ReasonRow {
  readonly answer: AnswerName;
  readonly meaning: string;
}

/** Every reason with its public answer and its meaning. */
export const reasons: Readonly<Record<Reason, ReasonRow>> = Object.freeze({
  ...forRole('subject'),
  ...forRole('actor'),
  ...(Object.fromEntries(
    assertionFaults.map((fault) => [
      `client_assertion_${fault}`,
      { answer: 'client', meaning: `the client assertion ${tokenFaults[fault]}` },
    ]),
  ) as Record<AssertionReason, ReasonRow>),
  ...(Object.fromEntries(
    Object.entries(ownReasons).map(([reason, [answer, meaning]]) => [reason, { answer, meaning }]),
  ) as Record<OwnReason, ReasonRow>),
});

function forRole<R extends Role>(role: R): Record<`${R}_token_${TokenFault}`, ReasonRow> {
  const rows = Object.entries(tokenFaults).map(([fault, meaning]) => [
    `${role}_token_${fault}`,
    { answer: `${role}_token`, meaning: `the ${role} token ${meaning}` },
  ]);
  return Object.fromEntries(rows);
}

export type TokenErrorCode = 'invalid_grant' | 'invalid_request';

export interface PublicAnswer {
  readonly status: number;
  readonly error: string;
  readonly description: string;
}

/** RFC 6749 section 5.2. `tokenErrorCode` is the one code that the configuration chooses. */
export function publicAnswer(refusal: Refusal, tokenErrorCode: TokenErrorCode): PublicAnswer {
  const [status, error, description] = answers[reasons[refusal.reason].answer];
  return {
    status,
    error: error === 'token_error' ? tokenErrorCode : error,
    description: description.replace('{parameter}', refusal.parameter ?? ''),
  };
}

export interface RefusalOptions {
  /** The parameter at fault: a name from our own tables, never the caller's text. */
  readonly parameter?: string;
  /** For the audit row and `explain` only. Holds no token and no secret. */
  readonly detail?: string;
  /** Who the caller said to be. */
  readonly clientClaimed?: string;
  /** Who the caller is. */
  readonly client?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Thrown anywhere, rendered in one place. Whatever else is thrown is a fault of ours. */
export class Refusal extends Error {
  readonly reason: Reason;
  readonly parameter: string | undefined;
  readonly detail: string | undefined;
  readonly clientClaimed: string | undefined;
  readonly client: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(reason: Reason, options: RefusalOptions = {}) {
    super(options.detail === undefined ? reason : `${reason}: ${options.detail}`, { cause: options.cause });
    this.reason = reason;
    this.parameter = options.parameter;
    this.detail = options.detail;
    this.clientClaimed = options.clientClaimed;
    this.client = options.client;
    this.headers = options.headers ?? {};
  }
}

/** A token did not prove what it must. Whose token it was is the exchange's to say. */
export class TokenRefusal extends Error {
  readonly fault: TokenFault;
  readonly detail: string | undefined;

  constructor(fault: TokenFault, detail?: string, cause?: Refusal) {
    super(detail === undefined ? fault : `${fault}: ${detail}`, { cause });
    this.fault = fault;
    this.detail = detail;
  }

  /** The same, said of the part that the token played in the request. A target that cannot be had is no fault of the token. */
  as(role: Role): Refusal {
    const { cause } = this;
    if (cause instanceof Refusal && reasons[cause.reason].answer === 'target') return cause;
    return new Refusal(`${role}_token_${this.fault}`, { detail: this.detail, cause: this });
  }

  /** The same, said of the assertion by which a client authenticates. */
  asAssertion(): Refusal {
    const fault = assertionFaults.find((one) => one === this.fault) ?? 'claims';
    return new Refusal(`client_assertion_${fault}`, { detail: this.detail, cause: this });
  }
}
