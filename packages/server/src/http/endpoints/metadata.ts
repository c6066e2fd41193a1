// GET /.well-known/oauth-authorization-server (RFC 8414). It is derived from the lists, so that it cannot contradict them.
import { clientAuthMethods } from '../../client-auth/index.ts';
import type { ClientAuthMethod } from '../../client-auth/method.ts';
import { REDEEMING_GRANTS } from '../../exchange/redeem.ts';
import { requestedTokenTypes } from '../../exchange/request.ts';
import { grants, SIGN_IN_GRANTS } from '../../grants/index.ts';
import { identityClaimNames } from '../../issuing/identity-claims.ts';
import { algorithmNames } from '../../keys/algorithms.ts';
import { SIGN_IN_SCOPES } from '../../narrowing/narrow.ts';
import type { Targeting } from '../../narrowing/targets.ts';
import { redeemedTypes, tokenTypeUri } from '../../primitives/token-type.ts';
import { languageNames } from '../../sign-in/pages/languages/index.ts';
import { type Endpoint, type Exchange, type HttpServices, urlOf } from '../endpoint.ts';

const document = {
  methods: ['GET'],
  face: 'json',
  cors: true,
  audit: undefined,
  cacheFor: 300,
  answer: ({ endpoints, services }: Exchange) => ({ status: 200, body: describe(endpoints, services) }),
} as const;

export const metadata = {
  ...document,
  place: 'inserted',
  path: '/.well-known/oauth-authorization-server',
  front: 'metadata',
} as const satisfies Endpoint;

/** The same document, at the path of OpenID Connect Discovery 1.0. */
export const openidConfiguration = {
  ...document,
  place: 'below',
  path: '/.well-known/openid-configuration',
  front: 'openid',
  isThere: ({ people }) => people !== undefined,
} as const satisfies Endpoint;

/** The endpoints for which RFC 8414 section 2 has members about client authentication. */
const AUTHENTICATING = new Set(['token_endpoint', 'introspection_endpoint', 'revocation_endpoint']);

/** RFC 8414 section 2. `response_types_supported` is required even if it is empty. */
function describe(endpoints: readonly Endpoint[], services: HttpServices) {
  const { issuer, targeting, defaultAlgorithm, clients, clientDocuments, people, branding } = services;
  const certificateBound = [...clients.values()].some(
    ({ certificateBoundAccessTokens }) => certificateBoundAccessTokens,
  );
  const members = endpoints.flatMap((endpoint): (readonly [string, unknown])[] => {
    const { metadata: member } = endpoint;
    if (member === undefined || endpoint.isThere?.(services) === false) return [];
    const url = [member, urlOf(endpoint, issuer)] as const;
    if (!AUTHENTICATING.has(member)) return [url];
    return [
      url,
      [`${member}_auth_methods_supported`, methodsOf(endpoint, services)],
      [`${member}_auth_signing_alg_values_supported`, algorithmNames],
    ];
  });
  const given = services.issuers.all().map((entry) => entry.grants);
  const givesGrants = given.some((kinds) => redeemedTypes.some((type) => kinds[type] !== undefined));
  const givesIdJags = given.some((kinds) => kinds.id_jag !== undefined);
  // Only with the error codes of the RFC and of the profile.
  const followsProfile = services.tokenErrorCode === 'invalid_request';
  const profiles = [givesIdJags && ID_JAG_PROFILE, followsProfile && ACTOR_PROFILE].filter((one) => one !== false);
  const scopes = [...(people === undefined ? [] : SIGN_IN_SCOPES), ...targeting.scopes];
  return {
    issuer,
    ...Object.fromEntries(members),
    introspection_signing_alg_values_supported: [defaultAlgorithm],
    ...(branding.documentation !== undefined && { service_documentation: branding.documentation }),
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    response_types_supported: people === undefined ? [] : ['code'],
    dpop_signing_alg_values_supported: algorithmNames,
    ...(clientDocuments !== undefined && { client_id_metadata_document_supported: true }),
    ...(certificateBound && { tls_client_certificate_bound_access_tokens: true }),
    grant_types_supported: grants
      .filter(({ name }) => people !== undefined || !SIGN_IN_GRANTS.has(name))
      .filter(({ name }) => givesGrants || !REDEEMING_GRANTS.has(name))
      .map(({ grantType }) => grantType),
    // draft-ietf-oauth-identity-assertion-authz-grant section 7. No member says which issuers are trusted.
    ...(profiles.length > 0 && { authorization_grant_profiles_supported: profiles }),
    ...(followsProfile && describeActors(services)),
    ...describeGrants(targeting),
    ...(people !== undefined && describeSignIn([defaultAlgorithm, ...algorithmsOf(targeting)])),
  };
}

const ID_JAG_PROFILE = 'urn:ietf:params:oauth:grant-profile:id-jag';
const ACTOR_PROFILE = 'urn:ietf:params:oauth:grant-profile:actor-profile';

/** The members of the actor profile: the token types of exchanges, and the kinds of party that clients of the configuration are. */
function describeActors({ enabledTypes, clients, targeting }: HttpServices) {
  const types = [...enabledTypes].map(tokenTypeUri);
  const kinds = [...new Set([...clients.values()].flatMap(({ subProfile = [] }) => subProfile))];
  const requested = requestedTokenTypes.filter((type) => type !== 'id_jag' || targeting.elsewhere.servers.length > 0);
  return {
    actor_profile_token_exchange: {
      subject_token_types_supported: types,
      actor_token_types_supported: types,
      requested_token_types_supported: requested.map(tokenTypeUri),
    },
    ...(kinds.length > 0 && { entity_profiles_supported: { client: kinds, subject: kinds, actor: kinds } }),
  };
}

const methods: readonly ClientAuthMethod[] = clientAuthMethods;

/** draft-ietf-oauth-identity-chaining section 3. The servers themselves are not listed. */
function describeGrants({ elsewhere }: Targeting) {
  const kinds = new Set(elsewhere.servers.flatMap(({ server }) => [...server.grants]));
  const types = [kinds.has('id_jag') && 'id_jag', kinds.has('chaining_grant') && 'jwt'].filter(
    (type) => type !== false,
  );
  return types.length > 0 && { identity_chaining_requested_token_types_supported: types.map(tokenTypeUri) };
}

/** In our order of preference, which many clients follow. */
const methodsOf = ({ publicClients }: Endpoint, { readCertificate }: HttpServices): readonly string[] =>
  methods
    .filter(({ over }) => over !== 'tls' || readCertificate !== undefined)
    .map(({ name }) => name)
    .filter((name) => name !== 'none' || publicClients !== 'never');

/** The algorithms that sign the tokens of resources, without those that have a key set of their own. */
const algorithmsOf = ({ audiences, byAudience }: Targeting): readonly string[] =>
  audiences.flatMap((audience) => {
    const { alg, jwks } = byAudience(audience)?.token ?? {};
    return alg === undefined || jwks !== undefined ? [] : alg;
  });

/**
 * Some libraries accept only these algorithms for access tokens, too: the first signs ID tokens, the others sign for resources.
 *
 * RFC 9207 section 3, RFC 7636, OpenID Connect Discovery 1.0 section 3.
 */
const describeSignIn = (algorithms: readonly string[]) => ({
  response_modes_supported: ['query'],
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
  ui_locales_supported: languageNames,
  request_parameter_supported: false,
  request_uri_parameter_supported: false,
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: [...new Set(algorithms)],
  claims_supported: ['sub', 'auth_time', 'amr', ...identityClaimNames],
});
