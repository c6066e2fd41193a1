// The redirect to the OpenID provider that the configuration names, and the return from it.
import { INTERACTION_PATH, UPSTREAM_PATH } from '../../sign-in/paths.ts';
import { returnFromUpstream, visitUpstream } from '../../sign-in/upstream-visit.ts';
import { pageEndpoint } from '../browser.ts';

export const upstreamVisit = pageEndpoint(`${INTERACTION_PATH}/:uid/upstream`, 'sign_in', { GET: visitUpstream });

export const upstreamReturn = pageEndpoint(UPSTREAM_PATH, 'sign_in', {
  GET: (request, _event, signIn) => returnFromUpstream(request, signIn),
});
