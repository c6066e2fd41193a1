// Resolves the rules of the file. A rule, or a part of one, that can never match is a warning.
import { SIGN_IN_GRANTS } from '../grants/index.ts';
import { RESERVED_CLAIMS } from '../issuing/access-token-claims.ts';
import type { Resource, Targets } from '../model/resource.ts';
import { indexAudiences, type Targeting } from '../narrowing/targets.ts';
import { DEFAULT_TYPES, type PartyPattern, type Rule } from '../policy/rule.ts';
import { didYouMean } from '../primitives/nearest.ts';
import type { IssuerEntry } from '../trust/issuer.ts';
import { compileClaim, readCondition } from './expressions.ts';
import type { Complain, Path } from './fault.ts';
import { wordUnknownName } from './references.ts';
import type { ClientSource, ConfigurationFile, RuleEntry } from './schema.ts';
import { findShadowed } from './shadowed.ts';
import { reserved } from './wording.ts';

export function resolveRules(
  file: ConfigurationFile,
  resources: readonly Resource[],
  issuers: readonly Pick<IssuerEntry, 'issuer' | 'name'>[],
  complain: Complain,
): readonly Rule[] {
  const issuerNames: IssuerNames = new Map([
    ['self', file.issuer],
    ...issuers.flatMap(({ issuer, name }) => [[issuer, issuer] as const, [name, issuer] as const]),
  ]);
  const clients = new Map(file.clients.map((client) => [client.id, client]));
  const byAudience = indexAudiences(resources);
  const audiences = resources.map(({ audience }) => audience);
  const seen = new Set<string>();
  const rules = new Map<Rule, Path>();
  for (const [index, entry] of file.rules.entries()) {
    const path: Path = ['rules', index];
    const name = entry.name ?? `rule ${index + 1}`;
    if (seen.has(name))
      complain([...path, 'name'], `another rule has the name ${JSON.stringify(name)}. Give each rule its own.`);
    seen.add(name);
    warnOfStrangers(entry, clients, issuerNames, path, complain);
    warnOfTypes(entry, clients, file.issuer, path, complain);
    const [first, ...others] = grantedTargets(entry, { byAudience, audiences }, path, complain);
    if (first === undefined) continue;
    rules.set(toRule(name, entry, [first, ...others], { path, issuerNames, complain }), path);
  }
  for (const [rule, earlier] of findShadowed([...rules.keys()], file.issuer)) {
    complain(
      rules.get(rule) ?? [],
      `this rule can never decide, because “${earlier.name}” always matches first. Move it before that rule, or remove it.`,
      'warning',
    );
  }
  return [...rules.keys()];
}

function toRule(name: string, entry: RuleEntry, targets: Targets, about: RulePlace): Rule {
  const { client, subject, actor, grant, mode, act, rebind, when } = entry;
  if (rebind && !subject.constrained && !actor.constrained)
    about.complain(
      [...about.path, 'rebind'],
      'rebind has no effect without constrained: accept below subject or actor. Add that, or remove rebind.',
      'warning',
    );
  return {
    name,
    mode: mode ?? 'enforce',
    clients: new Set(client),
    subject: toPattern('subject', subject, about),
    actor: {
      ...toPattern('actor', actor, about),
      presence: actor.required ? 'required' : actor.forbidden ? 'forbidden' : 'optional',
      delegated: actor.delegated ?? 'refuse',
    },
    when: when === undefined ? 'always' : readCondition(when, [...about.path, 'when'], about.complain),
    act: act ?? 'actor',
    rebind: rebind ?? 'refuse',
    grant: {
      targets,
      scopes: new Set(grant.scopes),
      types: new Set(grant.types),
      lifetime: grant.lifetime,
      refreshToken: grant.refreshToken ? 'beside' : 'none',
      refreshLifetime: grant.refreshLifetime,
      maxDepth: grant.maxDepth,
      claims: Object.entries(grant.claims).map(([claim, text]) => {
        const place = [...about.path, 'grant', 'claims', claim];
        if (RESERVED_CLAIMS.has(claim)) about.complain(place, reserved(claim));
        return [claim, compileClaim(text, place, about.complain)] as const;
      }),
    },
  };
}

/** `self`, an issuer or its name → its `iss`. */
type IssuerNames = ReadonlyMap<string, string>;

interface RulePlace {
  readonly path: Path;
  readonly issuerNames: IssuerNames;
  readonly complain: Complain;
}

function toPattern(
  part: 'subject' | 'actor',
  pattern: RuleEntry['subject'],
  { path, issuerNames, complain }: RulePlace,
): PartyPattern {
  const { issuer, types, clients, when } = pattern;
  return {
    issuers: issuer === undefined ? 'any' : new Set(issuer.map((name) => issuerNames.get(name) ?? name)),
    types: types === undefined ? DEFAULT_TYPES : { own: new Set(types), foreign: new Set(types) },
    clients: clients === undefined ? 'any' : new Set(clients),
    when: when === undefined ? 'always' : readCondition(when, [...path, part, 'when'], complain),
    constrained: pattern.constrained ?? 'prove',
  };
}

function grantedTargets(
  { grant }: RuleEntry,
  { byAudience, audiences }: Pick<Targeting, 'byAudience'> & { readonly audiences: readonly string[] },
  path: Path,
  complain: Complain,
): Resource[] {
  const targets: Resource[] = [];
  for (const [place, audience] of grant.audiences.entries()) {
    const target = byAudience(audience);
    if (target === undefined)
      complain([...path, 'grant', 'audiences', place], wordUnknownName('resource', audience, audiences), 'warning');
    else targets.push(target);
  }
  // An audience that is not known may be the one with the scope.
  if (targets.length < grant.audiences.length) return targets;
  const scopes = new Set(targets.flatMap((target) => [...target.scopes]));
  for (const [place, scope] of grant.scopes.entries()) {
    if (!scopes.has(scope))
      complain(
        [...path, 'grant', 'scopes', place],
        `no audience of the rule has the scope ${JSON.stringify(scope)}.${didYouMean(scope, scopes) || ' Add it to the scopes of the resource.'}`,
        'warning',
      );
  }
  return targets;
}

/** A rule without `types` takes access tokens of ours alone. It may have been written for another token that its clients get. */
function warnOfTypes(
  entry: RuleEntry,
  clients: ReadonlyMap<string, ClientSource>,
  self: string,
  path: Path,
  complain: Complain,
): void {
  for (const part of ['subject', 'actor'] as const) {
    const pattern = entry[part];
    const { issuer = [self], types, clients: issuedTo = entry.client } = pattern;
    const asksForActor = entry.actor.required || entry.actor.issuer !== undefined || entry.actor.clients !== undefined;
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
      );
  }
}

const getsIdTokens = ({ grants, scopes }: ClientSource): boolean =>
  grants.some((grant) => SIGN_IN_GRANTS.has(grant)) && (scopes?.includes('openid') ?? true);

/** A rule that asks for a name that no entry has never matches. */
function warnOfStrangers(
  entry: RuleEntry,
  clients: ReadonlyMap<string, ClientSource>,
  issuerNames: IssuerNames,
  path: Path,
  complain: Complain,
): void {
  const check = (
    kind: 'client' | 'issuer',
    known: IssuerNames | typeof clients,
    names: readonly string[] = [],
    ...where: Path
  ) => {
    for (const [place, name] of names.entries()) {
      // A name alone need not stand in a list.
      const within = names.length === 1 ? where : [...where, place];
      if (!known.has(name)) complain([...path, ...within], wordUnknownName(kind, name, known.keys()), 'warning');
    }
  };
  check('client', clients, entry.client, 'client');
  for (const part of ['subject', 'actor'] as const) {
    check('issuer', issuerNames, entry[part].issuer, part, 'issuer');
    check('client', clients, entry[part].clients, part, 'clients');
  }
  const someHasGrant = (grant: 'token_exchange' | 'refresh_token'): boolean =>
    // A client that is not known may have it.
    entry.client.some((id) => clients.get(id)?.grants.includes(grant) ?? true);
  if (!someHasGrant('token_exchange'))
    complain(
      [...path, 'client'],
      'no client of this rule has the grant token_exchange. Add it to the grants of one.',
      'warning',
    );
  const refreshes = entry.grant.refreshToken || entry.grant.types.includes('refresh_token');
  if (refreshes && !someHasGrant('refresh_token'))
    complain(
      [...path, 'grant'],
      'no client of this rule has the grant refresh_token, so none gets a refresh token. Add it to the grants of one.',
      'warning',
    );
}
