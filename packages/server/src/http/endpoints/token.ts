// POST /oauth/token (RFC 6749 section 3.2).
import { answerTokenRequest } from '../../grants/token-endpoint.ts';
import { readAuthenticationRequest } from '../authentication-request.ts';
import type { Endpoint } from '../endpoint.ts';

export const token = {
  place: 'below',
  path: '/oauth/token',
  methods: ['POST'],
  face: 'json',
  cors: true,
  nonces: true,
  audit: 'token',
  metadata: 'token_endpoint',
  answer: async ({ request, event, services }) => {
    const dpop = request.headers.dpop?.toString();
    const asked = { ...readAuthenticationRequest(request, services), dpop };
    return { status: 200, body: await answerTokenRequest(asked, event, services) };
  },
} as const satisfies Endpoint;
