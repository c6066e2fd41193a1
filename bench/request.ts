// The requests that every contender understands, and their clients.

/** The endpoint of a workload. */
export type EndpointName = 'token' | 'introspection' | 'metadata' | 'page' | 'admin';

export type Form = Readonly<Record<string, string>>;

export const CLIENT = { client_id: 'gateway', client_secret: 'gateway-secret-gateway-secret' };
/** The client that may read through the admin API. */
export const OPERATOR = { client_id: 'operator', client_secret: 'operator-secret-operator-secret' };
export const ADMIN_SCOPE = 'admin:read';
export const RESOURCE = 'https://api.example/v1';
export const SCOPE = 'read';

export const urn = (type: string): string => `urn:ietf:params:oauth:token-type:${type}`;
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** An exchange (RFC 8693), as a gateway requests it. */
export const exchange = (token: string, type = 'jwt'): Form => ({
  grant_type: EXCHANGE,
  ...CLIENT,
  subject_token: token,
  subject_token_type: urn(type),
  resource: RESOURCE,
  scope: SCOPE,
});

export const clientCredentials: Form = {
  grant_type: 'client_credentials',
  ...CLIENT,
  resource: RESOURCE,
  scope: SCOPE,
};
