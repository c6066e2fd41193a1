// Would another configuration refuse recorded refusals too? Requests that got a token do not depend on rights that they did not use;
// a refusal may: without a rule, a later one may match.
import { type AuditEvent, isErased } from '../audit/event.ts';
import { isJudged } from '../exchange/redeem.ts';
import { type ReplayVerdict, replay } from './replay.ts';

type Context = Parameters<typeof replay>[1];

/** Maximum number of different requests that are compared. */
const MAX_REQUESTS = 20_000;

export interface RefusedRequests {
  readonly add: (event: AuditEvent) => void;
  /** Clients with refusals that cannot be decided again, or that are too many. */
  readonly uncertainClients: ReadonlySet<string>;
  readonly areSame: (before: Context, after: Context) => boolean;
}

export function collectRefused({ rules, denials }: Context['policy']): RefusedRequests {
  const readsTime = [...rules, ...denials].some(({ subject, actor, when }) =>
    [subject.when, actor.when, when].some((condition) => condition !== 'always' && condition.reads.includes('now')),
  );
  const requests = new Map<string, AuditEvent>();
  const uncertainClients = new Set<string>();
  return {
    add: (event) => {
      const { outcome, client, mismatches, grant } = event;
      if (outcome !== 'refused' || client === undefined) return;
      // The personal part of a row has the token and the mismatches.
      if (mismatches === undefined && !isErased(event)) return;
      const key = keyOf(event, readsTime ? event.time : 0);
      if (isErased(event) || !isJudged(grant) || (requests.size >= MAX_REQUESTS && !requests.has(key)))
        uncertainClients.add(client);
      else requests.set(key, event);
    },
    uncertainClients,
    areSame: (before, after) =>
      requests.values().every((event) => outcomeOf(replay(event, before)) === outcomeOf(replay(event, after))),
  };
}

/** A refusal remains one, though another rule may come nearest, and with it the reason be another. */
const outcomeOf = (verdict: ReplayVerdict): string => {
  if (verdict === 'same') return 'refused';
  if (typeof verdict === 'string') return verdict;
  return verdict.isRefused ? 'refused' : verdict.after;
};

function keyOf({ client, subject, actor, facts, confirmation, ...event }: AuditEvent, time: number): string {
  const { requestedType, audiencesAsked, resourcesAsked, scopeAsked, reason } = event;
  const tokens = [subject, actor].map((token) => token && { ...token, id: '', expiresAt: 0 });
  const asked = [requestedType, audiencesAsked, resourcesAsked, scopeAsked];
  return JSON.stringify([client, tokens, facts, confirmation, asked, reason, time]);
}
