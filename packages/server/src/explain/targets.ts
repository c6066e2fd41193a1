// Lists the resources that a client may request with a token. Each is evaluated as a request of its own.
import { setImmediate } from 'node:timers/promises';
import type { AuditEvent } from '../audit/event.ts';
import { type ExchangeServices, presentTokens } from '../exchange/exchange.ts';
import { judge } from '../exchange/judge.ts';
import { refuseSuspendedClient, type Suspensions } from '../issuing/suspensions.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { Refusal } from '../primitives/refusal.ts';
import { formatScope } from '../primitives/scope.ts';
import { findExchangeClient } from './simulate.ts';

export interface PossibleTarget {
  readonly audience: string;
  readonly scope: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly rule: string;
}

/** @param event is filled @throws Refusal if the client or its tokens are refused for every target */
export async function findTargets(
  parameters: Parameters,
  clientId: string,
  event: AuditEvent,
  services: ExchangeServices & { readonly now: number; readonly suspensions: Pick<Suspensions, 'find'> },
): Promise<readonly PossibleTarget[]> {
  event.client = clientId;
  event.grant = 'token_exchange';
  const client = findExchangeClient(clientId, services.clients);
  refuseSuspendedClient(client.id, services);
  const context = { ...services, confirmation: undefined, proof: 'assumed' } as const;
  const presented = await presentTokens(parameters, client, event, context);
  const possible: PossibleTarget[] = [];
  for (const audience of context.targeting.audiences) {
    const request = { ...presented.request, audiences: [audience], resources: [] };
    const { result, trace } = judge({ ...presented, request, client }, context);
    // Each evaluation may take as long as a request: let others run in between.
    await setImmediate();
    if (result instanceof Refusal) continue;
    const { scope, lifetime } = result;
    possible.push({ audience, scope: formatScope(scope), lifetime, rule: trace.rule ?? '' });
  }
  return possible;
}
