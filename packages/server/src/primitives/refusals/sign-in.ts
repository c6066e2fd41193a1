// Refusals on the way through which people sign in.
import type { RefusalGroup } from './group.ts';

export const signInRefusals = {
  access_denied: {
    answer: [400, 'access_denied', 'The person refused'],
    reasons: {
      device_code_refused: 'the person refused',
      sign_in_refused: 'the person refused',
      sign_in_credentials: 'username and password do not go together',
    },
  },
  redirect_uri: {
    answer: [400, 'invalid_request', 'The redirect_uri is not registered for this client'],
    reasons: {
      redirect_uri_unregistered: 'redirect_uri is none of those registered',
      authorization_client_unknown:
        'no such client, or it is disabled, or has not the grant. The answer is that of a redirect_uri that is not registered',
    },
  },
  sign_in_client: {
    answer: [400, 'invalid_request', 'The client is not known here, or nobody can sign in to it'],
    reasons: {
      sign_in_client_unknown: 'no such client, or it is disabled, or has not the grant',
    },
  },
  authorization_request: {
    answer: [400, 'invalid_request', 'The authorization request is not valid'],
    reasons: {
      authorization_request_invalid: 'a parameter of the authorization request is not as it must be',
    },
  },
  request_uri: {
    answer: [400, 'invalid_request_uri', 'The request_uri is invalid, expired, or was used already'],
    reasons: {
      request_uri_invalid: 'request_uri is none of this server, has expired, or was used',
    },
  },
  request_object: {
    answer: [400, 'request_not_supported', 'Request objects are not supported: use pushed authorization requests'],
    reasons: {
      request_object_unsupported: 'the request holds a request object',
    },
  },
  response_type: {
    answer: [400, 'unsupported_response_type', 'The response_type must be code'],
    reasons: {
      response_type_unsupported: 'response_type is not code',
    },
  },
  response_mode: {
    answer: [400, 'invalid_request', 'The response_mode must be query'],
    reasons: {
      response_mode_unsupported: 'response_mode is not query',
    },
  },
  interaction_required: {
    answer: [400, 'interaction_required', 'The person has to be asked'],
    reasons: {
      interaction_needed: 'prompt is none, and the person would have to be asked',
    },
  },
  user_code: {
    answer: [400, 'invalid_request', 'No device shows this code'],
    reasons: {
      user_code_unknown: 'the code that was typed is that of no device, has expired, or was used',
    },
  },
  interaction: {
    answer: [400, 'invalid_request', 'This page has expired, or belongs to another browser: begin again'],
    reasons: {
      interaction_unknown: 'the cookie, its page or its form belong to nothing that is under way',
      cookie_repeated: 'the browser sends two cookies of ours with one name: one of them is not ours',
    },
  },
  cross_site: {
    answer: [403, 'access_denied', 'This came from another site'],
    reasons: {
      post_cross_site: 'a form was posted from another site (W03)',
    },
  },
  upstream_denied: {
    answer: [403, 'access_denied', 'The other sign-in service did not sign you in'],
    reasons: {
      upstream_denied: 'the person, or the upstream provider for them, refused to sign in there',
    },
  },
  upstream: {
    answer: [503, 'temporarily_unavailable', 'The other sign-in service did not answer as it should: try again later'],
    reasons: {
      upstream_failed: 'the upstream provider cannot be reached, or its answer did not verify',
    },
  },
} as const satisfies RefusalGroup;
