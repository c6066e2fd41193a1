// A second model of what an exchange gives, written from the design with lists and loops, without the server's code. If both agree
// on every case, both are right or wrong in the same way.

export interface Name {
  readonly iss: string;
  readonly sub: string;
}

/** An actor. */
export interface Hop extends Name {
  /** The origin of a foreign subject. */
  readonly from?: Name;
}

export interface Token {
  readonly iss: string;
  readonly sub: string;
  /** The subject at its own issuer (`sub_id`). */
  readonly from?: Name;
  readonly type: string;
  readonly client?: string;
  readonly audiences: readonly string[];
  /** Absent: a kind of token without an id of ours. */
  readonly scope?: readonly string[];
  /** Seconds since 1970. */
  readonly expires: number;
  /** The current actor first. */
  readonly chain: readonly Hop[];
  readonly mayAct?: Readonly<Record<string, unknown>>;
  /** The token is valid only with this key. */
  readonly key?: string;
  readonly acr?: string;
  readonly tenant?: string;
  /** The token and its ancestors, by their subjects and actors. */
  readonly ancestors: readonly string[];
  readonly actingAncestors: readonly string[];
}

export interface Resource {
  readonly audience: string;
  readonly locations: readonly string[];
  readonly scopes: readonly string[];
  readonly acr: readonly string[];
  readonly lifetime: number;
  /** Requires tokens that are bound to a key. */
  readonly strict: boolean;
  readonly format: string;
}

export interface Client {
  readonly id: string;
  readonly scopes?: readonly string[];
  readonly audience?: string;
  readonly refreshes: boolean;
}

export interface Party {
  readonly issuers?: readonly string[];
  /** Absent: access tokens if issued here, else every type. */
  readonly types?: readonly string[];
  readonly clients?: readonly string[];
  /** A condition: the claim `tenant` has this value. */
  readonly tenant?: string;
  /** Any caller may use a token that is bound to a key. */
  readonly anyKey: boolean;
}

/** What is wanted of an actor besides. */
interface ActorParts {
  /** Its subject begins so. */
  readonly starts?: string;
  /** Its claim `tenant`, in the list of words. */
  readonly word?: string;
}

export interface Rule {
  readonly clients: readonly string[];
  readonly watched: boolean;
  readonly subject: Party;
  readonly actor: Party & ActorParts & { readonly must: 'be' | 'not be' | 'may be'; readonly delegated: boolean };
  readonly clientActs: boolean;
  /** A bound token may become an unbound one. */
  readonly loosens: boolean;
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  /** Maps a scope of the subject to a scope of the target. Absent: names stay the same. */
  readonly renames?: readonly (readonly [from: string, to: string])[];
  readonly types: readonly string[];
  readonly lifetime?: number;
  readonly depth: number;
  readonly refreshBeside: boolean;
  readonly refreshLifetime: number;
}

/** A rule that denies. Absent parts match everything. */
export interface Denial {
  readonly clients?: readonly string[];
  readonly issuers?: readonly string[];
  readonly audiences?: readonly string[];
  /** The actor that must act, by its issuer. */
  readonly actorFrom?: readonly string[];
  /** The actor's subject begins so. */
  readonly actorStarts?: string;
  /** The actor's claim `tenant`; undecidable without the claim, and of an actor without its token. */
  readonly actorWord?: string;
  /** A condition on the subject; undecidable without the claim. */
  readonly tenant?: string;
}

export interface World {
  readonly self: string;
  readonly denials: readonly Denial[];
  readonly resources: readonly Resource[];
  readonly clients: readonly Client[];
  readonly rules: readonly Rule[];
}

export interface Request {
  readonly client: string;
  readonly subject: Token;
  readonly actor?: Token;
  readonly audiences: readonly string[];
  readonly resources: readonly string[];
  readonly scope?: readonly string[];
  readonly type: string;
  /** The key that the caller proves. */
  readonly key?: string;
  readonly now: number;
}

/** Whose public sentence the answer has. */
export type Voice = 'subject' | 'actor' | 'actor token' | 'target' | 'type' | 'scope';

export type Expected =
  /** Any of these: the design does not say which of several faults is reported. */
  | { readonly refused: readonly Voice[] }
  | {
      readonly audiences: readonly string[];
      readonly scope: readonly string[];
      readonly lifetime: number;
      readonly chain: readonly Hop[];
      readonly mayAct: Readonly<Record<string, unknown>> | undefined;
      readonly refreshLifetime: number | undefined;
      readonly key: string | undefined;
      readonly rule: number;
    };

export function expect(world: World, request: Request): Expected {
  const { subject, actor } = request;
  const client = world.clients.find(({ id }) => id === request.client);
  if (client === undefined) throw new Error('the model knows only known clients');
  if (actor !== undefined && same(subject, actor)) return { refused: ['actor'] };
  if (!mayActAllows(subject.mayAct, actor ?? clientAsToken(world, client))) return { refused: ['actor'] };
  const targets = findTargets(world, request);
  const first = world.rules.find(
    (rule) =>
      !rule.watched &&
      rule.clients.includes(client.id) &&
      partyMatches(world, rule.subject, subject, client) &&
      actorMatches(world, rule, actor, client) &&
      targets?.every((one) => rule.audiences.includes(one.audience)),
  );
  const aims = targets?.length === 0 ? (first?.audiences.slice(0, 1) ?? []) : (targets ?? []).map((t) => t.audience);
  const last = actor ?? (first?.clientActs ? clientAsToken(world, client) : undefined);
  const again = last !== undefined && names(last).some((name) => equal(name, subject.chain[0]));
  const acting: (Hop | Token)[] = [
    ...subject.chain.slice(again ? 1 : 0),
    ...(last === undefined ? [] : [last, ...last.chain]),
  ];
  if (world.denials.some((denial) => denies(denial, request, acting, aims))) return { refused: ['subject'] };
  let best = 0;
  for (let index = 0; index < world.rules.length; index++) {
    const rule = world.rules[index];
    if (rule === undefined || !rule.clients.includes(client.id)) continue;
    let reached = 0;
    if (partyMatches(world, rule.subject, subject, client)) reached = 1;
    if (reached === 1 && actorMatches(world, rule, actor, client)) reached = 2;
    if (reached === 2 && targets !== undefined && targets.every((one) => rule.audiences.includes(one.audience)))
      reached = 3;
    if (rule.watched) continue;
    if (reached === 3) return grant(world, request, client, targets ?? [], index);
    if (reached > best) best = reached;
  }
  return { refused: [best === 0 ? 'subject' : best === 1 ? 'actor' : 'target'] };
}

function denies(
  denial: Denial,
  { client, subject }: Request,
  acting: readonly (Hop | Token)[],
  aims: readonly string[],
): boolean {
  const comesFrom = (issuers: readonly string[], { iss, from }: Hop | Token): boolean =>
    issuers.includes(iss) || (from !== undefined && issuers.includes(from.iss));
  if (denial.clients !== undefined && !denial.clients.includes(client)) return false;
  if (denial.issuers !== undefined && !comesFrom(denial.issuers, subject)) return false;
  const { actorFrom, actorStarts, actorWord } = denial;
  const named = acting.filter((one) =>
    [one, ...(one.from === undefined ? [] : [one.from])].some(
      ({ iss, sub }) =>
        (actorFrom === undefined || actorFrom.includes(iss)) &&
        (actorStarts === undefined || sub.startsWith(actorStarts)),
    ),
  );
  const wanted = actorFrom !== undefined || actorStarts !== undefined || actorWord !== undefined;
  if (wanted && named.length === 0) return false;
  if (denial.audiences !== undefined && !denial.audiences.some((one) => aims.includes(one))) return false;
  if (denial.tenant !== undefined && subject.tenant === undefined) return true;
  if (denial.tenant !== undefined && subject.tenant !== denial.tenant) return false;
  return actorWord === undefined || named.some((one) => !('type' in one) || (one.tenant ?? actorWord) === actorWord);
}

/** All objections to the rule, or the result. */
function grant(world: World, request: Request, client: Client, asked: readonly Resource[], index: number): Expected {
  const rule = world.rules[index];
  if (rule === undefined) throw new Error('no rule');
  const { subject, actor } = request;
  const targets = asked.length > 0 ? asked : world.resources.filter(({ audience }) => audience === rule.audiences[0]);
  const against: Voice[] = [];
  if (subject.key !== undefined) {
    if (subject.key !== request.key && !rule.subject.anyKey) against.push('subject');
    if (request.key === undefined && !rule.loosens) against.push('subject');
  }
  if (actor?.key !== undefined) {
    if (actor.key !== request.key && !rule.actor.anyKey) against.push('actor token');
    if (request.key === undefined && !rule.loosens) against.push('actor token');
  }
  if (request.key === undefined && targets.some(({ strict }) => strict)) against.push('target');
  if (!rule.types.includes(request.type)) against.push('type');
  if (request.type === 'refresh_token' && !client.refreshes) against.push('type');
  if (targets.some(({ format }) => format !== targets[0]?.format)) against.push('target');
  for (const { acr } of targets) if (acr.length > 0 && !acr.includes(subject.acr ?? '')) against.push('target');

  const acting = actor ?? (rule.clientActs ? clientAsToken(world, client) : undefined);
  if (acting !== undefined && same(acting, subject)) against.push('actor');
  const gains = acting !== undefined && !names(acting).some((name) => equal(name, subject.chain[0]));
  const hop = acting && { iss: acting.iss, sub: acting.sub, ...(acting.from && { from: acting.from }) };
  const chain = gains && hop !== undefined ? [hop, ...subject.chain] : subject.chain;
  if (chain.length > rule.depth) against.push('actor');

  const scope: string[] = [];
  let possible = subject.scope ?? rule.scopes;
  if (rule.renames !== undefined) {
    possible = rule.renames.filter(([from]) => subject.scope?.includes(from)).map(([, to]) => to);
    if (targets.some(({ audience }) => subject.audiences.includes(audience)))
      possible = possible.filter((name) => subject.scope?.includes(name));
  }
  for (const name of possible) {
    let everywhere = rule.scopes.includes(name) && (client.scopes === undefined || client.scopes.includes(name));
    for (const { scopes } of targets) if (!scopes.includes(name)) everywhere = false;
    if (everywhere) scope.push(name);
  }
  if (request.scope?.some((name) => !scope.includes(name))) against.push('scope');
  if (request.scope === undefined && scope.length === 0 && targets.some(({ scopes }) => scopes.length > 0))
    against.push('scope');

  const refreshes = request.type === 'refresh_token' || (rule.refreshBeside && client.refreshes);
  const acts = new Set([...(actor?.ancestors ?? []), ...(actor?.actingAncestors ?? []), ...subject.actingAncestors]);
  if (subject.ancestors.length + (refreshes ? 1 : 0) > 16 || acts.size > 16) against.push('subject');
  if (against.length > 0) return { refused: against };

  const ends = [rule.lifetime ?? Number.MAX_SAFE_INTEGER, subject.expires - request.now];
  if (actor !== undefined) ends.push(actor.expires - request.now);
  for (const { lifetime } of targets) ends.push(lifetime);
  // A token that comes with a refresh token does not outlive it.
  if (refreshes) ends.push(rule.refreshLifetime);
  return {
    audiences: targets.map(({ audience }) => audience),
    scope: request.scope ?? scope,
    lifetime: Math.min(...ends),
    chain,
    mayAct: gains ? undefined : subject.mayAct,
    refreshLifetime: refreshes ? rule.refreshLifetime : undefined,
    key: request.key,
    rule: index,
  };
}

function findTargets(world: World, { audiences, resources }: Request): readonly Resource[] | undefined {
  const found: Resource[] = [];
  for (const audience of audiences) {
    const one = world.resources.find((resource) => resource.audience === audience);
    if (one === undefined) return undefined;
    if (!found.includes(one)) found.push(one);
  }
  for (const uri of resources) {
    const one = world.resources.find(({ locations }) =>
      locations.some((place) => uri === place || uri.startsWith(`${place}/`)),
    );
    if (one === undefined) return undefined;
    if (!found.includes(one)) found.push(one);
  }
  return found;
}

function partyMatches(world: World, party: Party, token: Token, client: Client): boolean {
  if (party.issuers !== undefined && !party.issuers.includes(token.iss)) return false;
  const own = token.iss === world.self;
  const types = party.types ?? (own ? ['access_token'] : [token.type]);
  if (!types.includes(token.type)) return false;
  if (party.clients !== undefined && !(own && token.client !== undefined && party.clients.includes(token.client)))
    return false;
  if (party.tenant !== undefined && token.tenant !== party.tenant) return false;
  if (own && (token.client === client.id || party.clients !== undefined)) return true;
  if (!own && party.issuers !== undefined) return true;
  return (
    token.audiences.includes(client.id) || (client.audience !== undefined && token.audiences.includes(client.audience))
  );
}

function actorMatches(world: World, { actor: wanted }: Rule, actor: Token | undefined, client: Client): boolean {
  if (actor === undefined) return wanted.must !== 'be';
  if (wanted.must === 'not be') return false;
  if (actor.chain.length > 0 && !wanted.delegated) return false;
  if (wanted.starts !== undefined && !actor.sub.startsWith(wanted.starts)) return false;
  if (wanted.word !== undefined && actor.tenant !== wanted.word) return false;
  return partyMatches(world, wanted, actor, client);
}

function mayActAllows(mayAct: Token['mayAct'], actor: Token): boolean {
  if (mayAct === undefined) return true;
  for (const name of names(actor)) {
    const known: Record<string, unknown> = { iss: name.iss, sub: name.sub, client_id: actor.client };
    let all = true;
    for (const member of Object.keys(mayAct)) if (known[member] !== mayAct[member]) all = false;
    if (all) return true;
  }
  return false;
}

const clientAsToken = ({ self }: World, { id }: Client): Token => ({
  iss: self,
  sub: id,
  type: 'access_token',
  client: id,
  audiences: [],
  expires: Number.MAX_SAFE_INTEGER,
  chain: [],
  ancestors: [],
  actingAncestors: [],
});

const names = ({ iss, sub, from }: Token): readonly Name[] =>
  from === undefined ? [{ iss, sub }] : [{ iss, sub }, from];
const equal = (a: Name, b: Name | undefined): boolean => a.iss === b?.iss && a.sub === b.sub;

function same(a: Token, b: Token): boolean {
  for (const one of names(a)) for (const other of names(b)) if (equal(one, other)) return true;
  return false;
}
