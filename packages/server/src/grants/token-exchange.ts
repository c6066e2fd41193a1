// Implements the token exchange grant, urn:ietf:params:oauth:grant-type:token-exchange (RFC 8693).
import { exchangeMembers } from '../exchange/answer.ts';
import { type ExchangeServices, exchange } from '../exchange/exchange.ts';
import { exchangeParameters } from '../exchange/request.ts';
import type { Grant, GrantRequest } from './grant.ts';

export const tokenExchange = {
  name: 'token_exchange',
  grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
  parameters: exchangeParameters,
  publicClients: 'publicExchange',
  standsForClient: 'subject_token',
  authorize: ({ parameters, client, event, now, confirmation }: GrantRequest, services: ExchangeServices) =>
    exchange(parameters, client, event, { ...services, now, confirmation }),
  answer: exchangeMembers,
} as const satisfies Grant;
