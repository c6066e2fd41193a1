// Reads and writes the request in the URL. A text that looks like a token never gets there.
import type { UrlState } from '../../frame/define-page.ts';
import { isObject } from '../../shared/entry.ts';
import { looksLikeToken } from '../../shared/token-text.ts';
import { type Facts, factsFormOf, factsOf, NO_FACTS } from './facts.ts';
import type { page } from './page.ts';
import type { PartyKind } from './readers.ts';
import { type ExchangeForm, emptyForm, type PartyForm } from './request.ts';

export type Url = UrlState<(typeof page)['readers']>;

/** A long random text is the token of an issuer whose tokens are opaque. */
const LIKE_OPAQUE = /^(?:\w+ +)?[\w+/=~-]{40,}$|[\w-]{20,}\.[\w-]{20,}/;

const isLikeToken = (value: string): boolean => looksLikeToken(value) || LIKE_OPAQUE.test(value.trim());

/** The form that a link restores: all but tokens. */
export function formOfUrl(url: Url): ExchangeForm {
  const kindOf = (kind: PartyKind | undefined, facts: Facts | undefined, row: string): PartyKind | undefined =>
    kind ?? (facts !== undefined ? 'facts' : row !== '' ? 'row' : undefined);
  const subjectKind = kindOf(url.subject, url.subjectFacts, url.row);
  return {
    ...emptyForm,
    client: url.client,
    subject: partyOf(
      subjectKind === undefined || subjectKind === 'none' ? 'token' : subjectKind,
      url.subjectType,
      url.subjectFacts,
      url.row,
    ),
    actor: partyOf(
      kindOf(url.actor, url.actorFacts, url.actorRow) ?? 'none',
      url.actorType,
      url.actorFacts,
      url.actorRow,
    ),
    audience: url.audience ?? [],
    resource: url.resource ?? [],
    scope: url.scope,
    type: url.type,
  };
}

const partyOf = (kind: PartyKind, type: string, facts: Facts | undefined, row: string): PartyForm => ({
  kind,
  token: '',
  type,
  facts: facts === undefined ? NO_FACTS : factsFormOf(facts),
  row,
});

/** Claims that are typed are not JSON yet. The URL keeps those from before. */
export const isWritable = ({ subject, actor }: ExchangeForm): boolean =>
  [subject, actor].every(({ kind, facts }) => kind !== 'facts' || factsOf(facts) !== undefined);

/** What the URL has of the form. Members that are undefined leave it. */
export function urlOfForm({ client, subject, actor, audience, resource, scope, type }: ExchangeForm): Partial<Url> {
  const state = {
    client,
    subject: subject.kind,
    subjectType: subject.kind === 'token' ? subject.type : '',
    subjectFacts: subject.kind === 'facts' ? factsOf(subject.facts) : undefined,
    row: subject.kind === 'row' ? subject.row : '',
    actor: actor.kind === 'none' ? undefined : actor.kind,
    actorType: actor.kind === 'token' ? actor.type : '',
    actorFacts: actor.kind === 'facts' ? factsOf(actor.facts) : undefined,
    actorRow: actor.kind === 'row' ? actor.row : '',
    audience: audience.length === 0 ? undefined : audience,
    resource: resource.length === 0 ? undefined : resource,
    scope,
    type,
  };
  return Object.fromEntries(
    Object.entries(state).map(([name, value]) => [name, hasToken(value) ? undefined : value]),
  ) as Partial<Url>;
}

/** Is there a text in the value that looks like a token? */
export function hasToken(value: unknown): boolean {
  if (typeof value === 'string') return isLikeToken(value) || value.split(/[\s"]+/).some(isLikeToken);
  if (Array.isArray(value)) return value.some(hasToken);
  return isObject(value) && Object.entries(value).some((pair) => pair.some(hasToken));
}
