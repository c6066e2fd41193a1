// Fills the form with a request that a rule is about, as a first example. Whether it is allowed is for the server to say.
import { isObject, listOf, NO_FACTS } from './facts.ts';
import { type ExchangeForm, emptyForm, type PartyForm } from './request.ts';

type Entry = Readonly<Record<string, unknown>>;

const isName = (text: string): boolean => !text.includes('*');

/** The first text that is not a pattern. */
const firstOf = (value: unknown): string | undefined => listOf(value).find(isName);

/** @param rules in the words of the file @returns undefined if no rule names a client and a target */
export function exampleFrom(rules: readonly Entry[]): ExchangeForm | undefined {
  for (const { client, subject, actor, grant, effect } of rules) {
    const name = firstOf(client);
    const audience = isObject(grant) ? firstOf(grant.audiences) : undefined;
    if (name === undefined || audience === undefined || effect === 'deny') continue;
    const isActing = isObject(actor) && actor.required === true;
    return {
      ...emptyForm,
      client: name,
      subject: partyFrom(isObject(subject) ? subject : {}, name),
      actor: isActing ? partyFrom(actor, name) : emptyForm.actor,
      audience: [audience],
    };
  }
  return undefined;
}

function partyFrom({ issuer, types, clients, subjects }: Entry, caller: string): PartyForm {
  const from = firstOf(issuer) ?? 'self';
  const isOwn = from === 'self';
  const client = isOwn ? (firstOf(clients) ?? caller) : '';
  return {
    ...emptyForm.subject,
    kind: 'facts',
    facts: {
      ...NO_FACTS,
      issuer: from,
      type: firstOf(types) ?? (isOwn ? 'access_token' : 'jwt'),
      client,
      sub: firstOf(subjects) ?? (client || 'ada'),
    },
  };
}
