// What may be asked for? Every registered resource, judged as if it were asked for alone.
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

/** @throws Refusal where the client or its tokens are refused, whatever the target */
export async function findTargets(
  parameters: Parameters,
  clientId: string,
  services: ExchangeServices & { readonly now: number },
): Promise<readonly PossibleTarget[]> {
  const client = admit(clientId, services.clients);
  const context = { ...services, confirmation: undefined, proof: 'assumed' } as const;
  const presented = await presentTokens(parameters, client, {}, context);
  return context.targeting.audiences.flatMap((audience) => {
    const request = { ...presented.request, audiences: [audience], resources: [] };
    const { result, trace } = judge({ ...presented, request, client }, context);
    if (result instanceof Refusal) return [];
    const { scope, lifetime } = result;
    return [{ audience, scope: formatScope(scope), lifetime, rule: trace.rule ?? '' }];
  });
}
