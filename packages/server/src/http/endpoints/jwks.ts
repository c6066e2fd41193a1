// GET /.well-known/jwks.json (RFC 7517 section 5): the public keys; and the key sets that resources have for themselves.
import { KEY_SET_MAX_AGE_SECONDS } from '../../keys/key-sets.ts';
import { Refusal } from '../../primitives/refusal.ts';
import type { Endpoint } from '../endpoint.ts';

const keySet = {
  place: 'below',
  methods: ['GET'],
  face: 'json',
  cors: true,
  audit: undefined,
  cacheFor: KEY_SET_MAX_AGE_SECONDS,
} as const;

export const jwks = {
  ...keySet,
  path: '/.well-known/jwks.json',
  metadata: 'jwks_uri',
  front: 'keys',
  answer: ({ services }) => ({ status: 200, body: { keys: services.keys.published() } }),
} as const satisfies Endpoint;

/** The key set that `token.jwks` of a resource names. */
export const resourceJwks = {
  ...keySet,
  path: '/keys/:set',
  answer: ({ request, services }) => {
    const keys = services.keys.published(`/keys/${request.parameters.set}`);
    if (keys.length === 0) throw new Refusal('path_unknown');
    return { status: 200, body: { keys } };
  },
} as const satisfies Endpoint;
