// Maps errors of oidc-provider to our refusals.
import { type Reason, Refusal } from '../primitives/refusal.ts';

const reasonOf: Readonly<Record<string, Reason>> = {
  invalid_redirect_uri: 'redirect_uri_unregistered',
  invalid_client: 'sign_in_client_unknown',
  unauthorized_client: 'sign_in_client_unknown',
  access_denied: 'sign_in_refused',
  login_required: 'interaction_needed',
  consent_required: 'interaction_needed',
  interaction_required: 'interaction_needed',
  invalid_scope: 'scope_malformed',
  invalid_request_uri: 'request_uri_invalid',
  request_uri_not_supported: 'request_uri_invalid',
  // The library's error if another client pushed the request.
  invalid_request_object: 'request_uri_invalid',
  request_not_supported: 'request_object_unsupported',
  unsupported_response_type: 'response_type_unsupported',
};

/** By the name of the error, for errors that a page shows. */
const reasonOfName: Readonly<Record<string, Reason>> = {
  NotFoundError: 'user_code_unknown',
  ExpiredError: 'user_code_unknown',
  AlreadyUsedError: 'user_code_unknown',
  NoCodeError: 'user_code_unknown',
  AbortedError: 'sign_in_refused',
  SessionNotFound: 'interaction_unknown',
};

/**
 * An error that the library does not expose is an internal fault: `server_error`.
 * @param malformed the reason for other exposed errors @returns undefined if `error` is undefined
 */
export function refusalOf(error: unknown, malformed: Reason = 'authorization_request_invalid'): Refusal | undefined {
  if (error === undefined) return undefined;
  if (error instanceof Refusal) return error;
  const {
    name,
    error: code,
    error_description: detail,
    expose,
    cause,
  } = error as {
    readonly name: string;
    readonly error?: string;
    readonly error_description?: string;
    readonly expose?: boolean;
    readonly cause?: unknown;
  };
  if (cause instanceof Refusal) return cause;
  const reason = expose === true ? (reasonOf[code ?? ''] ?? malformed) : 'server_error';
  return new Refusal(reasonOfName[name] ?? reason, { detail, cause: error });
}
