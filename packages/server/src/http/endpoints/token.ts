// POST /oauth/token (RFC 6749 section 3.2).
import { answerTokenRequest } from '../../grants/token-endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { parseForm } from '../form.ts';

export const token = {
  place: 'below',
  path: '/oauth/token',
  method: 'POST',
  cors: true,
  audit: 'token',
  metadata: 'token_endpoint',
  answer: ({ request, event, services }) => {
    const parameters = parseForm(request.headers['content-type'], request.body as Uint8Array | undefined);
    const { authorization } = request.headers;
    return answerTokenRequest({ parameters, authorization, address: request.ip }, event, services);
  },
} as const satisfies Endpoint;
