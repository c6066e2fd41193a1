// Describes our clients to oidc-provider in its own terms.
import type { Adapter, ClientMetadata } from 'oidc-provider';
import type { Client } from '../model/client.ts';

/** Returns configured and registered clients as public ones: we have authenticated them already. */
export const clientAdapter = (find: (id: string) => Promise<Client | undefined>): Adapter => {
  const never = async (): Promise<undefined> => undefined;
  return {
    upsert: never,
    findByUid: never,
    findByUserCode: never,
    consume: never,
    destroy: never,
    revokeByGrantId: never,
    find: async (id: string): Promise<ClientMetadata | undefined> => {
      const client = await find(id);
      return client === undefined || client.disabled ? undefined : describeClient(client);
    },
  };
};

const describeClient = ({ id, grants, redirectUris, postLogoutRedirectUris }: Client): ClientMetadata => ({
  client_id: id,
  token_endpoint_auth_method: 'none',
  application_type: redirectUris.every((uri) => /^https?:/.test(uri)) ? 'web' : 'native',
  redirect_uris: [...redirectUris],
  post_logout_redirect_uris: [...postLogoutRedirectUris],
  response_types: grants.has('authorization_code') ? ['code'] : [],
  grant_types: [
    ...(grants.has('authorization_code') ? ['authorization_code'] : []),
    ...(grants.has('device_code') ? ['urn:ietf:params:oauth:grant-type:device_code'] : []),
    ...(grants.has('refresh_token') ? ['refresh_token'] : []),
  ],
});
