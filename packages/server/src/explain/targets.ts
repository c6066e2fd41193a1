// What may be asked for? Every registered resource, judged as if it were asked for alone.
import { setImmediate } from 'node:timers/promises';
import type { AuditEvent } from '../audit/event.ts';
import { type ExchangeServices, presentTokens } from '../exchange/exchange.ts';
import { judge } from '../exchange/judge.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { Refusal } from '../primitives/refusal.ts';
import { formatScope } from '../primitives/scope.ts';
import { admit } from './simulate.ts';

export interface PossibleTarget {
  readonly audience: string;
  readonly scope: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly rule: string;
}

/** @param event is filled with what becomes known @throws Refusal where the client or its tokens are refused, whatever the target */
export async function findTargets(
  parameters: Parameters,
  clientId: string,
  event: AuditEvent,
  services: ExchangeServices & { readonly now: number },
): Promise<readonly PossibleTarget[]> {
  event.client = clientId;
  event.grant = 'token_exchange';
  const client = admit(clientId, services.clients);
  const context = { ...services, confirmation: undefined, proof: 'assumed' } as const;
  const presented = await presentTokens(parameters, client, event, context);
  const possible: PossibleTarget[] = [];
  for (const audience of context.targeting.audiences) {
    const request = { ...presented.request, audiences: [audience], resources: [] };
    const { result, trace } = judge({ ...presented, request, client }, context);
    // Each takes as long as a request may. Others have their turn in between.
    await setImmediate();
    if (result instanceof Refusal) continue;
    const { scope, lifetime } = result;
    possible.push({ audience, scope: formatScope(scope), lifetime, rule: trace.rule ?? '' });
  }
  return possible;
}
