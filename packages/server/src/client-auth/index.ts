// Lists the methods of client authentication, in the order of preference that the metadata shows.
import { clientSecretBasic } from './client-secret-basic.ts';
import { clientSecretPost } from './client-secret-post.ts';
import type { ClientAuthMethod } from './method.ts';
import { none } from './none.ts';
import { privateKeyJwt } from './private-key-jwt.ts';
import { selfSignedTlsClientAuth } from './self-signed-tls-client-auth.ts';
import { spiffeJwt } from './spiffe-jwt.ts';
import { tlsClientAuth } from './tls-client-auth.ts';

export const clientAuthMethods = [
  clientSecretBasic,
  clientSecretPost,
  privateKeyJwt,
  tlsClientAuth,
  selfSignedTlsClientAuth,
  spiffeJwt,
  none,
] as const satisfies readonly ClientAuthMethod[];

/** The form parameters of client authentication, of all methods. */
export const clientParameters: readonly string[] = [
  'client_id',
  ...clientAuthMethods.flatMap((method): readonly string[] => method.parameters),
];
