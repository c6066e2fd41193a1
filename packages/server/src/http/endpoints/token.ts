// POST /oauth/token (RFC 6749 section 3.2).
import { answerTokenRequest } from '../../grants/token-endpoint.ts';
import { readAuthenticationRequest } from '../authentication-request.ts';
import type { Endpoint } from '../endpoint.ts';

export const token = {
  place: 'below',
  path: '/oauth/token',
  method: 'POST',
  cors: true,
  audit: 'token',
  metadata: 'token_endpoint',
  answer: ({ request, event, services }) =>
    answerTokenRequest(readAuthenticationRequest(request, services), event, services),
} as const satisfies Endpoint;
