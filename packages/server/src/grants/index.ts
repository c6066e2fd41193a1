// What can be asked of the token endpoint? The list of grants.
import { clientCredentials } from './client-credentials.ts';
import type { Grant } from './grant.ts';
import { refreshToken } from './refresh-token.ts';
import { tokenExchange } from './token-exchange.ts';

export const grants = [clientCredentials, tokenExchange, refreshToken] as const satisfies readonly Grant[];
