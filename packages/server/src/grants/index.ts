// Lists the grants of the token endpoint.
import type { Clients } from '../model/client.ts';
import { authorizationCode } from './authorization-code.ts';
import { clientCredentials } from './client-credentials.ts';
import { deviceCode } from './device-code.ts';
import type { Grant } from './grant.ts';
import { jwtBearer, jwtDpop } from './jwt-bearer.ts';
import { refreshTokenGrant } from './refresh-token.ts';
import { tokenExchange } from './token-exchange.ts';

export const grants = [
  clientCredentials,
  tokenExchange,
  refreshTokenGrant,
  authorizationCode,
  deviceCode,
  jwtBearer,
  jwtDpop,
] as const satisfies readonly Grant[];

/** The grants that begin with a person in a browser. */
export const SIGN_IN_GRANTS: ReadonlySet<string> = new Set([authorizationCode.name, deviceCode.name]);

/** Can people sign in to any of the clients? */
export const hasSignIn = ({
  clients,
  clientDocuments,
  registration,
}: {
  readonly clients: Clients;
  readonly clientDocuments: unknown;
  readonly registration: unknown;
}): boolean =>
  clientDocuments !== undefined ||
  registration !== undefined ||
  [...clients.values()].some((client) => [...client.grants].some((grant) => SIGN_IN_GRANTS.has(grant)));
