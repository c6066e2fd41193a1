// What do the rules of the file mean? Names become resources; what can never match is a warning.
import type { Resource, Targets } from '../issuing/resource.ts';
import type { PartyPattern, Rule } from '../policy/rule.ts';
import { normalAudience } from '../policy/targets.ts';
import type { Complain, Path } from './fault.ts';
import type { ConfigurationFile, RuleEntry } from './schema.ts';

export function resolveRules(
  file: ConfigurationFile,
  resources: readonly Resource[],
  complain: Complain,
): readonly Rule[] {
  const seen = new Set<string>();
  return file.rules.flatMap((entry, index) => {
    const path: Path = ['rules', index];
    const name = entry.name ?? `rule ${index + 1}`;
    if (seen.has(name)) complain([...path, 'name'], 'another rule has this name');
    seen.add(name);
    warnOfStrangers(entry, file, path, complain);
    const [first, ...others] = grantedTargets(entry, resources, path, complain);
    return first === undefined ? [] : [toRule(name, entry, [first, ...others], file.issuer)];
  });
}

function toRule(name: string, { client, subject, actor, grant }: RuleEntry, targets: Targets, self: string): Rule {
  return {
    name,
    clients: new Set(client),
    subject: toPattern(subject, self),
    actor: {
      ...toPattern(actor, self),
      presence: actor.required ? 'required' : actor.forbidden ? 'forbidden' : 'optional',
      delegated: actor.delegated ?? 'refuse',
    },
    grant: {
      targets,
      scopes: new Set(grant.scopes),
      types: new Set(grant.types),
      lifetime: grant.lifetime,
      maxDepth: grant.maxDepth,
    },
  };
}

const toPattern = ({ issuer, types, clients }: RuleEntry['subject'], self: string): PartyPattern => ({
  ...(issuer && { issuers: new Set(issuer.map((name) => (name === 'self' ? self : name))) }),
  ...(types && { types: new Set(types) }),
  ...(clients && { clients: new Set(clients) }),
});

function grantedTargets(
  { grant }: RuleEntry,
  resources: readonly Resource[],
  path: Path,
  complain: Complain,
): Resource[] {
  const targets: Resource[] = [];
  for (const [place, audience] of grant.audiences.entries()) {
    const target = resources.find((one) => normalAudience(one.audience) === normalAudience(audience));
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

function warnOfStrangers(entry: RuleEntry, file: ConfigurationFile, path: Path, complain: Complain): void {
  const ids = new Set(file.clients.map(({ id }) => id));
  const check = (names: readonly string[] | undefined, ...where: Path): void => {
    for (const name of names ?? []) {
      if (!ids.has(name)) complain([...path, ...where], `there is no client ${JSON.stringify(name)}`, 'warning');
    }
  };
  check(entry.client, 'client');
  check(entry.subject.clients, 'subject', 'clients');
  check(entry.actor.clients, 'actor', 'clients');
  if (
    !entry.client.some((id) =>
      file.clients.some((client) => client.id === id && client.grants.includes('token_exchange')),
    )
  ) {
    complain([...path, 'client'], 'none of its clients has the grant token_exchange', 'warning');
  }
}
