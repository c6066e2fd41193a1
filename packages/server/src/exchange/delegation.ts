// Implements delegation: `act` and `may_act` (RFC 8693 sections 4.1 and 4.4). No other file computes a chain of actors.
import { isDeepStrictEqual } from 'node:util';
import type { Client } from '../model/client.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import {
  type Chain,
  formatAct,
  type Principal,
  samePrincipal,
  vouchFor,
  withProfile,
} from '../primitives/principal.ts';
import { redactValue } from '../primitives/redact.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { formatProfile } from '../primitives/sub-profile.ts';

/** Maximum size of the `act` claim. */
const MAX_CHAIN_BYTES = 8192;

/** A party, by the one or two names in its token. */
type Named = Pick<TokenFacts, 'principal' | 'origin'> & { readonly claims?: JsonObject };

/** Also by its name in our tokens, because two issuers may vouch for the same people. */
type NamedHere = Named & Pick<TokenFacts, 'sub'>;

/** The party that is to act. */
export type Actor = NamedHere & Pick<TokenFacts, 'claims'>;

/** The calling client as an actor, without an actor token. Its claims are those of a token about it. */
export function clientAsActor(issuer: string, { id, subProfile }: Pick<Client, 'id' | 'subProfile'>): Actor {
  const principal = { iss: issuer, sub: id };
  return {
    principal,
    origin: undefined,
    sub: id,
    claims: { ...principal, client_id: id, ...formatProfile(subProfile) },
  };
}

/** A token of this server about a foreign subject has two names for it: the one here, and the one at its issuer (`sub_id`). */
const namesOf = ({ principal, origin }: Named): readonly Principal[] =>
  origin === undefined ? [principal] : [principal, origin];

const isNamed = (party: Named, name: Principal): boolean => namesOf(party).some((one) => samePrincipal(one, name));

/** A party cannot act for itself: nothing would be delegated. @throws Refusal actor_is_subject */
export function checkDistinct(subject: NamedHere, actor: NamedHere): void {
  if (subject.sub === actor.sub || namesOf(subject).some((name) => isNamed(actor, name)))
    throw new Refusal('actor_is_subject', { detail: `both are ${subject.sub}` });
}

/**
 * The actor must match every member of `may_act` (RFC 8693 section 4.4). The issuer of the actor's token vouches for its claims,
 * so they count only for the actor's name at that issuer. @throws Refusal may_act
 */
export function checkMayAct(mayAct: JsonObject | undefined, actor: Actor): void {
  if (mayAct === undefined) return;
  const members = Object.entries(mayAct);
  const matches = (name: Principal): boolean => {
    const others = samePrincipal(name, actor.principal) ? actor.claims : {};
    const claims: JsonObject = { ...others, iss: name.iss, sub: name.sub };
    return members.every(
      ([member, value]) => Object.hasOwn(claims, member) && isDeepStrictEqual(claims[member], value),
    );
  };
  if (!namesOf(actor).some(matches)) {
    const { iss, sub } = actor.principal;
    const named = `it names ${mayAct.sub ?? 'a party'} of ${mayAct.iss}`;
    const others = members.map(([member]) => member).filter((member) => member !== 'iss' && member !== 'sub');
    const more = others.length === 0 ? '' : ` (and ${others.map(redactValue).join(', ')})`;
    const detail = `${named}${more}; ${sub} of ${iss} would act`;
    throw new Refusal('may_act', { detail });
  }
}

/** Prepends the actor to the chain. Without an actor, or if it is the current one already, the chain is unchanged. */
export function prependActor(chain: Chain, actor: Named | undefined): Chain {
  const [current] = chain;
  if (actor === undefined || (current !== undefined && isNamed(actor, current))) return chain;
  const { principal, origin, claims = {} } = actor;
  // In a token of its own issuer, a party has one name. What it is, the issuer of its token says.
  const hop = vouchFor({ ...principal, ...(origin && !samePrincipal(origin, principal) && { origin }) });
  return [withProfile(hop, claims), ...chain];
}

/** The chain of the new token; it is never truncated. @throws Refusal chain_too_deep, chain_too_large */
export function extendChain(chain: Chain, actor: Named | undefined, maxDepth: number): Chain {
  const extended = prependActor(chain, actor);
  if (extended.length > maxDepth)
    throw new Refusal('chain_too_deep', { detail: `${extended.length} actors, ${maxDepth} allowed` });
  if (extended.length > 0 && Buffer.byteLength(JSON.stringify(formatAct(extended))) > MAX_CHAIN_BYTES)
    throw new Refusal('chain_too_large');
  return extended;
}
