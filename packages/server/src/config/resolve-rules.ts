// Resolves the rules of the configuration file.

import { SIGN_IN_GRANTS } from '../grants/index.ts';
import { RESERVED_CLAIMS } from '../issuing/access-token-claims.ts';
import { isDocumentId } from '../model/client-document.ts';
import type { Resource, Targets } from '../model/resource.ts';
import type { TargetNames } from '../narrowing/targets.ts';
import type { DenyRule, Rule } from '../policy/rule.ts';
import { didYouMean } from '../primitives/nearest.ts';
import type { Scope } from '../primitives/scope.ts';
import { isRedeemed } from '../primitives/token-type.ts';
import type { IssuerEntry } from '../trust/issuer.ts';
import { compileClaim, readCondition } from './expressions.ts';
import type { Complain, Path } from './fault.ts';
import { type IssuerNames, indexIssuerNames } from './issuer-name.ts';
import { createNameDescriber } from './references.ts';
import { resolveDenial } from './resolve-denial.ts';
import { matchesSome, type RulePlace, resolveActor, resolveParty } from './resolve-party.ts';
import { warnOfRulesElsewhere } from './rules-elsewhere.ts';
import type { ClientSource, ConfigurationFile } from './schema.ts';
import type { AllowEntry } from './schema-rules.ts';
import { findShadowed } from './shadowed.ts';
import { elsewhere, type Surroundings } from './source.ts';
import { createTeams } from './team.ts';
import { warnOfUselessRules } from './useless-rules.ts';
import { reserved } from './wording.ts';

export function resolveRules(
  file: ConfigurationFile,
  targeting: TargetNames,
  issuers: readonly Pick<IssuerEntry, 'issuer' | 'name'>[],
  { complain, originOf, placeOf, unsure }: Pick<Surroundings, 'complain' | 'originOf' | 'placeOf' | 'unsure'>,
): { readonly rules: readonly Rule[]; readonly denials: readonly DenyRule[] } {
  const issuerNames = indexIssuerNames(file.issuer, issuers);
  const clients = new Map(file.clients.map((client) => [client.id, client]));
  const byAudience = (name: string): readonly Resource[] => targetsNamed(name, targeting);
  const describe = {
    client: createNameDescriber('client', [...clients.keys()]),
    issuer: createNameDescriber('issuer', [...issuerNames.keys()]),
    resource: createNameDescriber('resource', [
      ...targeting.audiences,
      ...targeting.elsewhere.servers.flatMap(({ server, targets }) => [
        server.issuer,
        ...server.aliases,
        ...targets.map(({ audience }) => audience),
      ]),
    ]),
  };
  const domains = new Set(file.clientDocuments?.domains);
  const isDescribed = (client: string): boolean => isDocumentId(client, domains);
  const seen = new Map<string, Path>();
  const teamOf = createTeams(file, originOf);
  const rules = new Map<Rule, Path>();
  const denials = new Map<DenyRule, Path>();
  for (const [index, entry] of file.rules.entries()) {
    const path: Path = ['rules', index];
    const name = entry.name ?? `rule ${index + 1}`;
    const twin = seen.get(name);
    if (twin !== undefined)
      complain(
        [...path, 'name'],
        `another rule${elsewhere(path, twin, { originOf, placeOf })} has the name ${JSON.stringify(name)}. Give each rule its own.`,
      );
    seen.set(name, twin ?? path);
    const team = teamOf('rules', index);
    const unknown = {
      client: (id: string) => describe.client(id, team?.mayMean.client),
      issuer: (issuer: string) => describe.issuer(issuer, team?.mayMean.issuer),
      resource: (audience: string) => describe.resource(audience, team?.mayMean.resource),
    };
    const about = { path, issuerNames, unknown, isDescribed, unsure, complain };
    if (entry.effect === 'deny') {
      denials.set(resolveDenial(name, entry, { ...about, clients, byAudience }), path);
      continue;
    }
    warnOfStrangers(entry, clients, about);
    warnOfTypes(entry, clients, file.issuer, path, complain);
    const [first, ...others] = grantedTargets(entry, byAudience, about);
    if (first === undefined) continue;
    const guests = new Set(team === undefined ? [] : entry.client.filter((id) => !team.ownsClient(id)));
    rules.set({ ...toRule(name, entry, [first, ...others], about), guests }, path);
  }
  const known = { self: file.issuer, clients, issuers: file.issuers, scopes: scopesOf(targeting) };
  warnOfUselessRules(rules, denials, known, complain);
  warnOfRulesElsewhere(rules, file, complain);
  for (const [rule, earlier] of findShadowed([...rules.keys()], file.issuer)) {
    complain(
      rules.get(rule) ?? [],
      `this rule can never decide, because “${earlier.name}” always matches first. Move it before that rule, or remove it.`,
      'warning',
    );
  }
  return { rules: [...rules.keys()], denials: [...denials.keys()] };
}

/** Of our resources and of other servers. */
const scopesOf = ({ scopes, elsewhere }: TargetNames): Scope =>
  scopes.union(new Set(elsewhere.servers.flatMap(({ server }) => [...server.scopes.keys()])));

/** The targets that a name in a rule stands for: a resource, or all that belong to another authorization server. */
const targetsNamed = (name: string, { byAudience, elsewhere }: TargetNames): readonly Resource[] => {
  const one = byAudience(name) ?? elsewhere.byName(name);
  return elsewhere.byServer(name) ?? (one === undefined ? [] : [one]);
};

function toRule(name: string, entry: AllowEntry, targets: Targets, about: RulePlace): Omit<Rule, 'guests'> {
  const { client, subject, actor, grant, mode, act, rebind, when } = entry;
  if (rebind && !subject.constrained && !actor.constrained)
    about.complain(
      [...about.path, 'rebind'],
      'rebind has no effect without constrained: accept below subject or actor. Add that, or remove rebind.',
      'warning',
    );
  return {
    name,
    position: Number(about.path[1]),
    effect: 'allow',
    mode: mode ?? 'enforce',
    clients: new Set(client),
    subject: { ...resolveParty('subject', subject, about), constrained: subject.constrained ?? 'prove' },
    actor: {
      ...resolveActor(actor, about),
      constrained: actor.constrained ?? 'prove',
      presence: actor.required ? 'required' : actor.forbidden ? 'forbidden' : 'optional',
      delegated: actor.delegated ?? 'refuse',
    },
    when: when === undefined ? 'always' : readCondition(when, [...about.path, 'when'], about.complain),
    act: act ?? 'actor',
    rebind: rebind ?? 'refuse',
    grant: {
      targets,
      scopes: new Set(scopesGiven(grant)),
      scopeMap: Array.isArray(grant.scopes) ? 'same' : new Map(Object.entries(grant.scopes)),
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

/** The scopes that a rule can grant, in the order of the file. */
const scopesGiven = ({ scopes }: AllowEntry['grant']): readonly string[] =>
  Array.isArray(scopes) ? scopes : [...new Set(Object.values(scopes).flat())];

function grantedTargets(
  { grant }: AllowEntry,
  byAudience: (name: string) => readonly Resource[],
  { path, unknown, complain }: RulePlace,
): Resource[] {
  const targets: Resource[] = [];
  let isComplete = true;
  for (const [place, audience] of grant.audiences.entries()) {
    const found = byAudience(audience);
    if (found.length === 0)
      complain([...path, 'grant', 'audiences', place], unknown.resource(audience), 'warning', 'value', 'resources');
    isComplete &&= found.length > 0;
    targets.push(...found);
  }
  checkKind(grant, targets, path, complain);
  // An unknown audience may be the one with the scope.
  if (!isComplete) return targets;
  const scopes = new Set(targets.flatMap((target) => [...target.scopes]));
  const places: readonly Path[] = Array.isArray(grant.scopes)
    ? grant.scopes.map((_, place) => [place])
    : Object.entries(grant.scopes).flatMap(([from, given]) => given.map((_, place) => [from, place]));
  const given = Array.isArray(grant.scopes) ? grant.scopes : Object.values(grant.scopes).flat();
  for (const [index, scope] of given.entries()) {
    if (!scopes.has(scope))
      complain(
        [...path, 'grant', 'scopes', ...(places[index] ?? [])],
        `no audience of the rule has the scope ${JSON.stringify(scope)}.${didYouMean(scope, scopes) || ' Add it to the scopes of the resource.'}`,
        'warning',
      );
  }
  return targets;
}

/** Tokens of this server and grants for others differ in everything, so one rule does not give both. */
function checkKind(
  { types, refreshToken }: AllowEntry['grant'],
  targets: readonly Resource[],
  path: Path,
  complain: Complain,
): void {
  const [isElsewhere, isMixed] = new Set(targets.map(({ server }) => server !== undefined));
  const at = (key: string): Path => [...path, 'grant', key];
  if (isMixed !== undefined)
    complain(
      at('audiences'),
      'some belong to other authorization servers, and some to this one. Write a rule for each.',
    );
  else if (isElsewhere && types.some((type) => type !== 'id_jag' && type !== 'jwt'))
    complain(
      at('types'),
      'another authorization server gets grants, not tokens. Write types: [id_jag] for an ID-JAG, or [jwt] for a grant of identity chaining.',
    );
  else if (isElsewhere === false && types.includes('id_jag'))
    complain(at('types'), 'id_jag is for other authorization servers, and the audiences are of this one. Remove it.');
  if (isElsewhere && refreshToken)
    complain(at('refreshToken'), 'no refresh token comes with a grant for another authorization server. Remove it.');
}

/** Warns of a rule without `types`, which accepts only access tokens of this server, if its clients can get other tokens too. */
function warnOfTypes(
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
function warnOfStrangers(
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
