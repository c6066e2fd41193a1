// What can a client reach? Lists the targets and scopes that the rules and the client's own entry can give, with the conditions that
// remain. No token is needed, and none is issued.
import { Budget, type CompiledExpression, holds } from '../expression/condition.ts';
import type { Client } from '../model/client.ts';
import type { Resource } from '../model/resource.ts';
import type { Policy } from '../policy/policy.ts';
import type { DenyRule, PartyNames, Rule } from '../policy/rule.ts';
import type { Principal } from '../primitives/principal.ts';
import { describeList } from './wording.ts';

export interface ReachableScope {
  readonly scope: string;
  /** The scopes of the subject token that give it; absent if the rule renames none. */
  readonly from?: readonly string[];
}

/** What one rule, or one grant of the client's own, can give at one target. */
export interface ReachableTarget {
  readonly audience: string;
  readonly scopes: readonly ReachableScope[];
  readonly by: 'rule' | 'client_credentials' | 'sign-in';
  readonly rule?: string;
  /** The file and the line. */
  readonly at?: string;
  /** `audit`: the rule is only watched. */
  readonly mode?: Rule['mode'];
  /** Seconds; absent if the target alone limits the lifetime. */
  readonly lifetime?: number;
  /** The conditions that remain, in words; all must hold. */
  readonly requires: readonly string[];
  /** Rules that deny, with the conditions under which they may. */
  readonly unless: readonly string[];
}

interface ReachContext {
  readonly policy: Policy;
  readonly resources: readonly Resource[];
  readonly placeOf: (path: readonly (string | number)[]) => string;
  /** The subject that is asked about; undefined for any. */
  readonly subject: Principal | undefined;
}

export function listReach(client: Client, context: ReachContext): readonly ReachableTarget[] {
  const { policy } = context;
  const rules = policy.byClient.get(client.id)?.all ?? [];
  const known = factsOf(client, context.subject);
  return [
    ...(client.grants.has('token_exchange') || client.grants.has('jwt_bearer') || client.grants.has('jwt_dpop')
      ? rules.flatMap((rule) => reachBy(rule, client, known, context))
      : []),
    ...(context.subject === undefined ? ownReach(client, context) : []),
  ];
}

function ownReach(client: Client, { resources }: ReachContext): readonly ReachableTarget[] {
  const signsIn = ['authorization_code', 'device_code'].some((grant) => client.grants.has(grant));
  const kinds = [
    ...(client.grants.has('client_credentials') ? [{ by: 'client_credentials', requires: [] } as const] : []),
    ...(signsIn ? [{ by: 'sign-in', requires: ['a person signs in and agrees'] } as const] : []),
  ];
  const own = resources.filter(({ audience }) => client.audiences.includes(audience));
  return kinds.flatMap((kind) =>
    own.map(({ audience, scopes }) => ({
      audience,
      ...kind,
      scopes: [...scopes]
        .filter((name) => client.scopes !== 'unbounded' && client.scopes.has(name))
        .map((scope) => ({ scope })),
      unless: [],
    })),
  );
}

/** The facts that are known without a token. */
interface Known {
  readonly names: ReadonlySet<string>;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly subject: Principal | undefined;
}

const factsOf = ({ id }: Client, subject: Principal | undefined): Known => ({
  names: new Set(['client.id', ...(subject === undefined ? [] : ['subject.iss', 'subject.sub'])]),
  facts: { client: { id }, subject: subject ?? {}, actor: {} },
  subject,
});

function reachBy(rule: Rule, client: Client, known: Known, context: ReachContext): readonly ReachableTarget[] {
  const requires = requirementsOf(rule, client, known, context.policy.issuer);
  if (requires === 'never') return [];
  const { grant, name, position, mode } = rule;
  return grant.targets.map((target) => ({
    audience: target.audience,
    scopes: scopesAt(rule, target, client),
    by: 'rule',
    rule: name,
    at: context.placeOf(['rules', position]),
    ...(mode === 'audit' && { mode }),
    ...(grant.lifetime !== undefined && { lifetime: grant.lifetime }),
    requires,
    unless: denialsOf(target, client, known, context.policy),
  }));
}

function scopesAt({ grant }: Rule, target: Resource, client: Client): readonly ReachableScope[] {
  const { scopes, scopeMap } = grant;
  return [...scopes]
    .filter((name) => target.scopes.has(name) && (client.scopes === 'unbounded' || client.scopes.has(name)))
    .map((scope) => {
      if (scopeMap === 'same') return { scope };
      const from = [...scopeMap].flatMap(([held, given]) => ([...given].includes(scope) ? [held] : []));
      return { scope, from };
    });
}

/** @returns `never` if the subject that is asked about cannot match */
function requirementsOf(rule: Rule, client: Client, known: Known, self: string): readonly string[] | 'never' {
  const { subject, actor, when, act, guests } = rule;
  if (known.subject !== undefined && subject.issuers !== 'any' && !subject.issuers.has(known.subject.iss))
    return 'never';
  const conditions = [subject.when, when].map((condition) => remaining(condition, known));
  if (conditions.includes('false')) return 'never';
  const ofActor = actor.presence === 'forbidden' ? [] : describeActor(actor, self);
  return [
    ...describeSubject(subject, client, self),
    ...(actor.presence === 'required'
      ? [`an actor token is sent${ofActor.length > 0 ? `, and ${describeList(ofActor)}` : ''}`]
      : []),
    ...(actor.presence === 'optional' && ofActor.length > 0
      ? [`if an actor token is sent, ${describeList(ofActor)}`]
      : []),
    ...(actor.presence === 'forbidden' ? ['no actor token is sent'] : []),
    ...(act === 'client' ? [`${client.id} acts if no actor token is sent`] : []),
    ...(guests.has(client.id) ? ['the request names its target'] : []),
    ...conditions.filter((one) => one !== 'true'),
  ];
}

function describeSubject({ issuers, types, clients }: PartyNames, { id, resource }: Client, self: string) {
  const names = issuers === 'any' ? undefined : [...issuers].map((one) => (one === self ? 'this server' : one));
  const mayBeOwn = issuers === 'any' || issuers.has(self);
  const own = types.own === 'accepted' ? [] : [...types.own];
  return [
    ...(names === undefined ? [] : [`the subject token is from ${describeList(names, 'or')}`]),
    ...(clients === 'any'
      ? mayBeOwn
        ? [`a subject token of this server was issued to ${id}, or is addressed to ${resource ?? id}`]
        : []
      : [`the subject token was issued to ${describeList([...clients], 'or')}`]),
    ...(types.foreign === 'accepted'
      ? []
      : [`its type is ${describeList([...new Set([...own, ...types.foreign])], 'or')}`]),
  ];
}

/** Completes "an actor token is sent, and". */
function describeActor(actor: Rule['actor'], self: string): readonly string[] {
  const { issuers, clients, clientPatterns, subjects, claims, when } = actor;
  const all = clients === 'any' ? [] : [...clients, ...clientPatterns];
  const names = issuers === 'any' ? [] : [...issuers].map((one) => (one === self ? 'this server' : one));
  return [
    ...(all.length > 0 ? [`the actor is ${describeList(all, 'or')}`] : []),
    ...(all.length === 0 && names.length > 0 ? [`it is from ${describeList(names, 'or')}`] : []),
    ...(subjects === 'any' ? [] : [`its subject is ${describeList(subjects, 'or')}`]),
    ...[claims, when].filter((one) => one !== 'always').map(describeCondition),
  ];
}

const describeCondition = ({ text, reads }: CompiledExpression): string =>
  `it depends on ${describeList(reads)}: ${text}`;

/** @returns `true` or `false` if all that it reads is known; otherwise its words */
function remaining(condition: CompiledExpression | 'always', { names, facts }: Known): string {
  if (condition === 'always') return 'true';
  if (condition.reads.length === 0 || !condition.reads.every((name) => names.has(name)))
    return describeCondition(condition);
  const answer = holds(condition, facts, new Budget());
  return answer.kind === 'cannot tell' ? describeCondition(condition) : String(answer.kind === 'yes');
}

function denialsOf(target: Resource, client: Client, known: Known, { denials, issuer }: Policy): readonly string[] {
  return denials.flatMap((rule) => {
    const { clients, targets, subject, actor, when, because, mode, name } = rule;
    if (
      mode === 'audit' ||
      (clients !== 'any' && !clients.has(client.id)) ||
      (targets !== 'any' && !targets.has(target))
    )
      return [];
    if (known.subject !== undefined && subject.issuers !== 'any' && !subject.issuers.has(known.subject.iss)) return [];
    const conditions = [subject.when, when].map((condition) => remaining(condition, known));
    if (conditions.includes('false')) return [];
    const words = [...describeDenied(subject, actor, issuer), ...conditions.filter((one) => one !== 'true')];
    const under = words.length === 0 ? '' : `, where ${describeList(words)}`;
    return [`“${name}” denies${under}${because === undefined ? '' : ` (${because})`}`];
  });
}

function describeDenied(subject: DenyRule['subject'], actor: DenyRule['actor'], self: string): readonly string[] {
  const from = ({ issuers, clients }: PartyNames): readonly string[] =>
    clients !== 'any'
      ? [...clients]
      : issuers === 'any'
        ? []
        : [...issuers].map((one) => (one === self ? 'this server' : one));
  const [ofSubject, ofActor] = [from(subject), from(actor)];
  return [
    ...(ofSubject.length > 0 ? [`the subject token is from ${describeList(ofSubject, 'or')}`] : []),
    ...(actor.presence === 'forbidden' ? ['nobody acts'] : []),
    ...(actor.presence === 'required' || ofActor.length > 0
      ? [`somebody acts${ofActor.length > 0 ? `: ${describeList(ofActor, 'or')}` : ''}`]
      : []),
    ...[actor.claims, actor.when].filter((one) => one !== 'always').map(describeCondition),
  ];
}
