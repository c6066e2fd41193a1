// What may a rule look at? Verified facts only, as plain data.
import type { Party } from '../issuing/party.ts';
import type { Resource } from '../issuing/resource.ts';
import type { Chain } from '../primitives/principal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { CompiledExpression } from './condition.ts';

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

/** What conditions may read, and of which type it is. */
export const conditionVariables = {
  subject: 'map',
  actor: 'map',
  client: 'map',
  request: 'map',
  chain: 'list',
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

/** Longest value that is recorded, in characters of JSON. */
const MAX_RECORDED = 256;
/** Compact JWS and JWE, tokens of ours, and whatever else is long and random: never recorded. */
const LIKE_A_TOKEN = /^[\w-]+\.[\w-]+\.[\w-]*|^cambio_[ar]t_|^[\w+/=-]{40,}$/;

/** The values that expressions read, by path, where they are there: what a decision can be replayed from. */
export function readFacts(expressions: readonly CompiledExpression[], facts: JsonObject): JsonObject {
  const read = Object.assign({}, ...expressions.map((expression) => expression.pick(facts)));
  for (const [path, value] of Object.entries(read)) {
    const text = JSON.stringify(value);
    if (text.length > MAX_RECORDED || LIKE_A_TOKEN.test(text.replace(/^"|"$/g, ''))) read[path] = '[withheld]';
  }
  return read;
}
