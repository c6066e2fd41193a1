// GET /.well-known/oauth-authorization-server (RFC 8414), derived from the lists, so that it cannot disagree with them.
import { clientAuthMethods } from '../../client-auth/index.ts';
import type { ClientAuthMethod } from '../../client-auth/method.ts';
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
function describe(endpoints: readonly Endpoint[], services: HttpServices) {
  const { issuer, targeting, defaultAlgorithm, clients } = services;
  const certificateBound = [...clients.values()].some(
    ({ certificateBoundAccessTokens }) => certificateBoundAccessTokens,
  );
  const members = endpoints.flatMap((endpoint): (readonly [string, unknown])[] => {
    const { metadata: member } = endpoint;
    if (member === undefined) return [];
    const url = [member, urlOf(endpoint, issuer)] as const;
    if (endpoint.method !== 'POST') return [url];
    return [
      url,
      [`${member}_auth_methods_supported`, methodsOf(endpoint, services)],
      [`${member}_auth_signing_alg_values_supported`, algorithmNames],
    ];
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

const methods: readonly ClientAuthMethod[] = clientAuthMethods;

/** In our order of preference, which many clients follow. */
const methodsOf = ({ publicClients }: Endpoint, { readCertificate }: HttpServices): readonly string[] =>
  methods
    .filter(({ over }) => over !== 'tls' || readCertificate !== undefined)
    .map(({ name }) => name)
    .filter((name) => name !== 'none' || publicClients !== 'never');
