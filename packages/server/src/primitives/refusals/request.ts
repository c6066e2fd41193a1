// Refusals of the form and of its parameters.
import type { RefusalGroup } from './group.ts';

export const requestRefusals = {
  missing: {
    answer: [400, 'invalid_request', 'The parameter {parameter} is missing'],
    reasons: {
      parameter_missing: 'a parameter that the grant needs is missing or empty',
    },
  },
  repeated: {
    answer: [400, 'invalid_request', 'The parameter {parameter} is repeated'],
    reasons: {
      parameter_repeated: 'a parameter that may stand once stands twice',
    },
  },
  not_allowed: {
    answer: [400, 'invalid_request', 'The parameter {parameter} is not allowed here'],
    reasons: {
      parameter_not_allowed: 'a parameter stands where its companion is missing, or contradicts another',
    },
  },
  form: {
    answer: [400, 'invalid_request', 'The body is not a valid application/x-www-form-urlencoded form'],
    reasons: {
      form_malformed: 'the body is no form: content type, percent encoding, UTF-8 or number of parameters',
    },
  },
  grant_type: {
    answer: [400, 'unsupported_grant_type', 'The grant_type is not supported'],
    reasons: {
      grant_type_unsupported: 'no such grant type',
    },
  },
  grant_not_allowed: {
    answer: [400, 'unauthorized_client', 'The client may not use this grant_type'],
    reasons: {
      public_client_not_allowed: 'the grant is not for a client that proves nothing',
      grant_not_allowed: "the grant is not in the client's entry",
    },
  },
} as const satisfies RefusalGroup;
