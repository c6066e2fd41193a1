// Who acts for whom? The rules of `act` and `may_act` (RFC 8693 sections 4.1 and 4.4), and nothing else computes a chain.
import { isDeepStrictEqual } from 'node:util';
import { type Chain, formatAct, type Principal, samePrincipal } from '../primitives/principal.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { TokenFacts } from '../subject-tokens/validated-token.ts';

/** Bytes of the `act` claim. */
const MAX_CHAIN_BYTES = 8192;

/** Somebody, by the one or two names that a token gives. */
type Named = Pick<TokenFacts, 'principal' | 'origin'>;

/**
 * `may_act` binds always: with an actor the actor must match every member of it, without one the client must.
 * @throws Refusal may_act, actor_is_subject
 */
export function checkDelegation(
  subject: Named & Pick<TokenFacts, 'mayAct'>,
  actor: (Named & Partial<Pick<TokenFacts, 'claims'>>) | undefined,
  client: Principal,
): void {
  if (actor !== undefined && names(actor).some((one) => names(subject).some((other) => samePrincipal(one, other)))) {
    throw new Refusal('actor_is_subject');
  }
  if (subject.mayAct === undefined) return;
  const candidates: JsonObject[] =
    actor?.claims === undefined
      ? [{ ...client, client_id: client.sub }]
      : names(actor).map((identity) => ({ ...actor.claims, ...identity }));
  const named = Object.entries(subject.mayAct);
  if (!candidates.some((claims) => named.every(([name, value]) => isDeepStrictEqual(claims[name], value)))) {
    throw new Refusal('may_act');
  }
}

/** A token of ours about somebody from elsewhere has two names for them: ours, and where they came from. */
const names = ({ principal, origin }: Named): readonly Principal[] =>
  origin === undefined ? [principal] : [principal, origin];

/**
 * The chain of the new token: who acts now before all who acted. An actor who acts already adds no hop, and without an
 * actor the chain is kept as it is, never dropped.
 * @throws Refusal chain_too_deep, chain_too_large; nothing is ever cut off
 */
export function extendChain(chain: Chain, actor: Principal | undefined, maxDepth: number): Chain {
  const current = chain[0];
  const extended =
    actor === undefined || (current !== undefined && samePrincipal(actor, current)) ? chain : [actor, ...chain];
  if (extended.length > maxDepth)
    throw new Refusal('chain_too_deep', { detail: `${extended.length} actors, ${maxDepth} allowed` });
  if (Buffer.byteLength(JSON.stringify(formatAct(extended) ?? null)) > MAX_CHAIN_BYTES)
    throw new Refusal('chain_too_large');
  return extended;
}
