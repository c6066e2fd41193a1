// Warns of rules that match less than their author may think: without types, or with names that no entry has.
import { SIGN_IN_GRANTS } from '../grants/index.ts';
import { isRedeemed } from '../primitives/token-type.ts';
import type { Complain, Path } from './fault.ts';
import type { IssuerNames } from './issuer-name.ts';
import { matchesSome, type RulePlace } from './resolve-party.ts';
import type { ClientSource } from './schema.ts';
import type { AllowEntry } from './schema-rules.ts';

/** Warns of a rule without `types`, which accepts only access tokens of this server, if its clients can get other tokens too. */
export function warnOfTypes(
  entry: AllowEntry,
  clients: ReadonlyMap<string, ClientSource>,
  self: string,
  path: Path,
  complain: Complain,
): void {
  for (const part of ['subject', 'actor'] as const) {
    const pattern = entry[part];
    const { issuer = [self], types, clients: issuedTo = entry.client } = pattern;
    const { required, issuer: iss, clients: ids, subjects } = entry.actor;
    const asksForActor = required || [iss, ids, subjects].some((names) => names !== undefined);
    if (types !== undefined || (part === 'actor' && !asksForActor)) continue;
    if (!issuer.some((name) => name === 'self' || name === self)) continue;
    const holders = issuedTo.map((id) => clients.get(id)).filter((client) => client !== undefined);
    const refused = [
      holders.some(getsIdTokens) && 'ID token',
      holders.some(({ grants }) => grants.includes('refresh_token')) && 'refresh token',
    ].filter((kind) => kind !== false);
    if (refused.length > 0)
      complain(
        [...path, part],
        `has no types, so it takes access tokens of this server, but no ${refused.join(' and no ')}. Write types: [access_token], or every type that it should take.`,
        'warning',
        'value',
        'grants',
      );
  }
}

const getsIdTokens = ({ grants, scopes }: ClientSource): boolean =>
  grants.some((grant) => SIGN_IN_GRANTS.has(grant)) && (scopes?.includes('openid') ?? true);

/** Warns of names that no entry has: the rule never matches. */
export function warnOfStrangers(
  entry: AllowEntry,
  clients: ReadonlyMap<string, ClientSource>,
  { path, issuerNames, unknown, isDescribed, complain }: RulePlace,
): void {
  const check = (
    kind: 'client' | 'issuer',
    known: IssuerNames | typeof clients,
    names: readonly string[] = [],
    ...where: Path
  ) => {
    for (const [place, name] of names.entries()) {
      // A single name may be written without a list.
      const within = names.length === 1 ? where : [...where, place];
      const isMatched = where[0] === 'actor' && matchesSome(name, known.keys());
      if (!known.has(name) && !isMatched && !(kind === 'client' && isDescribed(name)))
        complain([...path, ...within], unknown[kind](name), 'warning', 'value', `${kind}s`);
    }
  };
  check('client', clients, entry.client, 'client');
  for (const part of ['subject', 'actor'] as const) {
    check('issuer', issuerNames, entry[part].issuer, part, 'issuer');
    check('client', clients, entry[part].clients, part, 'clients');
  }
  const someHasGrant = (...grants: readonly ClientSource['grants'][number][]): boolean =>
    // An unknown client may have the grant.
    entry.client.some((id) => clients.get(id)?.grants.some((grant) => grants.includes(grant)) ?? true);
  const { types = [] } = entry.subject;
  const redeems = types.some(isRedeemed);
  const exchanges = types.length === 0 || !types.every(isRedeemed);
  for (const [isNeeded, grants] of [
    [exchanges, ['token_exchange']],
    [redeems, ['jwt_bearer', 'jwt_dpop']],
  ] as const)
    if (isNeeded && !someHasGrant(...grants))
      complain(
        [...path, 'client'],
        `no client of this rule has the grant ${grants[0]}. Add it to the grants of one.`,
        'warning',
        'value',
        'grants',
      );
  const refreshes = entry.grant.refreshToken || entry.grant.types.includes('refresh_token');
  if (refreshes && !exchanges)
    complain(
      [...path, 'grant', entry.grant.refreshToken ? 'refreshToken' : 'types'],
      'no refresh token comes with a token for an assertion: redeem another one. Remove it.',
    );
  if (refreshes && !someHasGrant('refresh_token'))
    complain(
      [...path, 'grant'],
      'no client of this rule has the grant refresh_token, so none gets a refresh token. Add it to the grants of one.',
      'warning',
      'value',
      'grants',
    );
}
