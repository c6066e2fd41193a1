// Refusals of requests as HTTP has them.
import type { RefusalGroup } from './group.ts';

export const httpRefusals = {
  not_found: {
    answer: [404, 'invalid_request', 'There is nothing at this path'],
    reasons: {
      path_unknown: 'no endpoint has this path',
    },
  },
  method: {
    answer: [405, 'invalid_request', 'The method is not allowed here'],
    reasons: {
      method_not_allowed: 'the endpoint does not answer this method',
    },
  },
  too_large: {
    answer: [413, 'invalid_request', 'The body is too large'],
    reasons: {
      body_too_large: 'the body is larger than the limit',
    },
  },
  encoded: {
    answer: [415, 'invalid_request', 'The body must not be compressed'],
    reasons: {
      body_encoded: 'the body has a Content-Encoding',
    },
  },
  timeout: {
    answer: [408, 'invalid_request', 'The request took too long to arrive'],
    reasons: {
      http_slow: 'the whole request was not there in time',
    },
  },
  headers: {
    answer: [431, 'invalid_request', 'The request header is too large'],
    reasons: {
      headers_too_large: 'the request header is larger than 16 KiB',
    },
  },
  http: {
    answer: [400, 'invalid_request', 'The request is not valid HTTP'],
    reasons: {
      http_malformed: 'the bytes are no HTTP request',
    },
  },
} as const satisfies RefusalGroup;
