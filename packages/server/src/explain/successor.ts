// Which later rule could decide in place of a rule, and would give more? Removing the rule must not do that.
import type { Resource } from '../model/resource.ts';
import type { PartyNames, Rule } from '../policy/rule.ts';
import type { ClientRules } from '../policy/rule-index.ts';

/** The part of a rule that is removed: one client or one target; the whole rule if empty. */
interface Removed {
  readonly client?: string;
  readonly target?: Resource;
}

export function findSuccessor(
  rule: Rule,
  byClient: ReadonlyMap<string, ClientRules>,
  { client, target }: Removed,
): Rule | undefined {
  const clients = client === undefined ? [...rule.clients] : [client];
  const targets = target === undefined ? rule.grant.targets : [target];
  const others = clients.flatMap((id) => byClient.get(id)?.all ?? []);
  return others.find(
    (other) =>
      other.position > rule.position &&
      other.mode === 'enforce' &&
      targets.some((one) => other.grant.targets.includes(one)) &&
      mayShareParty(rule.subject, other.subject) &&
      mayShareActor(rule, other) &&
      givesMore(other, rule),
  );
}

/** Could one token match both? Conditions do not count. */
const mayShareParty = (one: PartyNames, other: PartyNames): boolean =>
  overlaps(one.issuers, other.issuers) &&
  mayShareClients(one, other) &&
  (overlaps(one.types.own, other.types.own) || overlaps(one.types.foreign, other.types.foreign));

/** A pattern may match every client. */
const mayShareClients = (one: PartyNames, other: PartyNames): boolean =>
  one.clientPatterns.length + other.clientPatterns.length > 0 || overlaps(one.clients, other.clients);

function mayShareActor({ actor: one }: Rule, { actor: other }: Rule): boolean {
  const withActor = one.presence !== 'forbidden' && other.presence !== 'forbidden' && mayShareParty(one, other);
  const without = one.presence !== 'required' && other.presence !== 'required';
  return withActor || without;
}

/** The words `any` and `accepted` stand for every name. */
const overlaps = (one: ReadonlySet<string> | string, other: ReadonlySet<string> | string): boolean =>
  typeof one === 'string' || typeof other === 'string' || !one.isDisjointFrom(other);

/** Does `other` give in some way more than `rule`? What cannot be compared counts as more. */
function givesMore(other: Rule, rule: Rule): boolean {
  const [more, less] = [other.grant, rule.grant];
  return (
    !more.scopes.isSubsetOf(less.scopes) ||
    more.scopeMap !== 'same' ||
    less.scopeMap !== 'same' ||
    more.targets.some((target) => !less.targets.includes(target)) ||
    !more.types.isSubsetOf(less.types) ||
    (more.lifetime ?? Number.POSITIVE_INFINITY) > (less.lifetime ?? Number.POSITIVE_INFINITY) ||
    (more.refreshToken === 'beside' && less.refreshToken === 'none') ||
    more.maxDepth > less.maxDepth ||
    more.claims.length > 0 ||
    less.claims.length > 0 ||
    (rule.act === 'client' && other.act !== 'client') ||
    (other.rebind === 'bearer' && rule.rebind === 'refuse') ||
    (other.subject.constrained === 'accept' && rule.subject.constrained === 'prove') ||
    (other.actor.constrained === 'accept' && rule.actor.constrained === 'prove')
  );
}

/** Do conditions of the rule read what it would grant? Then less to grant may let it match where it did not. */
export const readsOffer = ({ subject, actor, when }: Rule): boolean =>
  [subject.when, actor.when, when].some(
    (condition) => condition !== 'always' && condition.reads.some((text) => /^(?:scope|targets|request)\b/.test(text)),
  );
