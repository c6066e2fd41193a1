// The configuration of the servers under test: who takes part, and with which rights. The same facts are here once more for the
// judge, who does not ask the server.
import { randomUUID } from 'node:crypto';
import type { Form } from '../support/harness.ts';
import { EXCHANGE, type } from '../support/harness.ts';
import { lifeOf, newKey, signJws } from '../support/issuer.ts';
import { SEALING_KEY } from '../support/node.ts';

export const API = 'https://api.example';
export const VAULT = 'https://vault.example';
const IDP = 'https://idp.example';
const US = 'https://cambio.example';
export const LOGIN = 'https://login.example';
export const CALLBACK = 'https://app.example/callback';

/** The limits of every issued token, for the judge. */
export const limits = {
  audiences: [API, VAULT],
  clientScopes: ['read', 'write'],
  ruleScopes: ['read', 'write'],
  /** Seconds. */
  lifetime: 600,
} as const;

const idpKey = newKey();
export const gateway = { client_id: 'gateway', client_secret: 'gateway-secret' } as const;

/** Additional configuration for a fault. */
export interface Beside {
  /** YAML of the schedule of the keys. */
  readonly keys?: string;
  /** Each a line of YAML. */
  readonly clients?: readonly string[];
  readonly accounts?: readonly string[];
  readonly issuers?: readonly string[];
  readonly resources?: readonly string[];
  /** YAML of the section. */
  readonly registration?: string;
}

const lines = (list: readonly string[]): string => list.map((line) => `\n  - ${line}`).join('');

/** @param store as in the file */
export const configuration = (
  store: string,
  {
    keys = '{ rotateEvery: 30d }',
    clients = [],
    accounts = [],
    issuers = [],
    resources = [],
    registration,
  }: Beside = {},
): string => `
issuer: ${LOGIN}
server:
  port: \${PORT}
store: ${store}
sealingKey: { plain: ${SEALING_KEY} }
keys: ${keys}
resources:
  - { audience: ${API}, scopes: [read, write, admin], token: { lifetime: 10m } }
  - { audience: ${VAULT}, scopes: [read], token: { format: opaque, lifetime: 10m } }${lines(resources)}
${registration === undefined ? '' : `registration: ${registration}\n`}clients:
  - { id: gateway, auth: client_secret_post, secret: { plain: gateway-secret }, grants: [client_credentials, token_exchange, refresh_token, authorization_code], redirectUris: [${CALLBACK}], audiences: [${API}, ${VAULT}], scopes: [read, write] }
  - { id: stranger, auth: client_secret_post, secret: { plain: stranger-secret }, grants: [client_credentials], audiences: [${API}], scopes: [read] }${lines(clients)}
accounts:${lines(accounts) || ' []'}
issuers:
  - { issuer: ${IDP}, name: idp, accepts: [jwt], audiences: [${US}], reuse: never, jwks: { keys: [${JSON.stringify(idpKey.jwk)}] } }${lines(issuers)}
rules:
  - { name: own, client: gateway, subject: { issuer: self, clients: [gateway] }, grant: { audiences: [${API}, ${VAULT}], scopes: [read, write], types: [access_token, jwt, refresh_token], lifetime: 10m, refreshToken: true } }
  - { name: foreign, client: gateway, subject: { issuer: [idp${issuers.length > 0 ? ', saml' : ''}] }, grant: { audiences: [${API}], scopes: [read], types: [access_token], lifetime: 10m } }
`;

export const ownForm = (): Form => ({ grant_type: 'client_credentials', ...gateway, audience: API });

export const exchangeForm = (subjectToken: string, more: Form = {}): Form => ({
  grant_type: EXCHANGE,
  ...gateway,
  subject_token: subjectToken,
  subject_token_type: type('access_token'),
  ...more,
});

export const refreshForm = (token: string): Form => ({ grant_type: 'refresh_token', ...gateway, refresh_token: token });

export const tokenForm = (token: string): Form => ({ ...gateway, token });

/** A foreign token for single use. */
export const singleUseForm = (now = Date.now()): Form => {
  const claims = { iss: IDP, ...lifeOf(now), aud: US, jti: randomUUID() };
  const header = { alg: idpKey.alg, typ: 'JWT', kid: idpKey.kid };
  return {
    ...exchangeForm(signJws(header, JSON.stringify(claims), idpKey)),
    subject_token_type: type('jwt'),
  };
};

/** Requests whose answers do not depend on earlier requests: they must be equal before and after a fault. */
export const probes = (): readonly Form[] => [
  ownForm(),
  { ...ownForm(), scope: 'admin' },
  { ...ownForm(), audience: 'https://nowhere.example' },
  { ...ownForm(), grant_type: 'password' },
  exchangeForm('nonsense'),
  refreshForm('nonsense'),
  { grant_type: 'client_credentials', client_id: 'stranger', client_secret: 'wrong' },
];
