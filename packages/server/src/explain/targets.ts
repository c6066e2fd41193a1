// Lists the resources that a client may request with a token. Each is evaluated as a request of its own.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuditEvent } from '../audit/event.ts';
import { type ExchangeServices, presentTokens } from '../exchange/exchange.ts';
import { judge } from '../exchange/judge.ts';
import type { WantedToken } from '../exchange/request.ts';
import { refuseSuspendedClient, type Suspensions } from '../issuing/suspensions.ts';
import { type AuthorizationServer, type ServerGrant, scopeThere } from '../model/authorization-server.ts';
import type { Targeting } from '../narrowing/targets.ts';
import type { Parameters } from '../primitives/parameters.ts';
import { Refusal } from '../primitives/refusal.ts';
import { formatScope } from '../primitives/scope.ts';
import { findJudgedClient } from './simulate.ts';

export interface PossibleTarget {
  readonly audience: string;
  /** The other authorization server that the target belongs to, and the grant for it. */
  readonly server?: string;
  readonly grant?: ServerGrant;
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
  const client = findJudgedClient(clientId, services.clients, 'token_exchange');
  refuseSuspendedClient(client.id, services);
  const context = { ...services, confirmation: undefined, proof: 'assumed' } as const;
  const presented = await presentTokens(parameters, client, event, context);
  const possible: PossibleTarget[] = [];
  for (const { audience, server, ...asked } of everyTarget(presented.request, context.targeting)) {
    const request = { ...presented.request, ...asked };
    const { result, trace } = judge({ ...presented, request, client }, context);
    // Each evaluation may take as long as a request: let others run in between.
    await nextTurn();
    if (result instanceof Refusal) continue;
    const { scope, lifetime } = result;
    const there = result.grantFor && { server: server?.issuer, grant: result.grantFor.kind };
    const named = server === undefined ? scope : scopeThere(scope, server);
    possible.push({ audience, ...there, scope: formatScope(named), lifetime, rule: trace.rule ?? '' });
  }
  return possible;
}

type Asked = Pick<WantedToken, 'audiences' | 'resources' | 'requestedType'>;

/** A request for each target: for one of another server, also for each kind of grant. */
function* everyTarget(
  { requestedType }: WantedToken,
  { audiences, elsewhere }: Targeting,
): Iterable<Asked & { readonly audience: string; readonly server?: AuthorizationServer }> {
  for (const audience of audiences) yield { audience, audiences: [audience], resources: [], requestedType };
  for (const { server, targets } of elsewhere.servers)
    for (const { audience } of targets)
      for (const kind of server.grants) {
        const resources = audience === server.issuer ? [] : [new URL(audience)];
        const type = kind === 'id_jag' ? 'id_jag' : 'jwt';
        yield { audience, server, audiences: [server.issuer], resources, requestedType: type };
      }
}
