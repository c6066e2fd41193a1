// Would another configuration decide recorded refusals in the same way? Requests that got a token do not depend on rights that they
// did not use; a refusal may: its reason depends on rules that did not match, and a rule that denies reads what would be granted.
import { type AuditEvent, isErased } from '../audit/event.ts';
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
      if (isErased(event) || grant !== 'token_exchange' || (requests.size >= MAX_REQUESTS && !requests.has(key)))
        uncertainClients.add(client);
      else requests.set(key, event);
    },
    uncertainClients,
    areSame: (before, after) =>
      requests.values().every((event) => textOf(replay(event, before)) === textOf(replay(event, after))),
  };
}

const textOf = (verdict: ReplayVerdict): string => (typeof verdict === 'string' ? verdict : `now ${verdict.after}`);

function keyOf({ client, subject, actor, facts, confirmation, ...event }: AuditEvent, time: number): string {
  const { requestedType, audiencesAsked, resourcesAsked, scopeAsked, reason } = event;
  const tokens = [subject, actor].map((token) => token && { ...token, id: '', expiresAt: 0 });
  const asked = [requestedType, audiencesAsked, resourcesAsked, scopeAsked];
  return JSON.stringify([client, tokens, facts, confirmation, asked, reason, time]);
}
