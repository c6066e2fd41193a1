// Checks the rules of files that are included with limits: they grant and deny only audiences of their own.
import { isPublic } from '../model/client.ts';
import { matchesAny } from '../primitives/pattern.ts';
import { type Path, placeInList } from './fault.ts';
import type { ClientSource, ResourceSource } from './schema.ts';
import type { AllowEntry, DenyEntry } from './schema-rules.ts';
import { foreignIssuer, type LimitsContext, listed, type Team, tooLong } from './team.ts';

/** Rules of one entry of `include` that deny. Each is compared with every request, of all clients. */
const MAX_DENIALS = 100;

/** What is looked up for each rule. */
interface RuleContext extends LimitsContext {
  readonly declared: ReadonlyMap<string, ClientSource>;
  readonly people: ReadonlySet<string>;
  /** The resources of each scope, by their index. */
  readonly byScope: ReadonlyMap<string, readonly number[]>;
}

export function checkRuleLimits(limitsContext: LimitsContext): void {
  const { file, complain, originOf, teamOf } = limitsContext;
  const context: RuleContext = {
    ...limitsContext,
    declared: new Map(file.clients.map((client) => [client.id, client])),
    people: new Set(file.accounts.map(({ username, sub = username }) => sub)),
    byScope: indexScopes(file.resources),
  };
  const denials = new Map<Team, number>();
  for (const [index, rule] of file.rules.entries()) {
    const path: Path = ['rules', index];
    if (rule.name === undefined && originOf(path).include !== undefined)
      complain(
        [...path, 'name'],
        'is missing. A rule of an included file needs a name: its number changes with other files.',
      );
    const team = teamOf('rules', index);
    if (team === undefined) continue;
    if (rule.effect !== 'deny') {
      checkAllow(rule, path, team, context);
      continue;
    }
    const count = (denials.get(team) ?? 0) + 1;
    denials.set(team, count);
    if (count === MAX_DENIALS + 1)
      complain(
        path,
        `a file with limits may have ${MAX_DENIALS} rules that deny, because each costs every request. Join some of them.`,
      );
    checkDenial(rule, path, team, context);
  }
}

function indexScopes(resources: readonly ResourceSource[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const [index, { scopes }] of resources.entries())
    for (const scope of new Set(scopes)) found.set(scope, [...(found.get(scope) ?? []), index]);
  return found;
}

function checkDenial(
  { audiences }: DenyEntry,
  path: Path,
  { limits, owns, ownsServer, foreign }: Team,
  { complain }: LimitsContext,
): void {
  if (audiences === undefined)
    complain(
      [...path, 'audiences'],
      `is missing. A rule of this file may deny only its own audiences: ${listed(limits.audiences)}.`,
    );
  for (const [place, audience] of (audiences ?? []).entries())
    if (!owns(audience) && !ownsServer(audience)) complain([...path, 'audiences', place], foreign(audience));
}

function checkAllow(rule: AllowEntry, path: Path, team: Team, context: RuleContext): void {
  const { complain } = context;
  const { limits, owns, ownsServer, foreign } = team;
  for (const [place, audience] of rule.grant.audiences.entries())
    if (!owns(audience) && !ownsServer(audience)) complain([...path, 'grant', 'audiences', place], foreign(audience));
  checkClients(rule, path, team, context);
  checkSubjects(rule, path, team, context);
  checkIssuers(rule, path, team, context);
  checkScopes(rule, path, team, context);
  const hasRefresh = rule.grant.refreshToken || rule.grant.types.includes('refresh_token');
  if (hasRefresh && rule.grant.refreshLifetime > limits.maxRefreshLifetime)
    complain(
      [...path, 'grant', 'refreshLifetime'],
      tooLong('refresh tokens', rule.grant.refreshLifetime, limits, 'refreshLifetime'),
    );
  // Tokens of the team may be taken by rules of others, which rely on what these keys give up.
  if (rule.rebind !== undefined) complain([...path, 'rebind'], mainOnly('rebind'));
  for (const part of ['subject', 'actor'] as const)
    if (rule[part].constrained !== undefined) complain([...path, part, 'constrained'], mainOnly('constrained'));
  for (const claim of Object.keys(rule.grant.claims))
    if (!matchesAny(limits.claims, claim))
      complain(
        [...path, 'grant', 'claims', claim],
        `this file may not add the claim ${JSON.stringify(claim)}, which conditions of other rules may read. Add it to claims of its entry of include, in the main file.`,
      );
}

const mainOnly = (key: string): string =>
  `only a file without limits may have ${key}. Remove it, or move the rule to the main file.`;

const ADD_CLIENT = '. Add it to clients of its entry of include, in the main file, or move the rule there.';

/** The callers, and the clients whose tokens they bring. */
function checkClients(rule: AllowEntry, path: Path, team: Team, { declared, complain }: RuleContext): void {
  const { limits, ownsClient } = team;
  const check = (ids: readonly string[], at: Path, isAllowed: (id: string) => boolean, why: string): void => {
    for (const [place, id] of ids.entries())
      if (!ownsClient(id) && !isAllowed(id))
        complain(
          placeInList([...path, ...at], ids, place),
          `${JSON.stringify(id)} is not a client of this file${why}`,
          'fault',
          'value',
          limits.clients === undefined && !declared.has(id) ? 'clients' : undefined,
        );
  };
  if (limits.clients !== undefined) {
    const why = `, which has ${listed(limits.clients)}${ADD_CLIENT}`;
    check(rule.client, ['client'], () => false, why);
    check(rule.subject.clients ?? [], ['subject', 'clients'], () => false, why);
    check(rule.actor.clients ?? [], ['actor', 'clients'], () => false, why);
    return;
  }
  check(
    rule.client,
    ['client'],
    (id) => declared.has(id),
    `, nor of another, so somebody else may register it${ADD_CLIENT}`,
  );
  // A client of the team, or a public one, which anybody can be, must not take tokens that were issued to others.
  const isForeign = rule.client.every((id) => {
    const client = declared.get(id);
    return client !== undefined && !isPublic(client) && !ownsClient(id);
  });
  for (const part of ['subject', 'actor'] as const)
    check(
      rule[part].clients ?? [],
      [part, 'clients'],
      // A pattern would match clients that are not declared yet.
      (id) => isForeign && !id.includes('*') && declared.has(id),
      `, so the callers of this rule may not take its tokens${ADD_CLIENT}`,
    );
}

/** Subjects of this server are clients and people. A name that nobody has yet may become the name of a client of others. */
function checkSubjects({ actor }: AllowEntry, path: Path, team: Team, context: RuleContext): void {
  const { file, declared, people, complain } = context;
  const { issuer = ['self'], subjects = [] } = actor;
  if (!issuer.some((one) => one === 'self' || one === file.issuer)) return;
  for (const [place, subject] of subjects.entries()) {
    const isKnown = !subject.includes('*') && (declared.has(subject) || people.has(subject));
    if (isKnown || team.ownsClient(subject)) continue;
    complain(
      placeInList([...path, 'actor', 'subjects'], subjects, place),
      `${JSON.stringify(subject)} may be a client of others, because this server is among the issuers of the actor. Write the id of a client, or the issuer that gives the subject${ADD_CLIENT}`,
    );
  }
}

function checkIssuers(rule: AllowEntry, path: Path, team: Team, { file, complain }: RuleContext): void {
  for (const part of ['subject', 'actor'] as const) {
    const issuers = rule[part].issuer ?? [];
    for (const [place, issuer] of issuers.entries())
      if (issuer !== 'self' && issuer !== file.issuer && !team.issuers.has(issuer))
        complain(placeInList([...path, part, 'issuer'], issuers, place), foreignIssuer(issuer, team));
  }
}

/** A scope that a map, or a token without scope, leads to must not be one that counts at the API of somebody else. */
function checkScopes(rule: AllowEntry, path: Path, { limits, owns, issuers }: Team, context: RuleContext): void {
  const { file, byScope, complain, placeOf } = context;
  const { scopes } = rule.grant;
  const isMap = !Array.isArray(scopes);
  // An issuer that the file may not name is reported there.
  const isBound = (rule.subject.issuer ?? ['self']).every(
    (issuer) => issuer === 'self' || issuer === file.issuer || !issuers.has(issuer),
  );
  const places: readonly (readonly [Path, string])[] = isMap
    ? Object.entries(scopes).flatMap(([from, given]) => given.map((scope, place) => [[from, place], scope] as const))
    : scopes.map((scope, place) => [[place], scope] as const);
  for (const [within, scope] of places) {
    const at = [...path, 'grant', 'scopes', ...within];
    if (limits.scopes !== undefined) {
      if (!matchesAny(limits.scopes, scope))
        complain(
          at,
          `this file may not grant the scope ${JSON.stringify(scope)}. Add it to scopes of its entry of include, in the main file.`,
        );
      continue;
    }
    if (!isMap && isBound) continue;
    const other = byScope.get(scope)?.find((index) => !owns(file.resources[index]?.audience ?? ''));
    if (other !== undefined)
      complain(
        at,
        `${JSON.stringify(scope)} is a scope of ${file.resources[other]?.audience} too (${placeOf(['resources', other])}), and a rule there may take this token. Give the scope a name of its own, or add it to scopes of the entry of include, in the main file.`,
      );
  }
}
