// Refusals of the form and of its parameters.
import type { RefusalGroup } from './group.ts';

export const requestRefusals = {
  missing: {
    answer: [400, 'invalid_request', 'The parameter {parameter} is missing'],
    reasons: {
      parameter_missing: [
        'a parameter that the grant needs is missing or empty',
        'Send the parameter that the error names.',
      ],
    },
  },
  repeated: {
    answer: [400, 'invalid_request', 'The parameter {parameter} is repeated'],
    reasons: {
      parameter_repeated: [
        'a parameter is repeated that must not be',
        'Send the parameter that the error names once. Only audience and resource may repeat.',
      ],
    },
  },
  not_allowed: {
    answer: [400, 'invalid_request', 'The parameter {parameter} is not allowed here'],
    reasons: {
      parameter_not_allowed: [
        'a parameter is present without the one that it belongs to, or contradicts another',
        'Leave out the parameter that the error names, or send the one that it belongs to.',
      ],
    },
  },
  form: {
    answer: [400, 'invalid_request', 'The body is not a valid application/x-www-form-urlencoded form'],
    reasons: {
      form_malformed: [
        'the body is not a form: content type, percent encoding, UTF-8 or number of parameters',
        'Send Content-Type: application/x-www-form-urlencoded, and encode values as curl --data-urlencode does. JSON is not accepted here.',
      ],
    },
  },
  grant_type: {
    answer: [400, 'unsupported_grant_type', 'The grant_type is not supported'],
    reasons: {
      grant_type_unsupported: [
        'this grant type does not exist',
        'Send a grant_type of grant_types_supported in the metadata, whole and exact.',
      ],
    },
  },
  grant_not_allowed: {
    answer: [400, 'unauthorized_client', 'The client may not use this grant_type'],
    reasons: {
      public_client_not_allowed: [
        'a client with auth: none may not use the grant',
        'Give the client credentials (auth), or set publicExchange: true if anyone may exchange as this client. A workload of the client leaves client_id out.',
      ],
      client_suspended: [
        'the client is suspended',
        'Run cambio actors list, which says why, and cambio actors resume once the client may act again.',
      ],
      grant_not_allowed: ["the grant is not in the client's entry", 'Add the grant to grants of the client.'],
    },
  },
} as const satisfies RefusalGroup;
