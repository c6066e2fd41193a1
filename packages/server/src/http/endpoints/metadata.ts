// GET /.well-known/oauth-authorization-server (RFC 8414), derived from the lists, so that it cannot disagree with them.
import { clientAuthMethods } from '../../client-auth/index.ts';
import { grants } from '../../grants/index.ts';
import { algorithmNames } from '../../keys/algorithms.ts';
import { type Endpoint, type HttpServices, urlOf } from '../endpoint.ts';

export const metadata = {
  place: 'inserted',
  path: '/.well-known/oauth-authorization-server',
  method: 'GET',
  cors: true,
  audit: undefined,
  cacheFor: 300,
  answer: ({ endpoints, services }) => describe(endpoints, services),
} as const satisfies Endpoint;

/** RFC 8414 section 2. `response_types_supported` is required even where nothing is supported. */
function describe(endpoints: readonly Endpoint[], { issuer, targeting, defaultAlgorithm, clients }: HttpServices) {
  const certificateBound = [...clients.values()].some(
    ({ certificateBoundAccessTokens }) => certificateBoundAccessTokens,
  );
  const methods = clientAuthMethods.map(({ name }) => name);
  const members = endpoints.flatMap((endpoint): (readonly [string, unknown])[] => {
    const { metadata: member } = endpoint;
    if (member === undefined) return [];
    const url = [member, urlOf(endpoint, issuer)] as const;
    return endpoint.method === 'POST' ? [url, [`${member}_auth_methods_supported`, methods]] : [url];
  });
  return {
    issuer,
    ...Object.fromEntries(members),
    introspection_signing_alg_values_supported: [defaultAlgorithm],
    ...(targeting.scopes.length > 0 && { scopes_supported: targeting.scopes }),
    response_types_supported: [],
    dpop_signing_alg_values_supported: algorithmNames,
    ...(certificateBound && { tls_client_certificate_bound_access_tokens: true }),
    grant_types_supported: grants.map(({ grantType }) => grantType),
  };
}
