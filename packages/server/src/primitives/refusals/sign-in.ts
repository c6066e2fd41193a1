// Refusals while a person signs in.
import type { RefusalGroup } from './group.ts';

export const signInRefusals = {
  access_denied: {
    answer: [400, 'access_denied', 'The person refused'],
    reasons: {
      device_code_refused: ['the person refused', 'Ask for a new device code, if the person wants to try again.'],
      sign_in_refused: [
        'the person refused',
        'Send the person to the authorization endpoint again, if they want to try again.',
      ],
      sign_in_credentials: [
        'the username or the password is wrong',
        'Let the person try again. cambio accounts hash-password makes a new password for the file.',
      ],
    },
  },
  redirect_uri: {
    answer: [400, 'invalid_request', 'The redirect_uri is not registered for this client'],
    reasons: {
      redirect_uri_unregistered: [
        'redirect_uri is not registered for the client',
        'Send a registered redirect_uri, character by character, or add this one to redirectUris of the client (postLogoutRedirectUris for a logout).',
      ],
      authorization_client_unknown: [
        'there is no such client, or it is disabled or suspended, or lacks the grant. The answer is that of a redirect_uri that is not registered',
        'Compare client_id with the ids under clients. The client needs the grant authorization_code. cambio actors list says whether it is suspended.',
      ],
    },
  },
  sign_in_client: {
    answer: [400, 'invalid_request', 'The client is not known here, or nobody can sign in to it'],
    reasons: {
      sign_in_client_unknown: [
        'there is no such client, or it is disabled, or lacks the grant',
        'Compare client_id with the ids under clients. The client needs the grant authorization_code or device_code.',
      ],
    },
  },
  authorization_request: {
    answer: [400, 'invalid_request', 'The authorization request is not valid'],
    reasons: {
      authorization_request_invalid: [
        'a parameter of the authorization request is missing or invalid',
        'Correct the parameter that the detail names. PKCE with S256 is required: code_challenge, code_challenge_method=S256.',
      ],
      device_code_failed: [
        'the person signed in, but the request of the device was refused then, for example because requested_actor is not a client',
        'See the audit row of the interaction for the fault. Correct the request, and ask for a new device code.',
      ],
    },
  },
  request_uri: {
    answer: [400, 'invalid_request_uri', 'The request_uri is invalid, expired, or was used already'],
    reasons: {
      request_uri_invalid: [
        'request_uri is not from this server, has expired, or was used',
        'Push the request again, and use the new request_uri within a minute, once, with the same client_id.',
      ],
    },
  },
  request_object: {
    answer: [400, 'request_not_supported', 'Request objects are not supported: use pushed authorization requests'],
    reasons: {
      request_object_unsupported: [
        'the request holds a request object',
        'Leave request out. Push the parameters to the pushed authorization request endpoint instead.',
      ],
    },
  },
  response_type: {
    answer: [400, 'unsupported_response_type', 'The response_type must be code'],
    reasons: {
      response_type_unsupported: ['response_type is not code', 'Send response_type=code.'],
    },
  },
  response_mode: {
    answer: [400, 'invalid_request', 'The response_mode must be query'],
    reasons: {
      response_mode_unsupported: ['response_mode is not query', 'Leave response_mode out, or send query.'],
    },
  },
  interaction_required: {
    answer: [400, 'interaction_required', 'The person has to be asked'],
    reasons: {
      interaction_needed: [
        'prompt is none, and the person would have to be asked',
        'Send the person to the authorization endpoint without prompt=none.',
      ],
    },
  },
  user_code: {
    answer: [400, 'invalid_request', 'No device shows this code'],
    reasons: {
      user_code_unknown: [
        'no device shows the code that was typed, or it has expired or was used',
        'Type the code that the device shows now, or let the device ask for a new one.',
      ],
    },
  },
  interaction: {
    answer: [400, 'invalid_request', 'This page has expired, or belongs to another browser: begin again'],
    reasons: {
      interaction_unknown: [
        'the page or form does not belong to a sign-in that is in progress in this browser',
        'Begin again at the application, in one browser, with cookies allowed, and without the Back button.',
      ],
      cookie_repeated: [
        'the browser sends two cookies with a name of ours: another application set one of them',
        'Delete the cookies of this server and its parent domains. Look for the application that sets one of this name.',
      ],
    },
  },
  cross_site: {
    answer: [403, 'access_denied', 'This came from another site'],
    reasons: {
      post_cross_site: [
        'a form was posted from another site (W03)',
        'Send the form from a page of this server. A proxy must not change Origin or Sec-Fetch-Site.',
      ],
    },
  },
  upstream_denied: {
    answer: [403, 'access_denied', 'The other sign-in service did not sign you in'],
    reasons: {
      upstream_denied: [
        'the person, or the upstream provider for them, refused to sign in there',
        'Let the person try again. The provider may ask an administrator to allow the application.',
      ],
    },
  },
  upstream: {
    answer: [503, 'temporarily_unavailable', 'The other sign-in service did not answer as it should: try again later'],
    reasons: {
      upstream_failed: [
        'the upstream provider cannot be reached, or its answer did not verify',
        'Read the detail: it says what failed. Compare issuer, clientId and secret of upstream with the provider.',
      ],
    },
  },
} as const satisfies RefusalGroup;
