// The console as a client of this server. It exists while the configuration has the section `console`.
import type { Client } from './client.ts';
import { adminAudience } from './resource.ts';

/** Reserved: no other client may have it, with the section or without. */
export const CONSOLE_CLIENT = 'cambio-console';

/** The scopes of the admin API. */
export const ADMIN_SCOPES = ['admin:read', 'admin:write'] as const;

/** The path of the console, below the issuer. */
export const CONSOLE_PATH = '/console';

/** Refresh tokens end with the session, which is as long. */
const REFRESH_LIFETIME_SECONDS = 8 * 3600;

/** The client of the console. Every token is bound to a key of the browser, and the code goes to a page of this server alone. */
export function consoleClient(issuer: string): Client {
  const base = issuer.replace(/\/$/, '') + CONSOLE_PATH;
  return {
    id: CONSOLE_CLIENT,
    name: 'Cambio console',
    auth: ['none'],
    secrets: [],
    grants: new Set(['authorization_code', 'refresh_token']),
    audiences: [adminAudience(issuer)],
    scopes: new Set(ADMIN_SCOPES),
    resource: undefined,
    saml: undefined,
    dpopBoundAccessTokens: true,
    certificateBoundAccessTokens: false,
    redirectUris: [`${base}/callback`],
    ownPage: true,
    pkce: 'required',
    postLogoutRedirectUris: [`${base}/signed-out`],
    refreshLifetime: REFRESH_LIFETIME_SECONDS,
    disabled: false,
    limits: 'unbounded',
  };
}
