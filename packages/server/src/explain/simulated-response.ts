// Builds the answer that the token endpoint would give to a simulated exchange.
import { exchangeMembers } from '../exchange/answer.ts';
import type { Decision } from '../issuing/authorization.ts';
import { describeIssued } from '../issuing/issued-members.ts';
import { publicAnswer, type Refusal, type TokenErrorCode } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { JudgedGrant } from './simulate.ts';

export interface SimulatedResponse {
  readonly status: number;
  readonly body: JsonObject;
}

/** Stands for a token: none is issued. */
const TOKEN = '(new)';

export function simulateIssued(decision: Decision, grant: JudgedGrant): SimulatedResponse {
  const { type, refresh, lifetime } = decision;
  const { tokenType, scope } = describeIssued(decision);
  const family = refresh?.kind === 'new' ? refresh.lifetime : lifetime;
  return {
    status: 200,
    body: {
      access_token: TOKEN,
      ...(grant === 'token_exchange' && exchangeMembers(decision)),
      token_type: tokenType,
      expires_in: type === 'refresh_token' ? family : lifetime,
      ...(scope !== '' && { scope }),
      ...(type !== 'refresh_token' && refresh !== undefined && { refresh_token: TOKEN }),
    },
  };
}

export function simulateRefused(refusal: Refusal, tokenErrorCode: TokenErrorCode, grant?: string): SimulatedResponse {
  const { status, error, description } = publicAnswer(refusal, tokenErrorCode, grant);
  return { status, body: { error, error_description: description, ...refusal.members } };
}
