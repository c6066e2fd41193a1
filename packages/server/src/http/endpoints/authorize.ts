// GET and POST /oauth/authorize (RFC 6749 section 3.1), and the path to which the browser returns when the person has answered.
import { answerAuthorization, resumeAuthorization } from '../../sign-in/authorization.ts';
import { pageEndpoint } from '../browser.ts';
import type { Endpoint } from '../endpoint.ts';

export const authorizationEndpoint = {
  ...pageEndpoint('/oauth/authorize', 'authorize', { GET: answerAuthorization, POST: answerAuthorization }),
  metadata: 'authorization_endpoint',
} as const satisfies Endpoint;

export const authorizeResume = pageEndpoint('/oauth/authorize/:uid', 'authorize', {
  GET: resumeAuthorization,
});
