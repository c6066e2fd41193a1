// Resolves a rule that denies. An unknown name is a fault here, because the rule would deny nothing.
import type { Resource } from '../model/resource.ts';
import { ALL_TYPES, type DenyRule } from '../policy/rule.ts';
import { readCondition } from './expressions.ts';
import type { Path } from './fault.ts';
import { matchesSome, type RulePlace, resolveActor, resolveParty } from './resolve-party.ts';
import type { DenyEntry } from './schema-rules.ts';

/** What a JWT of another issuer is called by the caller. */
const DECLARED: ReadonlySet<string> = new Set(['access_token', 'id_token', 'jwt']);

interface DenialPlace extends RulePlace {
  /** A name may stand for several targets. */
  readonly byAudience: (name: string) => readonly Resource[];
  /** The clients of the file. Others may be registered while the server runs. */
  readonly clients: ReadonlyMap<string, unknown>;
}

export function resolveDenial(name: string, entry: DenyEntry, about: DenialPlace): DenyRule {
  const { client, subject, actor, audiences, when, because, mode } = entry;
  const { path, complain, byAudience, issuerNames, unknown, unsure } = about;
  const isUnsure = (audience: string): boolean =>
    unsure.name('resources', audience) || unsure.name('authorizationServers', audience);
  const targets = audiences?.flatMap((audience, place) => {
    const found = byAudience(audience);
    if (found.length === 0 && !isUnsure(audience))
      complain([...path, 'audiences', place], unknown.resource(audience), 'fault', 'value', 'resources');
    return found;
  });
  for (const [part, { issuer = [], clients = [], types = [] }] of Object.entries({ subject, actor })) {
    if (
      types.some((type) => DECLARED.has(type)) &&
      !(issuer.length === 1 && issuerNames.get(issuer[0] ?? '')?.[0] === issuerNames.get('self')?.[0])
    )
      complain(
        [...path, part, 'types'],
        'these are types under which a caller sends a JWT of another issuer, so another type escapes the rule. Remove types, or set issuer: self.',
      );
    for (const one of issuer)
      if (!issuerNames.has(one) && !unsure.name('issuers', one))
        complain([...path, part, 'issuer'], unknown.issuer(one), 'fault', 'value', 'issuers');
    const ids = part === 'actor' ? clients.filter((id) => !matchesSome(id, about.clients.keys())) : clients;
    warnOfClients(ids, [...path, part, 'clients'], about);
  }
  warnOfClients(client ?? [], [...path, 'client'], about);
  const named = Object.values({ ...actor, required: undefined, forbidden: undefined }).some(
    (value) => value !== undefined,
  );
  return {
    name,
    position: Number(path[1]),
    effect: 'deny',
    mode: mode ?? 'enforce',
    clients: client === undefined ? 'any' : new Set(client),
    subject: resolveParty('subject', subject, about, ALL_TYPES),
    actor: {
      ...resolveActor(actor, about, ALL_TYPES),
      presence: actor.forbidden ? 'forbidden' : actor.required || named ? 'required' : 'optional',
    },
    targets: targets === undefined ? 'any' : new Set(targets),
    when: when === undefined ? 'always' : readCondition(when, [...path, 'when'], complain),
    because,
  };
}

function warnOfClients(
  ids: readonly string[],
  path: Path,
  { clients, unknown, isDescribed, complain }: DenialPlace,
): void {
  for (const id of ids)
    if (!clients.has(id) && !isDescribed(id)) complain(path, unknown.client(id), 'warning', 'value', 'clients');
}
