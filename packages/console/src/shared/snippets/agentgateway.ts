// Writes an exchange as a configuration of agentgateway, which exchanges the token of each request before it goes to the API.
import {
  type AuthenticationMethod,
  type SnippetRequest,
  tokenEndpoint,
  tokenTypeUrn,
  usesCertificate,
} from './form.ts';
import { literal } from './literal.ts';

const FILE_OF_KEY = 'client-key.pem';

/** Without a secret, agentgateway sends the id alone. It has no method for the others. */
const METHODS: Readonly<Record<AuthenticationMethod, readonly string[] | undefined>> = {
  client_secret_basic: ['method: clientSecretBasic', 'clientSecret: $CLIENT_SECRET'],
  client_secret_post: ['method: clientSecretPost', 'clientSecret: $CLIENT_SECRET'],
  private_key_jwt: ['method: privateKeyJwt', 'signingKey:', `  file: ${FILE_OF_KEY}`, 'alg: ES256'],
  tls_client_auth: ['method: clientSecretPost'],
  self_signed_tls_client_auth: ['method: clientSecretPost'],
  none: ['method: clientSecretPost'],
  spiffe_jwt: undefined,
  workload: undefined,
};

export function agentgateway(request: SnippetRequest): string {
  const { auth, needsDpop, audience } = request;
  const isRefused = needsDpop || auth === 'spiffe_jwt';
  const warning = needsDpop
    ? '# This client must prove a key (DPoP), and agentgateway does not: it is refused.'
    : '# agentgateway cannot authenticate as this client does: it is refused.';
  return [
    ...(isRefused ? [warning] : []),
    'gateways:',
    '  default:',
    '    port: 3000',
    'routes:',
    '- name: exchanged',
    '  backends:',
    `  - host: ${literal(hostOf(audience[0] ?? '') ?? 'api.example.com:443')}`,
    '    policies:',
    '      backendAuth:',
    '        oauthTokenExchange:',
    ...exchangeOf(request).map((line) => `          ${line}`),
    '',
  ].join('\n');
}

function exchangeOf(request: SnippetRequest): readonly string[] {
  const { grant, subjectType, actorType, audience, resource, scope, requestedType } = request;
  const { pathname, protocol } = new URL(tokenEndpoint(request));
  const policies = usesCertificate(request)
    ? ['policies:', '  backendTLS:', '    cert: client.pem', `    key: ${FILE_OF_KEY}`]
    : protocol === 'https:'
      ? ['policies:', '  backendTLS: {}']
      : [];
  return [
    `host: ${literal(hostOf(request.issuer) ?? '')}`,
    `path: ${literal(pathname)}`,
    ...policies,
    ...(grant === 'jwt-bearer'
      ? ['grantType: jwtBearer']
      : ['subjectToken:', `  tokenType: ${literal(tokenTypeUrn(subjectType))}`]),
    ...(actorType === undefined
      ? []
      : [
          'actorToken:',
          `  tokenType: ${literal(tokenTypeUrn(actorType))}`,
          '  source:',
          '    header:',
          '      name: x-actor-token',
        ]),
    ...listOf('audiences', audience),
    ...listOf('resources', resource),
    ...listOf('scopes', scope.split(' ').filter(Boolean)),
    ...(requestedType === '' ? [] : [`requestedTokenType: ${literal(tokenTypeUrn(requestedType))}`]),
    ...clientAuthOf(request),
  ];
}

function clientAuthOf({ auth, client, issuer }: SnippetRequest): readonly string[] {
  const method = METHODS[auth];
  if (method === undefined) return [];
  const audience = auth === 'private_key_jwt' ? [`assertionAudience: ${literal(issuer)}`] : [];
  return ['clientAuth:', ...[`clientId: ${literal(client)}`, ...method, ...audience].map((line) => `  ${line}`)];
}

const listOf = (name: string, values: readonly string[]): readonly string[] =>
  values.length === 0 ? [] : [`${name}:`, ...values.map((value) => `- ${literal(value)}`)];

/** @returns the host and the port of a URL; undefined if it is not one */
function hostOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { hostname, port, protocol } = new URL(text);
  return hostname === '' ? undefined : `${hostname}:${port || (protocol === 'http:' ? '80' : '443')}`;
}
