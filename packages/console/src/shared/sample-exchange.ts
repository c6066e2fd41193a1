// Makes a sample request that follows the words of a rule. Whether it is allowed, the server decides.
import type { components } from '../api/admin-api.ts';
import { type Entry, isPattern, mentions, partOf, scopesOf, textOf, textsOf } from './entry.ts';

export type Client = components['answers']['list-clients']['items'][number];

/** The types of tokens that can be exchanged. */
export const EXCHANGED_TYPES = ['access_token', 'refresh_token', 'id_token', 'jwt', 'saml1', 'saml2'] as const;

export interface SampleToken {
  /** The name of an issuer; `self` is this server. */
  readonly issuer: string;
  readonly type: (typeof EXCHANGED_TYPES)[number];
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

/** @returns undefined if no rule grants anything by name */
export function sampleFrom(rules: readonly Entry[], clients: readonly Client[]): Sample | undefined {
  const samples = rules.flatMap((rule, index) => sampleOf(rule, index + 1, clients) ?? []);
  return samples.find(({ subject }) => subject.issuer === SELF) ?? samples[0];
}

/** The members of the playground's URL. */
export const playgroundState = ({ client, subject, actor, audience, scope }: Sample) => ({
  client,
  subjectFacts: { ...subject },
  ...(actor !== undefined && { actorFacts: { ...actor } }),
  audience: [audience],
  ...(scope !== undefined && { scope }),
});

/** @returns undefined if the rule denies, or names no client or target */
function sampleOf(rule: Entry, place: number, clients: readonly Client[]): Sample | undefined {
  const [subject, actor, grant] = [partOf(rule.subject), partOf(rule.actor), partOf(rule.grant)];
  const client = nameIn(rule.client) ?? clients.find((one) => mayExchange(one, textsOf(rule.client)))?.id;
  const audience = nameIn(grant.audiences);
  if (rule.effect === 'deny' || client === undefined || audience === undefined) return undefined;
  const scope = scopesOf(grant.scopes).find((one) => !isPattern(one));
  const isActing = actor.required === true || textsOf(actor.clients).length > 0;
  return {
    rule: textOf(rule.name) || `rule ${place}`,
    client,
    subject: tokenOf(subject, client, clients),
    ...(isActing && { actor: tokenOf(actor, client, clients) }),
    audience,
    ...(scope !== undefined && { scope }),
  };
}

/** By default, the token is about its own client if that can get one alone, or else about a person. */
function tokenOf(part: Entry, caller: string, clients: readonly Client[]): SampleToken {
  const issuer = nameIn(part.issuer) ?? SELF;
  const type = EXCHANGED_TYPES.find((one) => textsOf(part.types).includes(one));
  const about = nameIn(part.subjects);
  if (issuer !== SELF) return { issuer, type: type ?? 'jwt', claims: { sub: about ?? PERSON } };
  const client = nameIn(part.clients) ?? caller;
  const sub = about ?? (getsTokens(client, clients) ? client : PERSON);
  return { issuer, type: type ?? 'access_token', client, claims: { sub } };
}

/** May the client get a token about itself? */
export const getsTokens = (id: string, clients: readonly Client[]): boolean =>
  clients.some((one) => one.id === id && textsOf(one.entry.grants).includes('client_credentials'));

const mayExchange = ({ id, entry }: Client, named: readonly string[]): boolean =>
  mentions(named, id) && textsOf(entry.grants).includes('token_exchange');

const nameIn = (value: unknown): string | undefined => textsOf(value).find((one) => !isPattern(one));
