// GET /.well-known/jwks.json (RFC 7517 section 5): the public keys.
import type { Endpoint } from '../endpoint.ts';

export const jwks = {
  place: 'below',
  path: '/.well-known/jwks.json',
  methods: ['GET'],
  face: 'json',
  cors: true,
  audit: undefined,
  cacheFor: 300,
  metadata: 'jwks_uri',
  front: 'keys',
  answer: ({ services }) => ({ status: 200, body: { keys: services.keys.published() } }),
} as const satisfies Endpoint;
