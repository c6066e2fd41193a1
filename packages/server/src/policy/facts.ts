// The verified facts that rules read, as plain data, and the part of them that is recorded so that a decision can be replayed.

import type { Budget, CompiledExpression } from '../expression/condition.ts';
import { ELSEWHERE, markElsewhere } from '../expression/elsewhere.ts';
import { type MemberPath, valueAt } from '../expression/reads.ts';
import type { Client } from '../model/client.ts';
import type { Party } from '../model/party.ts';
import type { Resource } from '../model/resource.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { limitsOf, possibleScope } from '../narrowing/narrow.ts';
import type { Chain } from '../primitives/principal.ts';
import { redactValue } from '../primitives/redact.ts';
import type { Scope } from '../primitives/scope.ts';
import { type JsonObject, parseOwnJson } from '../primitives/strict-json.ts';
import type { Rule } from './rule.ts';

export interface Facts {
  readonly client: Pick<Client, 'id' | 'resource' | 'scopes'>;
  /** Includes the scope of the subject token. */
  readonly subject: Party & Pick<TokenFacts, 'scope'>;
  readonly actor: Party | undefined;
  /** All actors of the new token, the current one first. */
  readonly chain: Chain;
  /** The requested targets: none, registered resources, or `unknown` if one of them is not registered. */
  readonly targets: readonly Resource[] | 'unknown';
  /** Requested. */
  readonly scope: Scope | undefined;
  readonly requestedType: string;
  /** Seconds since 1970. */
  readonly now: number;
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

/** The facts that are the same for every rule, by variable name. Without an actor token, `actor` is an empty object. */
export const sharedFacts = ({ client, subject, actor, chain, now }: Facts): JsonObject => ({
  subject: partyFacts(subject, 'subject'),
  actor: actor === undefined ? {} : partyFacts(actor, 'actor'),
  client: { id: client.id },
  chain: chain.map(({ iss, sub }) => ({ iss, sub })),
  now,
});

const partyFacts = ({ principal, type, clientId, audiences, claims }: Party, whose: string): JsonObject => ({
  iss: principal.iss,
  sub: principal.sub,
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
  readonly #rule: Rule;
  readonly #facts: Facts;
  readonly #budget: Budget;
  readonly subject: unknown;
  readonly actor: unknown;
  readonly client: unknown;
  readonly chain: unknown;
  readonly now: unknown;
  /** Conditions read members by name. */
  readonly [name: string]: unknown;

  constructor(shared: JsonObject, rule: Rule, facts: Facts, budget: Budget) {
    this.#rule = rule;
    this.#facts = facts;
    this.#budget = budget;
    this.subject = shared.subject;
    this.actor = shared.actor;
    this.client = shared.client;
    this.chain = shared.chain;
    this.now = shared.now;
  }

  get targets(): readonly string[] {
    return this.#targets.map(({ audience }) => audience);
  }

  get scope(): readonly string[] {
    const { client, subject, scope, now } = this.#facts;
    const targets = this.#targets;
    const { scopes } = this.#rule.grant;
    this.#budget.pay(((scope?.size ?? 0) + scopes.size * 2) * (3 + targets.length));
    const bounds = { scope: subject.scope, agreedAudiences: 'unbounded', expiresAt: 'unbounded' } as const;
    const limits = limitsOf({
      subject: bounds,
      actor: 'unbounded',
      client,
      rule: this.#rule,
      family: 'unbounded',
      targets,
      now,
    });
    const possible = possibleScope(scope, limits);
    return [...scopes].filter((name) => possible.has(name));
  }

  get request(): JsonObject {
    const { targets: audiences, scope } = this;
    const resources = this.#targets.flatMap(({ locations }) => locations);
    return { audiences, resources, scope, requested_token_type: this.#facts.requestedType };
  }

  /** The requested targets, or the first target of the rule if none is requested. */
  get #targets(): readonly Resource[] {
    const { targets: asked } = this.#facts;
    const { targets } = this.#rule.grant;
    if (asked === 'unknown') return [];
    if (asked.length === 0) return targets.slice(0, 1);
    this.#budget.pay(targets.length + ((asked.length * targets.length) >> 2));
    const granted = targets.filter((target) => asked.includes(target));
    return granted.length === asked.length ? granted : asked;
  }
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
