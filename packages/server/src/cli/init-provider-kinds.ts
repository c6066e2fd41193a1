// The list of identity providers that cambio init knows, and how the tokens of each are to be accepted.
import type { JsonObject } from '../primitives/strict-json.ts';

export interface ProviderKind {
  readonly label: string;
  /** The name of the entry, which is the prefix of its subjects. */
  readonly name: string;
  readonly accepts: 'jwt' | 'id_token';
  /** Comments above its entry. `AUDIENCE` stands for the value that `aud` must have. */
  readonly notes: readonly string[];
  /** For an issuer whose tokens everybody can get: the claim that the rule compares, and a value to replace. */
  readonly only?: { readonly claim: string; readonly value: string; readonly note: string };
}

interface Known extends ProviderKind {
  readonly matches: (issuer: URL, metadata: JsonObject) => boolean;
}

const isAt = ({ hostname }: URL, ...domains: readonly string[]): boolean =>
  domains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`));
const endpointOf = ({ token_endpoint: endpoint }: JsonObject): string => String(endpoint ?? '');

const kinds: readonly Known[] = [
  {
    label: 'Google',
    name: 'google',
    accepts: 'id_token',
    matches: (issuer) => isAt(issuer, 'accounts.google.com'),
    notes: [
      'Its access tokens are opaque, so its ID tokens are accepted. `aud` is the client id of your application at Google.',
    ],
    only: {
      claim: 'hd',
      value: 'example.com',
      note: 'Everybody can have a Google account: write the domain of your organisation',
    },
  },
  {
    label: 'Microsoft Entra',
    name: 'entra',
    accepts: 'jwt',
    matches: (issuer) =>
      isAt(issuer, 'login.microsoftonline.com', 'login.microsoftonline.us', 'sts.windows.net', 'ciamlogin.com'),
    notes: [
      'Register an application that exposes an API. `aud` is its application id. Its manifest needs "requestedAccessTokenVersion": 2, or',
      '`iss` is another one.',
    ],
  },
  {
    label: 'Okta',
    name: 'okta',
    accepts: 'jwt',
    matches: (issuer) => isAt(issuer, 'okta.com', 'oktapreview.com', 'okta-emea.com', 'okta-gov.com'),
    notes: ['A custom authorization server, such as ISSUER/oauth2/default, has the audience AUDIENCE in its settings.'],
  },
  {
    label: 'Auth0',
    name: 'auth0',
    accepts: 'jwt',
    matches: (issuer, metadata) => isAt(issuer, 'auth0.com') || 'mfa_challenge_endpoint' in metadata,
    notes: ['Create an API with the identifier AUDIENCE. Applications request it as `audience`.'],
  },
  {
    label: 'Amazon Cognito',
    name: 'cognito',
    accepts: 'id_token',
    matches: ({ hostname }) => /^cognito-idp\.[a-z0-9-]+\.amazonaws\.com$/.test(hostname),
    notes: ['Its access tokens have no `aud`, so its ID tokens are accepted. `aud` is the id of your app client.'],
  },
  {
    label: 'GitHub Actions',
    name: 'github',
    accepts: 'jwt',
    matches: (issuer) => isAt(issuer, 'token.actions.githubusercontent.com'),
    notes: ['A workflow with `permissions: { id-token: write }` requests its token with the audience AUDIENCE.'],
    only: {
      claim: 'repository',
      value: 'OWNER/REPOSITORY',
      note: 'Every user of GitHub can get such a token: write your repository',
    },
  },
  {
    label: 'GitLab',
    name: 'gitlab',
    accepts: 'jwt',
    matches: (issuer, metadata) =>
      isAt(issuer, 'gitlab.com') ||
      (Array.isArray(metadata.scopes_supported) && metadata.scopes_supported.includes('read_api')),
    notes: ['A job with `id_tokens: { TOKEN: { aud: AUDIENCE } }` has its token in the variable TOKEN.'],
    only: {
      claim: 'project_path',
      value: 'GROUP/PROJECT',
      note: 'Every user of GitLab can get such a token: write your project',
    },
  },
  {
    label: 'Keycloak',
    name: 'keycloak',
    accepts: 'jwt',
    matches: ({ pathname }, metadata) =>
      /\/realms\/[^/]+\/?$/.test(pathname) && /\/protocol\/openid-connect\/token$/.test(endpointOf(metadata)),
    notes: ['An audience mapper in a client scope adds AUDIENCE to the `aud` of its access tokens.'],
  },
  {
    label: 'ZITADEL',
    name: 'zitadel',
    accepts: 'jwt',
    matches: (issuer, metadata) =>
      isAt(issuer, 'zitadel.cloud') || /^\/oauth\/v2\/token$/.test(pathOf(endpointOf(metadata))),
    notes: ['The application needs access tokens of the type JWT. `aud` has the id of its project.'],
  },
  {
    label: 'authentik',
    name: 'authentik',
    accepts: 'jwt',
    matches: (_issuer, metadata) => /^\/application\/o\/token\/$/.test(pathOf(endpointOf(metadata))),
    notes: ['`aud` of its access tokens is the client id of the provider in authentik.'],
  },
  {
    label: 'AD FS',
    name: 'adfs',
    accepts: 'jwt',
    matches: ({ pathname }) => /^\/adfs\/?$/.test(pathname),
    notes: ['`aud` of its access tokens is the identifier of the Web API in AD FS.'],
  },
  {
    label: 'Kubernetes',
    name: 'kubernetes',
    accepts: 'jwt',
    matches: (_issuer, { jwks_uri: keys }) => /^\/openid\/v1\/jwks$/.test(pathOf(String(keys ?? ''))),
    notes: ['A projected volume `serviceAccountToken` with `audience: AUDIENCE` has the token of a service account.'],
  },
];

const GENERIC: ProviderKind = {
  label: 'an OpenID provider or OAuth server',
  name: 'idp',
  accepts: 'jwt',
  notes: [
    '`aud` of its access tokens must be AUDIENCE. For ID tokens write accepts: [id_token], and `aud` is the client id there.',
  ],
};

const pathOf = (url: string): string => (URL.canParse(url) ? new URL(url).pathname : '');

export const providerKindOf = (issuer: string, metadata: JsonObject): ProviderKind =>
  kinds.find(({ matches }) => matches(new URL(issuer), metadata)) ?? GENERIC;
