// Makes a sample request that follows the words of a rule. Whether it is allowed, the server decides.
import type { components } from '../../api/admin-api.ts';

type Rule = components['answers']['list-rules']['items'][number];
type Client = components['answers']['list-clients']['items'][number];

export interface SampleToken {
  readonly issuer: string;
  readonly client?: string;
  readonly claims: { readonly sub: string };
}

export interface Sample {
  readonly rule: string;
  readonly client: string;
  readonly subject: SampleToken;
  readonly actor?: SampleToken;
  readonly audience: string;
  readonly scope?: string;
}

const SELF = 'self';
const PERSON = 'ada';

/** @returns undefined if no rule grants anything */
export function sampleFrom(rules: readonly Rule[], clients: readonly Client[]): Sample | undefined {
  const granting = rules.filter(
    ({ effect, grant }) => effect !== 'deny' && firstOf(partOf(grant).audiences) !== undefined,
  );
  const rule = granting.find(({ subject }) => (firstOf(partOf(subject).issuer) ?? SELF) === SELF) ?? granting[0];
  if (rule === undefined) return undefined;
  const client = idOf(firstOf(rule.client), clients);
  const [subject, actor, grant] = [partOf(rule.subject), partOf(rule.actor), partOf(rule.grant)];
  const audience = firstOf(grant.audiences);
  if (client === undefined || audience === undefined) return undefined;
  const scope = firstOf(grant.scopes);
  const actors = firstOf(actor.clients);
  return {
    rule: firstOf(rule.name) ?? `rule ${rules.indexOf(rule) + 1}`,
    client,
    subject: tokenOf(subject, firstOf(subject.clients) ?? client, clients),
    ...((actor.required === true || actors !== undefined) && { actor: tokenOf(actor, actors ?? client, clients) }),
    audience,
    ...(scope !== undefined && { scope }),
  };
}

/** A token about the client itself if it can get one alone, or else about a person. */
function tokenOf(part: Readonly<Record<string, unknown>>, client: string, clients: readonly Client[]): SampleToken {
  const issuer = firstOf(part.issuer) ?? SELF;
  const sub = issuer === SELF && getsTokens(client, clients) ? client : PERSON;
  return { issuer, ...(issuer === SELF && { client }), claims: { sub } };
}

/** May the client get a token about itself? */
export const getsTokens = (id: string, clients: readonly Client[]): boolean =>
  clients.some((one) => one.id === id && [one.entry.grants].flat().includes('client_credentials'));

/** A pattern such as `agent-*` needs an id. */
const idOf = (named: string | undefined, clients: readonly Client[]): string | undefined =>
  named?.includes('*') ? clients.find(({ entry }) => [entry.grants].flat().includes('token_exchange'))?.id : named;

const partOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

/** The first text of a text, a list, or the keys of a map. */
function firstOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const [first] = Array.isArray(value) ? value : Object.keys(partOf(value));
  return typeof first === 'string' ? first : undefined;
}
