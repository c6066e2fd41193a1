// /oauth/logout (OpenID Connect RP-Initiated Logout 1.0 section 2).
import { answerLogout, showLoggedOut, showLogout } from '../../sign-in/logout.ts';
import { pageEndpoint } from '../browser.ts';
import type { Endpoint } from '../endpoint.ts';

export const logout = {
  ...pageEndpoint('/oauth/logout', 'logout', {
    GET: (request, _event, signIn) => showLogout(request, signIn),
    POST: (request, _event, signIn) => showLogout(request, signIn),
  }),
  metadata: 'end_session_endpoint',
  front: 'logout',
} as const satisfies Endpoint;

export const logoutConfirm = pageEndpoint('/oauth/logout/confirm', 'logout', { POST: answerLogout });

export const loggedOut = pageEndpoint('/oauth/logout/success', undefined, {
  GET: (request, _event, signIn) => showLoggedOut(request, signIn),
});
