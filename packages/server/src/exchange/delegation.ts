// Who acts for whom? The rules of `act` and `may_act` (RFC 8693 sections 4.1 and 4.4), and nothing else computes a chain.
import { isDeepStrictEqual } from 'node:util';
import type { TokenFacts } from '../model/token-facts.ts';
import { type Chain, formatAct, type Principal, samePrincipal, vouchFor } from '../primitives/principal.ts';
import { redactValue } from '../primitives/redact.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

/** Bytes of the `act` claim. */
const MAX_CHAIN_BYTES = 8192;

/** Somebody, by the one or two names that a token gives. */
type Named = Pick<TokenFacts, 'principal' | 'origin'>;

/** And by the name that they have in our tokens, where two issuers may speak of the same people. */
type Known = Named & Pick<TokenFacts, 'sub'>;

/** Who is to act. */
export type Actor = Known & Pick<TokenFacts, 'claims'>;

/** The calling client, which needs no token to say who it is. */
export function clientAsActor(issuer: string, id: string): Actor {
  const principal = { iss: issuer, sub: id };
  return { principal, origin: undefined, sub: id, claims: { ...principal, client_id: id } };
}

/** A token of ours about somebody from elsewhere has two names for them: ours, and where they came from (`sub_id`). */
const namesOf = ({ principal, origin }: Named): readonly Principal[] =>
  origin === undefined ? [principal] : [principal, origin];

const isNamed = (somebody: Named, name: Principal): boolean =>
  namesOf(somebody).some((one) => samePrincipal(one, name));

/** Nobody acts for oneself: nothing would be delegated. @throws Refusal actor_is_subject */
export function checkDistinct(subject: Known, actor: Known): void {
  if (subject.sub === actor.sub || namesOf(subject).some((name) => isNamed(actor, name)))
    throw new Refusal('actor_is_subject', { detail: `both are ${subject.sub}` });
}

/**
 * `may_act` binds whoever acts, by every member that it names (RFC 8693 section 4.4). The claims of the actor's token are said by
 * the issuer of that token: they say nothing of the name that the actor has elsewhere. @throws Refusal may_act
 */
export function checkMayAct(mayAct: JsonObject | undefined, actor: Actor): void {
  if (mayAct === undefined) return;
  const members = Object.entries(mayAct);
  const isMeant = (name: Principal): boolean => {
    const others = samePrincipal(name, actor.principal) ? actor.claims : {};
    const claims: JsonObject = { ...others, iss: name.iss, sub: name.sub };
    return members.every(
      ([member, value]) => Object.hasOwn(claims, member) && isDeepStrictEqual(claims[member], value),
    );
  };
  if (!namesOf(actor).some(isMeant)) {
    const { iss, sub } = actor.principal;
    const named = `it names ${mayAct.sub ?? 'somebody'} of ${mayAct.iss}`;
    const others = members.map(([member]) => member).filter((member) => member !== 'iss' && member !== 'sub');
    const more = others.length === 0 ? '' : ` (and ${others.map(redactValue).join(', ')})`;
    const detail = `${named}${more}; ${sub} of ${iss} would act`;
    throw new Refusal('may_act', { detail });
  }
}

/** Who acts now, before all who acted. Who acts already adds no hop, and without an actor the chain stays as it is. */
export function prependActor(chain: Chain, actor: Named | undefined): Chain {
  const [current] = chain;
  if (actor === undefined || (current !== undefined && isNamed(actor, current))) return chain;
  const { principal, origin } = actor;
  // A token of its own issuer has one name for it.
  return [vouchFor({ ...principal, ...(origin && !samePrincipal(origin, principal) && { origin }) }), ...chain];
}

/** The chain of the new token. @throws Refusal chain_too_deep, chain_too_large; nothing is ever cut off */
export function extendChain(chain: Chain, actor: Named | undefined, maxDepth: number): Chain {
  const extended = prependActor(chain, actor);
  if (extended.length > maxDepth)
    throw new Refusal('chain_too_deep', { detail: `${extended.length} actors, ${maxDepth} allowed` });
  if (extended.length > 0 && Buffer.byteLength(JSON.stringify(formatAct(extended))) > MAX_CHAIN_BYTES)
    throw new Refusal('chain_too_large');
  return extended;
}
