// Reads a question about a token, for introspection and revocation: a form, a client, a token.
import { type AuthenticatedClient, authenticateClient } from '../client-auth/authenticate.ts';
import { clientParameters } from '../client-auth/index.ts';
import { seconds } from '../primitives/clock.ts';
import { refuseRepeated } from '../primitives/parameters.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { OwnTokenContext } from '../subject-tokens/own-token.ts';
import { readAuthenticationRequest } from './authentication-request.ts';
import type { Exchange } from './endpoint.ts';

export interface TokenQuestion extends AuthenticatedClient {
  readonly token: string;
  readonly context: OwnTokenContext;
}

const known = new Set(['token', 'token_type_hint', ...clientParameters]);

/** Ignores `token_type_hint`: the token shows its type. @throws Refusal */
export async function readTokenQuestion({
  request,
  services,
}: Pick<Exchange, 'request' | 'services'>): Promise<TokenQuestion> {
  const asked = readAuthenticationRequest(request, services);
  const { parameters } = asked;
  refuseRepeated(parameters, known);
  const { client, method } = await authenticateClient(asked, services);
  const token = parameters.get('token');
  if (token === undefined) throw new Refusal('parameter_missing', { parameter: 'token' });
  return { client, method, token, context: { ...services, now: seconds(services.clock) } };
}
