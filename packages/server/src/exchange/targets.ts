// What may be asked for? Every registered resource, judged as if it were asked for alone.
import type { AuditEvent } from '../audit/event.ts';
import type { Client } from '../client-auth/client.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { Refusal } from '../primitives/refusal.ts';
import { formatScope } from '../primitives/scope.ts';
import { type ExchangeContext, presentTokens } from './exchange.ts';
import { judge } from './judge.ts';

export interface PossibleTarget {
  readonly audience: string;
  readonly scope: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly rule: string;
}

/** @throws Refusal where the tokens themselves are refused */
export async function findTargets(
  parameters: Parameters,
  client: Client,
  event: AuditEvent,
  context: ExchangeContext,
): Promise<readonly PossibleTarget[]> {
  const presented = await presentTokens(parameters, event, context);
  return context.targeting.audiences.flatMap((audience) => {
    const request = { ...presented.request, audiences: [audience], resources: [] };
    try {
      const { scope, lifetime } = judge({ ...presented, request, client }, event, context);
      return [{ audience, scope: formatScope(scope), expiresIn: lifetime, rule: event.rule ?? '' }];
    } catch (error) {
      if (error instanceof Refusal) return [];
      throw error;
    }
  });
}
