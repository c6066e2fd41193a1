// The verified facts that rules read, as plain data, and the part of them that is recorded so that a decision can be replayed.

import type { Budget, CompiledExpression } from '../expression/condition.ts';
import { ELSEWHERE, markElsewhere } from '../expression/elsewhere.ts';
import { type MemberPath, valueAt } from '../expression/reads.ts';
import type { Client } from '../model/client.ts';
import type { Party } from '../model/party.ts';
import type { Resource } from '../model/resource.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { limitsOf, NOT_AGREED, possibleScope } from '../narrowing/narrow.ts';
import type { Chain } from '../primitives/principal.ts';
import { redactValue } from '../primitives/redact.ts';
import type { Bound, Scope } from '../primitives/scope.ts';
import { type JsonObject, parseOwnJson } from '../primitives/strict-json.ts';
import type { Rule } from './rule.ts';

export interface Facts {
  readonly client: Pick<Client, 'id' | 'resource' | 'scopes'>;
  /** Includes the scope of the subject token. */
  readonly subject: Party & Pick<TokenFacts, 'scope' | 'agreedAudiences'>;
  readonly actor: Party | undefined;
  /** All actors of the new token, the current one first. */
  readonly chain: Chain;
  /** Who would act if the rule made the calling client the actor (`act: client`). */
  readonly clientActs: () => Acting;
  /** The requested targets: none, registered resources, or `unknown` if one of them is not registered. */
  readonly targets: readonly Resource[] | 'unknown';
  /** Requested. */
  readonly scope: Scope | undefined;
  /** The scope of the refresh family that is renewed. */
  readonly family: Bound<Scope>;
  readonly requestedType: string;
  /** Seconds since 1970. */
  readonly now: number;
}

export interface Acting {
  readonly actor: Party | undefined;
  readonly chain: Chain;
}

const party = {
  iss: 'string',
  sub: 'string',
  type: 'string',
  client_id: 'string',
  aud: ['string'],
  claims: 'map',
} as const;

/** The variables of conditions, with their types. Any other name is a fault of the configuration. */
export const conditionVariables = {
  subject: party,
  actor: party,
  client: { id: 'string' },
  targets: ['string'],
  scope: ['string'],
  request: { audiences: ['string'], resources: ['string'], scope: ['string'], requested_token_type: 'string' },
  chain: [{ iss: 'string', sub: 'string' }],
  now: 'int',
} as const;

/**
 * The facts that are the same for every rule, by variable name. Without an actor token, `actor` is an empty object.
 * @param by the name of the subject: the account of ours that it is, or the name at the issuer of its token
 */
export const sharedFacts = (
  { client, subject, actor, chain, now }: Facts,
  by: 'account' | 'issuer' = 'account',
): JsonObject => ({
  subject: partyFacts(by === 'issuer' ? { ...subject, account: undefined } : subject, 'subject'),
  actor: actorFacts(actor),
  client: { id: client.id },
  chain: chainFacts(chain),
  now,
});

const actorFacts = (actor: Party | undefined): JsonObject => (actor === undefined ? {} : partyFacts(actor, 'actor'));

const chainFacts = (chain: Chain): readonly JsonObject[] => chain.map(({ iss, sub }) => ({ iss, sub }));

/** Who would act in the token: as requested, or the calling client if the rule says `act: client`. */
export const actingBy = (act: Rule['act'], facts: Facts): Acting =>
  act === 'client' && facts.actor === undefined ? facts.clientActs() : facts;

/**
 * Adds, at the end of the chain, who acts in the actor token. The new token does not name them, but the actor may be in their hands.
 */
const withHidden = ({ actor, chain }: Acting): Acting =>
  actor === undefined || actor.chain.length === 0 ? { actor, chain } : { actor, chain: [...chain, ...actor.chain] };

const partyFacts = (
  { principal, account = principal, type, clientId, audiences, claims }: Party,
  whose: string,
): JsonObject => ({
  iss: account.iss,
  sub: account.sub,
  type,
  ...(clientId !== undefined && { client_id: clientId }),
  aud: audiences,
  claims: markElsewhere(claims, whose),
});

/**
 * The facts that the conditions of one rule read. `targets` and `scope` are what the rule would grant, in the order of the
 * file. Conditions never see the parameters as written, for a caller could omit them or spell them differently. `request`
 * holds the same values under older names.
 */
export class RuleFacts {
  readonly #offer: Offer;
  readonly #requestedType: string;
  readonly subject: unknown;
  readonly actor: unknown;
  readonly client: unknown;
  readonly chain: unknown;
  readonly now: unknown;
  /** Conditions read members by name. */
  readonly [name: string]: unknown;

  constructor(shared: JsonObject, { requestedType, actor, chain }: Facts, offer: Offer) {
    this.#offer = offer;
    this.#requestedType = requestedType;
    this.subject = shared.subject;
    this.actor = offer.acting.actor === actor ? shared.actor : actorFacts(offer.acting.actor);
    this.client = shared.client;
    this.chain = offer.acting.chain === chain ? shared.chain : chainFacts(offer.acting.chain);
    this.now = shared.now;
  }

  get targets(): readonly string[] {
    return this.#offer.targets().map(({ audience }) => audience);
  }

  get scope(): readonly string[] {
    return this.#offer.scope();
  }

  get request(): JsonObject {
    const { targets: audiences, scope } = this;
    const resources = this.#offer.targets().flatMap(({ locations }) => locations);
    return { audiences, resources, scope, requested_token_type: this.#requestedType };
  }
}

/** The targets and the scope that conditions see. */
export interface Offer {
  readonly acting: Acting;
  readonly targets: () => readonly Resource[];
  readonly scope: () => readonly string[];
}

/** What the rule would grant: the requested targets, or its first target if none is requested. */
export function offerOf(rule: Rule, facts: Facts, budget: Budget): Offer {
  const { client, subject, family, scope, now } = facts;
  const { targets: granted, scopes } = rule.grant;
  const targets = (): readonly Resource[] => {
    const { targets: asked } = facts;
    if (asked === 'unknown') return [];
    if (asked.length === 0) return granted.slice(0, 1);
    budget.pay(granted.length + ((asked.length * granted.length) >> 2));
    const both = granted.filter((target) => asked.includes(target));
    return both.length === asked.length ? both : asked;
  };
  const { chain } = actingBy(rule.act, facts);
  return {
    // In a rule that allows, `actor` is the actor token, even if the client acts.
    acting: { actor: facts.actor, chain },
    targets,
    scope: () => {
      const offered = targets();
      budget.pay(((scope?.size ?? 0) + scopes.size * 2) * (3 + offered.length));
      const bounds = { ...subject, expiresAt: 'unbounded' } as const;
      const about = { actor: 'unbounded', client, rule, family: 'unbounded', delegation: 'unbounded' } as const;
      const possible = possibleScope(
        scope,
        limitsOf({ ...NOT_AGREED, ...about, renewed: family, subject: bounds, targets: offered, now }),
      );
      return [...scopes].filter((name) => possible.has(name));
    },
  };
}

/** What a rule that denies sees: what would be granted, or what is requested if no rule would grant anything. */
export function offerBeforeDenial(rule: Rule | undefined, facts: Facts, budget: Budget): Offer {
  if (rule !== undefined) return { ...offerOf(rule, facts, budget), acting: withHidden(actingBy(rule.act, facts)) };
  const { targets, scope } = facts;
  return {
    acting: withHidden(facts),
    targets: () => (targets === 'unknown' ? [] : targets),
    scope: () => [...(scope ?? [])],
  };
}

/** A claim that conditions read, as text (`subject.claims.tenant`) and as a path. */
export interface ClaimRead {
  readonly text: string;
  readonly path: MemberPath;
}

/** Finds the claims that conditions read, each once. The audit row records all other facts anyway. */
export function findClaimReads(expressions: readonly CompiledExpression[]): readonly ClaimRead[] {
  const texts = new Set(expressions.flatMap(({ reads }) => reads));
  return [...texts].map((text) => ({ text, path: parsePath(text) })).filter(({ path }) => path[1] === 'claims');
}

/** Returns the claims to record: those that conditions read and that are present. */
export function readClaims(reads: readonly ClaimRead[], facts: JsonObject): JsonObject {
  const found: Record<string, unknown> = {};
  for (const { text, path } of reads) {
    const value = valueAt(facts, path);
    if (value === ELSEWHERE) found[text] = ELSEWHERE;
    else if (value !== undefined) found[text] = redactValue(value);
  }
  return found;
}

const NAME = /\w+|\[("(?:[^"\\]|\\.)*")\]/g;

/** Splits the recorded form of a path, such as `subject.claims["https://example.com/t"]`, into its names. */
export const parsePath = (text: string): MemberPath =>
  [...text.matchAll(NAME)].map(([name, quoted]) => (quoted === undefined ? name : parseOwnJson<string>(quoted)));
