// POST /oauth/token (RFC 6749 section 3.2).
import { answerTokenRequest } from '../../grants/token-endpoint.ts';
import { readAuthenticationRequest } from '../authentication-request.ts';
import type { PlainEndpoint } from '../endpoint.ts';

export const token = {
  place: 'below',
  path: '/oauth/token',
  methods: ['POST'],
  direct: true,
  cors: true,
  audit: 'token',
  metadata: 'token_endpoint',
  answer: ({ request, reply, event, services }) => {
    if (services.nonces) reply.header('DPoP-Nonce', services.nonces.current());
    const dpop = request.headers.dpop?.toString();
    return answerTokenRequest({ ...readAuthenticationRequest(request, services), dpop }, event, services);
  },
} as const satisfies PlainEndpoint;
