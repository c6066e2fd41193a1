// Resolves the rules of the configuration file.

import { isReservedClaim } from '../issuing/access-token-claims.ts';
import { isDocumentId } from '../model/client-document.ts';
import type { Resource, Targets } from '../model/resource.ts';
import type { TargetNames } from '../narrowing/targets.ts';
import type { DenyRule, Rule } from '../policy/rule.ts';
import { didYouMean } from '../primitives/nearest.ts';
import type { Scope } from '../primitives/scope.ts';
import type { IssuerEntry } from '../trust/issuer.ts';
import { compileClaim, readCondition } from './expressions.ts';
import type { Complain, Path } from './fault.ts';
import { indexIssuerNames } from './issuer-name.ts';
import { createNameDescriber } from './references.ts';
import { resolveDenial } from './resolve-denial.ts';
import { type RulePlace, resolveActor, resolveParty } from './resolve-party.ts';
import { warnOfRulesElsewhere } from './rules-elsewhere.ts';
import type { ConfigurationFile } from './schema.ts';
import type { AllowEntry } from './schema-rules.ts';
import { findShadowed } from './shadowed.ts';
import { elsewhere, type Surroundings } from './source.ts';
import { createTeams } from './team.ts';
import { warnOfStrangers, warnOfTypes } from './unmatched-rules.ts';
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
        if (isReservedClaim(claim)) about.complain(place, reserved(claim));
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
