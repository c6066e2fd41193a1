// What did the library refuse, in our own words?
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
  // A pushed request is one to the library: this one was pushed by another client.
  invalid_request_object: 'request_uri_invalid',
  request_not_supported: 'request_object_unsupported',
  unsupported_response_type: 'response_type_unsupported',
};

/** What the library calls a person who is asked again. */
const askedAgain: Readonly<Record<string, Reason>> = {
  NotFoundError: 'user_code_unknown',
  ExpiredError: 'user_code_unknown',
  AlreadyUsedError: 'user_code_unknown',
  NoCodeError: 'user_code_unknown',
  AbortedError: 'sign_in_refused',
  SessionNotFound: 'interaction_unknown',
};

/**
 * Whatever the library does not mean to tell is a fault of ours.
 * @param malformed what a malformed request is here @returns undefined where nothing was refused
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
  const told = expose === true ? (reasonOf[code ?? ''] ?? malformed) : 'server_error';
  return new Refusal(askedAgain[name] ?? told, { detail, cause: error });
}
