// Refusals of HTTP requests, whichever endpoint they are for.
import type { RefusalGroup } from './group.ts';

export const httpRefusals = {
  not_found: {
    answer: [404, 'invalid_request', 'There is nothing at this path'],
    reasons: {
      region_request: [
        'no region of the configuration sent the request to this region within the last minute',
        'Compare regions.secret, regions.name and the peers of both files, and the clocks of both machines.',
      ],
      path_unknown: [
        'no endpoint has this path',
        'Take the URLs from /.well-known/oauth-authorization-server. Sign-in endpoints exist where a client may have people sign in, the admin API where a resource has its audience.',
      ],
    },
  },
  method: {
    answer: [405, 'invalid_request', 'The method is not allowed here'],
    reasons: {
      method_not_allowed: ['the endpoint does not answer this method', 'Use a method of the Allow header.'],
    },
  },
  too_large: {
    answer: [413, 'invalid_request', 'The body is too large'],
    reasons: {
      body_too_large: [
        'the body is larger than server.limits.body, or arrives in too many pieces or with too much framing for its length',
        'Send less, or in larger pieces, or raise server.limits.body.',
      ],
    },
  },
  encoded: {
    answer: [415, 'invalid_request', 'The body must not be compressed'],
    reasons: {
      body_encoded: [
        'the body has a Content-Encoding, or a Transfer-Encoding other than chunked',
        'Send the body uncompressed.',
      ],
    },
  },
  timeout: {
    answer: [408, 'invalid_request', 'The request took too long to arrive'],
    reasons: {
      http_slow: [
        'the request did not arrive completely in time',
        'Send the request within ten seconds. Look for a slow proxy.',
      ],
    },
  },
  headers: {
    answer: [431, 'invalid_request', 'The request header is too large'],
    reasons: {
      headers_too_large: [
        'the request header is larger than 16 KiB',
        'Send fewer or shorter headers and cookies. Put parameters into the body.',
      ],
    },
  },
  http: {
    answer: [400, 'invalid_request', 'The request is not valid HTTP'],
    reasons: {
      http_malformed: [
        'the bytes are not an HTTP request',
        'Use https:// where the server has TLS and http:// where it has none, with an HTTP/1.1 client.',
      ],
    },
  },
} as const satisfies RefusalGroup;
