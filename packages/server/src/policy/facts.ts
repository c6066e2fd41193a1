// What may a rule look at? Verified facts only, as plain data; and what of it is recorded, so that a decision can be
// replayed.

import type { Budget, CompiledExpression } from '../expression/condition.ts';
import { ELSEWHERE, markElsewhere } from '../expression/elsewhere.ts';
import { type MemberPath, valueAt } from '../expression/reads.ts';
import type { Client } from '../model/client.ts';
import type { Party } from '../model/party.ts';
import type { Resource } from '../model/resource.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { limitsOf, possibleScope } from '../narrowing/narrow.ts';
import type { Chain } from '../primitives/principal.ts';
import { withhold } from '../primitives/redact.ts';
import type { Scope } from '../primitives/scope.ts';
import { type JsonObject, parseOwnJson } from '../primitives/strict-json.ts';
import type { Rule } from './rule.ts';

export interface Facts {
  readonly client: Pick<Client, 'id' | 'resource' | 'scopes'>;
  /** With the scope of its token. */
  readonly subject: Party & Pick<TokenFacts, 'scope'>;
  readonly actor: Party | undefined;
  /** Everybody who would act, the current actor first. */
  readonly chain: Chain;
  /** Asked for: none, registered resources, or something that is not registered. */
  readonly targets: readonly Resource[] | 'unknown';
  /** Asked for. */
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

/** What conditions may read, and of which type it is. Whatever else they name is a fault of the file. */
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

/** What is the same for every rule, under the names that conditions know it by. Without an actor token `actor` is empty. */
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
 * What conditions of one rule read. `targets` and `scope` are what the rule would give, in the order of the file: what the
 * caller wrote to ask for them can be left out or spelled in another way, so no condition sees it. `request` has the same
 * under older names.
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

  /** The targets that are asked for; the rule's first where none is. */
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

/** A claim that conditions read: `subject.claims.tenant`, and the names that lead there. */
export interface ClaimRead {
  readonly text: string;
  readonly path: MemberPath;
}

/** Each once: the row tells everything else that conditions read anyway. */
export function findClaimReads(expressions: readonly CompiledExpression[]): readonly ClaimRead[] {
  const texts = new Set(expressions.flatMap(({ reads }) => reads));
  return [...texts].map((text) => ({ text, path: parsePath(text) })).filter(({ path }) => path[1] === 'claims');
}

/** What is recorded of the claims: those that conditions read, where they are there. */
export function readClaims(reads: readonly ClaimRead[], facts: JsonObject): JsonObject {
  const found: Record<string, unknown> = {};
  for (const { text, path } of reads) {
    const value = valueAt(facts, path);
    if (value === ELSEWHERE) found[text] = ELSEWHERE;
    else if (value !== undefined) found[text] = withhold(value);
  }
  return found;
}

const NAME = /\w+|\[("(?:[^"\\]|\\.)*")\]/g;

/** The names of a path as records have it: `subject.claims["https://example.com/t"]`. */
export const parsePath = (text: string): MemberPath =>
  [...text.matchAll(NAME)].map(([name, quoted]) => (quoted === undefined ? name : parseOwnJson<string>(quoted)));
