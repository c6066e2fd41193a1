// Implements the token exchange grant, urn:ietf:params:oauth:grant-type:token-exchange (RFC 8693).
import { type ExchangeServices, exchange } from '../exchange/exchange.ts';
import { exchangeParameters } from '../exchange/request.ts';
import { tokenTypeUri } from '../primitives/token-type.ts';
import type { Grant, GrantRequest } from './grant.ts';

export const tokenExchange = {
  name: 'token_exchange',
  grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
  parameters: exchangeParameters,
  publicClients: 'publicExchange',
  standsForClient: 'subject_token',
  authorize: ({ parameters, client, event, now, confirmation }: GrantRequest, services: ExchangeServices) =>
    exchange(parameters, client, event, { ...services, now, confirmation }),
  // `token_type` does not show the key for every type, so `cnf` does (draft-mcguinness-oauth-token-exchange-cnf).
  answer: ({ type, confirmation }) => ({
    issued_token_type: tokenTypeUri(type),
    ...(confirmation && { cnf: confirmation }),
  }),
} as const satisfies Grant;
