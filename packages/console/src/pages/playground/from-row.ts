// Fills the form from a row of the audit log.
import { issuer as ownIssuer } from '../../location.ts';
import { isObject, textOf, textsOf } from '../../shared/entry.ts';
import { NO_FACTS } from './facts.ts';
import type { AuditRow, Names } from './queries.ts';
import { type ExchangeForm, emptyForm, type PartyForm } from './request.ts';

/** The default of the parameter is not shown. */
const typeOf = (value: unknown): string => (value === 'access_token' ? '' : textOf(value));

/** The tokens of the row, with its parameters. */
export function fillFrom({ requestId, client, clientClaimed, ...row }: AuditRow): ExchangeForm {
  const take: PartyForm = { ...emptyForm.subject, kind: 'row', row: requestId };
  return {
    client: textOf(client) || textOf(clientClaimed),
    subject: take,
    actor: isObject(row.actor) ? take : emptyForm.actor,
    audience: textsOf(row.audiencesAsked),
    resource: textsOf(row.resourcesAsked),
    scope: textsOf(row.scopeAsked).join(' '),
    type: typeOf(row.requestedType),
  };
}

/** The same with facts in place of the tokens, so that they can be changed. */
export function factsFrom(row: AuditRow, names: Names): ExchangeForm {
  const filled = fillFrom(row);
  const partyOf = (role: 'subject' | 'actor'): PartyForm => {
    const trace = row[role];
    if (!isObject(trace)) return role === 'actor' ? emptyForm.actor : { ...emptyForm.subject, kind: 'facts' };
    const { iss, sub, type, clientId, audiences, scope } = trace;
    const name = iss === ownIssuer ? 'self' : names.issuers.find(({ issuer }) => issuer === iss)?.name;
    const claims = claimsOf(row.facts, role);
    return {
      ...emptyForm.subject,
      kind: 'facts',
      facts: {
        ...NO_FACTS,
        issuer: name ?? textOf(iss),
        type: textOf(type) || NO_FACTS.type,
        client: textOf(clientId),
        audiences: textsOf(audiences),
        scope: textsOf(scope).join(' '),
        sub: textOf(sub),
        claims: Object.keys(claims).length === 0 ? '' : JSON.stringify(claims, undefined, 2),
      },
    };
  };
  return { ...filled, subject: partyOf('subject'), actor: partyOf('actor') };
}

/** The claims that rules read then, by the paths of the row: `subject.claims.org.id`. */
function claimsOf(facts: unknown, role: string): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(isObject(facts) ? facts : {})) {
    const names = path.split('.');
    const last = names.pop();
    // A name in brackets is not plain. Such a claim is left to the person.
    if (names[0] !== role || names[1] !== 'claims' || last === undefined || path.includes('[') || last === 'sub')
      continue;
    let holder = root;
    for (const name of names.slice(2)) {
      const inner = Object.hasOwn(holder, name) && isObject(holder[name]) ? { ...holder[name] } : {};
      Object.defineProperty(holder, name, { value: inner, enumerable: true, configurable: true, writable: true });
      holder = inner;
    }
    Object.defineProperty(holder, last, { value, enumerable: true, configurable: true, writable: true });
  }
  return root;
}
