// Lists the targets that a client may request with a token. Each is evaluated as a request of its own.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuditEvent } from '../audit/event.ts';
import { type ExchangeServices, presentTokens } from '../exchange/exchange.ts';
import { type Case, judge, type Moment } from '../exchange/judge.ts';
import type { RequestedTokenType, WantedToken } from '../exchange/request.ts';
import type { Decision } from '../issuing/authorization.ts';
import { countingLeashes, type LeashCounter } from '../issuing/leash-counter.ts';
import { refuseSuspended, refuseSuspendedClient, type Suspensions } from '../issuing/suspensions.ts';
import { type AuthorizationServer, type ServerGrant, scopeThere } from '../model/authorization-server.ts';
import type { ClientDirectory } from '../model/client.ts';
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
  /** The value of `requested_token_type`. */
  readonly requestedType: RequestedTokenType;
  readonly scope: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly rule: string;
}

export interface TargetsContext extends ExchangeServices, Moment {
  readonly suspensions: Pick<Suspensions, 'find'>;
  readonly leashCounter: Pick<LeashCounter, 'refuseEarly'>;
  /** Has a single-use id been used up? */
  readonly isUsed: (id: string) => Promise<boolean>;
}

/** For operators: a required key counts as proven. @param event is filled @throws Refusal if the client or its tokens are refused for every target */
export async function explainTargets(
  parameters: Parameters,
  clientId: string,
  event: AuditEvent,
  services: Omit<TargetsContext, 'confirmation' | 'proof'> & { readonly clients: ClientDirectory },
): Promise<readonly Omit<PossibleTarget, 'requestedType'>[]> {
  event.client = clientId;
  event.grant = 'token_exchange';
  await services.clients.find(clientId); // reads the document of a client that describes itself
  const client = findJudgedClient(clientId, services.clients, 'token_exchange');
  refuseSuspendedClient(client.id, services);
  const context = { ...services, confirmation: undefined, proof: 'assumed' } as const;
  const presented = await presentTokens(parameters, client, event, context);
  const found = await findTargets({ ...presented, client }, [presented.request.requestedType], context);
  return found.map(({ requestedType: _, ...target }) => target);
}

/**
 * @param presented the validated tokens of a client that may exchange
 * @param types the types to ask each target of ours for
 */
export async function findTargets(
  presented: Case,
  types: readonly RequestedTokenType[],
  context: TargetsContext,
): Promise<readonly PossibleTarget[]> {
  const possible: PossibleTarget[] = [];
  for (const { audience, server, ...asked } of everyTarget(types, context.targeting)) {
    const request = { ...presented.request, ...asked };
    const { result, trace } = judge({ ...presented, request }, context);
    // Each evaluation may take as long as a request: let others run in between.
    await nextTurn();
    if (result instanceof Refusal || !(await wouldIssue(result, context))) continue;
    const { scope, lifetime } = result;
    const there = result.grantFor && { server: server?.issuer, grant: result.grantFor.kind };
    const named = server === undefined ? scope : scopeThere(scope, server);
    const { requestedType } = asked;
    possible.push({ audience, ...there, requestedType, scope: formatScope(named), lifetime, rule: trace.rule ?? '' });
  }
  return possible;
}

/** Would the decision be issued now? Not for a suspended party, beyond a limit that is reached, or with a token that is used up. */
async function wouldIssue(decision: Decision, context: TargetsContext): Promise<boolean> {
  try {
    refuseSuspended(decision, context);
    context.leashCounter.refuseEarly(countingLeashes(decision.leashes));
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
  for (const { id } of decision.uses) if (await context.isUsed(id)) return false;
  return true;
}

type Asked = Pick<WantedToken, 'audiences' | 'resources' | 'requestedType'>;

/** A request for each target and type: for one of another server, for each kind of grant. */
function* everyTarget(
  types: readonly RequestedTokenType[],
  { audiences, elsewhere }: Targeting,
): Iterable<Asked & { readonly audience: string; readonly server?: AuthorizationServer }> {
  for (const audience of audiences)
    for (const requestedType of types) yield { audience, audiences: [audience], resources: [], requestedType };
  for (const { server, targets } of elsewhere.servers)
    for (const { audience } of targets)
      for (const kind of server.grants) {
        const resources = audience === server.issuer ? [] : [new URL(audience)];
        const type = kind === 'id_jag' ? 'id_jag' : 'jwt';
        yield { audience, server, audiences: [server.issuer], resources, requestedType: type };
      }
}
