// Configuration and requests of grants for other authorization servers.
import type { TestContext } from 'node:test';
import { API, assertIssued } from './basics.ts';
import { type Configuration, changed, edited } from './configuration.ts';
import { type Answer, EXCHANGE, type Form, start, type TestServer, type } from './harness.ts';
import { authorizeAs, configuration, redeem, web } from './people.ts';

export const VENDOR = 'https://login.vendor.example';
export const CRM = 'https://api.vendor.example/crm';
export const FILES = 'https://api.vendor.example/files';
export const PLAIN = 'https://login.plain.example';

const vendor: Configuration = {
  issuer: VENDOR,
  aliases: ['vendor'],
  grants: ['id_jag', 'chaining_grant'],
  clients: { web: 'web-at-vendor' },
  resources: {
    [CRM]: { scopes: { 'crm.read': 'read', 'crm.write': 'write' } },
    [FILES]: { scopes: { 'files.read': 'read' } },
  },
  claims: ['email'],
};

/** `web` may have ID-JAGs for the vendor with the ID tokens and refresh tokens of people, and chaining grants for access tokens. */
export const across = (members: Configuration = {}): Configuration =>
  changed(configuration, {
    clients: edited('web', {
      scopes: ['openid', 'email', 'offline_access', 'read', 'crm.read', 'files.read'],
    }),
    accounts: edited('ada', { claims: { email_verified: true } }),
    authorizationServers: [
      changed(vendor, members),
      { issuer: PLAIN, grants: ['chaining_grant'], scopes: ['read'], claims: ['acr', 'email'] },
    ],
    rules: [
      {
        name: 'people at the vendor',
        client: 'web',
        subject: { issuer: 'self', types: ['id_token', 'refresh_token'] },
        grant: { audiences: [VENDOR], scopes: { openid: ['crm.read', 'files.read'] }, types: ['id_jag'] },
      },
      {
        name: 'chaining',
        client: ['web', 'agent'],
        subject: { issuer: 'self', clients: ['web'], types: ['access_token'] },
        act: 'client',
        grant: { audiences: [PLAIN, CRM], scopes: ['read', 'crm.read'], types: ['jwt', 'id_jag'] },
      },
      {
        name: 'our own',
        client: ['web', 'agent'],
        subject: { issuer: 'self', clients: ['web'], types: ['access_token'] },
        grant: { audiences: [API], scopes: ['read'], types: ['access_token', 'jwt'] },
      },
    ],
  });

export const present = (
  server: TestServer,
  token: unknown,
  kind: string,
  form: Form = {},
  headers = {},
): Promise<Answer> =>
  server.token(
    { grant_type: EXCHANGE, ...web, subject_token: String(token), subject_token_type: type(kind), ...form },
    headers,
  );

export const jag = { requested_token_type: type('id-jag'), audience: VENDOR, resource: CRM };

export async function signIn(server: TestServer, asked: Form = {}): Promise<Answer> {
  const answer = await redeem(server, await authorizeAs(server, asked));
  assertIssued(server, answer);
  return answer;
}

/** @param members of the vendor's entry */
export async function signedIn(t: TestContext, members: Configuration = {}, asked: Form = {}) {
  const server = await start(t, across(members));
  const { body } = await signIn(server, { scope: 'openid email read offline_access', prompt: 'consent', ...asked });
  return { server, ...(body as { id_token: string; refresh_token: string; access_token: string }) };
}
