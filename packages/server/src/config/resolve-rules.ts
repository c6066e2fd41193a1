// What do the rules of the file mean? Names become resources; what can never match is a warning.
import { SIGN_IN_GRANTS } from '../grants/index.ts';
import { RESERVED_CLAIMS } from '../issuing/access-token-claims.ts';
import type { Resource, Targets } from '../model/resource.ts';
import { indexAudiences, type Targeting } from '../narrowing/targets.ts';
import { DEFAULT_TYPES, type PartyPattern, type Rule } from '../policy/rule.ts';
import type { IssuerEntry } from '../trust/issuer.ts';
import { compileClaim, readCondition } from './expressions.ts';
import type { Complain, Path } from './fault.ts';
import type { ClientSource, ConfigurationFile, RuleEntry } from './schema.ts';
import { findShadowed } from './shadowed.ts';

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
  const seen = new Set<string>();
  const rules = new Map<Rule, Path>();
  for (const [index, entry] of file.rules.entries()) {
    const path: Path = ['rules', index];
    const name = entry.name ?? `rule ${index + 1}`;
    if (seen.has(name)) complain([...path, 'name'], 'another rule has this name');
    seen.add(name);
    warnOfStrangers(entry, clients, issuerNames, path, complain);
    warnOfTypes(entry, clients, file.issuer, path, complain);
    const [first, ...others] = grantedTargets(entry, byAudience, path, complain);
    if (first === undefined) continue;
    rules.set(toRule(name, entry, [first, ...others], { path, issuerNames, complain }), path);
  }
  for (const [rule, earlier] of findShadowed([...rules.keys()], file.issuer)) {
    complain(rules.get(rule) ?? [], `can never decide: “${earlier.name}” always matches first`, 'warning');
  }
  return [...rules.keys()];
}

function toRule(name: string, entry: RuleEntry, targets: Targets, about: RulePlace): Rule {
  const { client, subject, actor, grant, mode, act, rebind, when } = entry;
  if (rebind && !subject.constrained && !actor.constrained)
    about.complain(
      [...about.path, 'rebind'],
      'does nothing where neither subject nor actor says constrained: accept',
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
        if (RESERVED_CLAIMS.has(claim)) about.complain(place, 'is a reserved claim, which no rule may set');
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
  byAudience: Targeting['byAudience'],
  path: Path,
  complain: Complain,
): Resource[] {
  const targets: Resource[] = [];
  for (const [place, audience] of grant.audiences.entries()) {
    const target = byAudience(audience);
    if (target === undefined)
      complain([...path, 'grant', 'audiences', place], 'no resource has this audience', 'warning');
    else targets.push(target);
  }
  const scopes = new Set(targets.flatMap((target) => [...target.scopes]));
  for (const [place, scope] of grant.scopes.entries()) {
    if (!scopes.has(scope))
      complain([...path, 'grant', 'scopes', place], "none of the rule's audiences has this scope", 'warning');
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
        `has no types, so of our own tokens it takes access tokens, and no ${refused.join(' and no ')}: write types: [access_token], or name what it takes`,
        'warning',
      );
  }
}

const getsIdTokens = ({ grants, scopes }: ClientSource): boolean =>
  grants.some((grant) => SIGN_IN_GRANTS.has(grant)) && (scopes?.includes('openid') ?? true);

/** Names that nobody has: what asks for them never matches. */
function warnOfStrangers(
  entry: RuleEntry,
  clients: ReadonlyMap<string, ClientSource>,
  issuerNames: IssuerNames,
  path: Path,
  complain: Complain,
): void {
  const check = (kind: string, known: IssuerNames | typeof clients, names: readonly string[] = [], ...where: Path) => {
    for (const [place, name] of names.entries()) {
      // A name alone need not stand in a list.
      const within = names.length === 1 ? where : [...where, place];
      if (!known.has(name)) complain([...path, ...within], `there is no ${kind} ${JSON.stringify(name)}`, 'warning');
    }
  };
  check('client', clients, entry.client, 'client');
  for (const part of ['subject', 'actor'] as const) {
    check('issuer', issuerNames, entry[part].issuer, part, 'issuer');
    check('client', clients, entry[part].clients, part, 'clients');
  }
  const someHasGrant = (grant: 'token_exchange' | 'refresh_token'): boolean =>
    entry.client.some((id) => clients.get(id)?.grants.includes(grant));
  if (!someHasGrant('token_exchange'))
    complain([...path, 'client'], 'none of its clients has the grant token_exchange', 'warning');
  const refreshes = entry.grant.refreshToken || entry.grant.types.includes('refresh_token');
  if (refreshes && !someHasGrant('refresh_token'))
    complain(
      [...path, 'grant'],
      'none of its clients has the grant refresh_token, so none gets a refresh token',
      'warning',
    );
}
