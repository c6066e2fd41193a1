// The facts of a token that nobody has: as the form has them, and as the admin API takes them.
import { type Entry, isObject, textOf, textsOf } from '../../shared/entry.ts';

export interface FactsForm {
  /** The name of an issuer; `self` is this server. */
  readonly issuer: string;
  readonly type: string;
  readonly client: string;
  readonly audiences: readonly string[];
  readonly scope: string;
  readonly sub: string;
  /** The other claims, as JSON. */
  readonly claims: string;
}

export const NO_FACTS: FactsForm = {
  issuer: 'self',
  type: 'access_token',
  client: '',
  audiences: [],
  scope: '',
  sub: '',
  claims: '',
};

/** Facts in the form of the admin API: `{"issuer": "idp", "type": "jwt", "claims": {"sub": "ada"}}`. */
export type Facts = Entry;

export function factsFormOf({ issuer, type, client, audiences, scope, claims }: Facts): FactsForm {
  const { sub, ...others } = isObject(claims) ? claims : {};
  return {
    ...NO_FACTS,
    issuer: textOf(issuer) || NO_FACTS.issuer,
    type: textOf(type) || NO_FACTS.type,
    client: textOf(client),
    audiences: textsOf(audiences),
    scope: Array.isArray(scope) ? scope.join(' ') : textOf(scope),
    // A `sub` that is not a text stays among the claims.
    sub: textOf(sub),
    claims: [...Object.keys(others), ...(sub === undefined || typeof sub === 'string' ? [] : ['sub'])].length
      ? JSON.stringify(typeof sub === 'string' ? others : (claims ?? {}), undefined, 2)
      : '',
  };
}

/** @returns undefined if the claims are not JSON yet */
export function factsOf({ issuer, type, client, audiences, scope, sub, claims }: FactsForm): Facts | undefined {
  const others = parseClaims(claims);
  if (others === undefined) return undefined;
  return {
    issuer,
    type,
    ...(client !== '' && { client }),
    ...(audiences.length > 0 && { audiences }),
    ...(scope.trim() !== '' && { scope: scope.trim().split(/\s+/) }),
    claims: { ...(sub !== '' && { sub }), ...others },
  };
}

/** @returns undefined if the text is not an object of JSON */
export function parseClaims(claims: string): Facts | undefined {
  if (claims.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(claims);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
