// Starts the product as an operator does: `cambio serve` with defaults, including metrics and audit.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './contender.ts';
import { AUDIENCE } from './issuers.ts';
import { ADMIN_SCOPE, CLIENT, OPERATOR, RESOURCE, SCOPE } from './request.ts';

const HERE = join(import.meta.dirname, '..');
/** As the launcher sets it. */
const SEMI_SPACE = '--max-semi-space-size=8';

export const paths = {
  token: '/oauth/token',
  introspection: '/oauth/introspect',
  metadata: '/.well-known/oauth-authorization-server',
  page: '/device',
  admin: '/admin/v1/clients',
};

/** @param store as in the configuration file @param checkout the repository whose server is started */
export function cambioCommand({ folder, ...place }: Place, store: string, checkout = HERE): readonly string[] {
  const file = join(folder, 'cambio.yaml');
  writeFileSync(join(folder, 'idp.pem'), place.issuers.saml.certificate);
  writeFileSync(file, configurationOf(place, store));
  return [
    SEMI_SPACE,
    join(checkout, 'packages/server/src/main.ts'),
    'serve',
    '--config',
    file,
    '--workers',
    String(place.workers),
  ];
}

const configurationOf = ({ port, issuers }: Omit<Place, 'folder'>, store: string): string => `
issuer: http://127.0.0.1:${port}
server: { port: ${port}, metrics: { port: 0 } }
store: ${store}
sealingKey: { plain: ${Buffer.alloc(32, 7).toString('base64')} }
resources:
  - { audience: ${new URL(RESOURCE).origin}, locations: ['${RESOURCE}'], scopes: [${SCOPE}, write] }
  - { audience: 'http://127.0.0.1:${port}/admin', scopes: [${ADMIN_SCOPE}, admin:write] }
clients:
  - id: ${CLIENT.client_id}
    auth: client_secret_post
    secret: { plain: ${CLIENT.client_secret} }
    grants: [client_credentials, token_exchange, refresh_token]
    audiences: ['${new URL(RESOURCE).origin}']
    scopes: [${SCOPE}, write]
  - id: ${OPERATOR.client_id}
    auth: client_secret_post
    secret: { plain: ${OPERATOR.client_secret} }
    grants: [client_credentials]
    audiences: ['http://127.0.0.1:${port}/admin']
    scopes: [${ADMIN_SCOPE}, admin:write]
  - { id: web, auth: none, grants: [device_code], audiences: ['${new URL(RESOURCE).origin}'], scopes: [openid] }
accounts:
  - { username: ada, password: { plain: a-long-password } }
issuers:
${[issuers.people, issuers.agents, issuers.elsewhere].map(jwtIssuer).join('')}
  - { saml: '${issuers.saml.entityId}', name: saml, accepts: [saml2], certificates: [idp.pem], audiences: ['${AUDIENCE}'] }
rules:
  - { client: gateway, subject: { issuer: self, types: [access_token] }, grant: ${GRANT} }
  - { client: gateway, subject: { issuer: '${issuers.people.issuer}' }, actor: { issuer: '${issuers.agents.issuer}' }, grant: ${GRANT} }
  - { client: gateway, subject: { issuer: ['${issuers.elsewhere.issuer}', '${issuers.saml.entityId}'] }, grant: ${GRANT} }
`;

const GRANT = `{ audiences: ['${new URL(RESOURCE).origin}'], scopes: [${SCOPE}, write], types: [access_token, refresh_token] }`;

const jwtIssuer = ({ issuer, jwk }: Place['issuers']['people']): string =>
  `  - { issuer: '${issuer}', accepts: [jwt], audiences: ['${AUDIENCE}'], jwks: { keys: [${JSON.stringify(jwk)}] } }\n`;
