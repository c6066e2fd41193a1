// The request as the form has it, and as the admin API takes it.
import type { paths } from '../../api/admin-api.ts';
import { type FactsForm, factsOf, NO_FACTS, parseClaims } from './facts.ts';
import type { PartyKind } from './readers.ts';

export interface PartyForm {
  readonly kind: PartyKind;
  /** In memory only. */
  readonly token: string;
  readonly type: string;
  readonly facts: FactsForm;
  readonly row: string;
}

export interface ExchangeForm {
  readonly client: string;
  readonly subject: PartyForm;
  readonly actor: PartyForm;
  readonly audience: readonly string[];
  readonly resource: readonly string[];
  readonly scope: string;
  readonly type: string;
}

const NO_PARTY = { token: '', type: '', facts: NO_FACTS, row: '' } as const;

export const emptyForm: ExchangeForm = {
  client: '',
  subject: { kind: 'token', ...NO_PARTY },
  actor: { kind: 'none', ...NO_PARTY },
  audience: [],
  resource: [],
  scope: '',
  type: '',
};

export type ExplainBody = Extract<
  paths['/explain']['post']['requestBody']['content']['application/json'],
  { requested_token_type?: string }
>;

/** The type of assertions, which are redeemed and not exchanged. */
const REDEEMED: readonly string[] = ['id_jag', 'chaining_grant', 'workload'];

export const isRedeemed = ({ subject }: ExchangeForm): boolean =>
  subject.kind === 'facts' && REDEEMED.includes(subject.facts.type);

/** What the form lacks, in words. Without an item, it can be decided. */
export function missingIn({ client, subject, actor }: ExchangeForm): readonly string[] {
  return [
    ...(client === '' ? ['the client'] : []),
    ...missingOf('subject', subject),
    ...(actor.kind === 'none' ? [] : missingOf('actor', actor)),
  ];
}

function missingOf(role: 'subject' | 'actor', { kind, token, facts, row }: PartyForm): readonly string[] {
  if (kind === 'token') return token === '' ? [`the ${role} token`] : [];
  if (kind === 'row') return row === '' ? [`the request of the ${role}`] : [];
  return parseClaims(facts.claims) === undefined ? [`claims of the ${role} in JSON`] : [];
}

/** @returns undefined if something is missing */
export function bodyOf(form: ExchangeForm): ExplainBody | undefined {
  if (missingIn(form).length > 0) return undefined;
  const { client, subject, actor, audience, resource, scope, type } = form;
  return {
    client,
    ...partyMembers('subject', subject),
    ...(actor.kind !== 'none' && partyMembers('actor', actor)),
    ...(audience.length > 0 && { audience: [...audience] }),
    ...(resource.length > 0 && { resource: [...resource] }),
    ...(scope.trim() !== '' && { scope: scope.trim() }),
    ...(type !== '' && { requested_token_type: type }),
  } as ExplainBody;
}

function partyMembers(role: 'subject' | 'actor', { kind, token, type, facts, row }: PartyForm): object {
  if (kind === 'token') return { [`${role}_token`]: token, ...(type !== '' && { [`${role}_token_type`]: type }) };
  if (kind === 'row') return { [role]: { request: row } };
  return { [role]: factsOf(facts) };
}
