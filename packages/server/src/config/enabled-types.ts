// Which types of tokens may be presented?
import type { Configuration } from './configuration.ts';

/** Token types that need no issuer in the file. */
const ALWAYS_ENABLED = ['access_token', 'refresh_token', 'jwt'];

/** @param signIn `none`: nobody signs in, so there are no ID tokens of this server */
export const enabledTypes = (
  { issuers, saml }: Pick<Configuration, 'issuers' | 'saml'>,
  signIn: 'none' | 'some',
): ReadonlySet<string> =>
  new Set([
    ...ALWAYS_ENABLED,
    ...(signIn === 'none' ? [] : ['id_token']),
    ...[...issuers, ...saml].flatMap(({ accepts }) => [...accepts]),
  ]);
