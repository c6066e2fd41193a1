// What may a rule look at? Verified facts only, as plain data; and what of it is recorded, so that a decision can be
// replayed.

import type { CompiledExpression } from '../expression/condition.ts';
import { type MemberPath, valueAt } from '../expression/reads.ts';
import type { Party } from '../model/party.ts';
import type { Resource } from '../model/resource.ts';
import type { Chain } from '../primitives/principal.ts';
import { withhold } from '../primitives/redact.ts';
import { type JsonObject, parseOwnJson } from '../primitives/strict-json.ts';

export interface Facts {
  readonly client: { readonly id: string; readonly resource: string | undefined };
  readonly subject: Party;
  readonly actor: Party | undefined;
  /** Everybody who would act, the current actor first. */
  readonly chain: Chain;
  /** Asked for: none, registered resources, or something that is not registered. */
  readonly targets: readonly Resource[] | 'unknown';
  readonly request: {
    readonly audiences: readonly string[];
    readonly resources: readonly string[];
    readonly scope: readonly string[];
    readonly requestedType: string;
  };
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
  request: { audiences: ['string'], resources: ['string'], scope: ['string'], requested_token_type: 'string' },
  chain: [{ iss: 'string', sub: 'string' }],
  now: 'int',
} as const;

/** The facts under the names that conditions know them by. Without an actor token `actor` is empty. */
export const conditionFacts = ({ client, subject, actor, chain, request, now }: Facts): JsonObject => ({
  subject: partyFacts(subject),
  actor: actor === undefined ? {} : partyFacts(actor),
  client: { id: client.id },
  request: {
    audiences: request.audiences,
    resources: request.resources,
    scope: request.scope,
    requested_token_type: request.requestedType,
  },
  chain: chain.map(({ iss, sub }) => ({ iss, sub })),
  now,
});

const partyFacts = ({ principal, type, clientId, audiences, claims }: Party): JsonObject => ({
  iss: principal.iss,
  sub: principal.sub,
  type,
  ...(clientId !== undefined && { client_id: clientId }),
  aud: audiences,
  claims,
});

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
    if (value !== undefined) found[text] = withhold(value);
  }
  return found;
}

const NAME = /\w+|\[("(?:[^"\\]|\\.)*")\]/g;

/** The names of a path as records have it: `subject.claims["https://example.com/t"]`. */
export const parsePath = (text: string): MemberPath =>
  [...text.matchAll(NAME)].map(([name, quoted]) => (quoted === undefined ? name : parseOwnJson<string>(quoted)));
