// Which rules can never decide, because an earlier one always matches first?
import type { ActorPattern, PartyPattern, Rule } from '../policy/rule.ts';

/** @returns the earlier rule, where it is certain; conditions and what only requests can tell make it uncertain */
export const shadowedBy = (rule: Rule, earlier: readonly Rule[]): Rule | undefined =>
  earlier.find((one) => covers(one, rule));

function covers(one: Rule, rule: Rule): boolean {
  return (
    one.mode === 'enforce' &&
    one.when === undefined &&
    holdsAll(one.clients, rule.clients) &&
    coversParty(one.subject, rule.subject) &&
    coversActor(one.actor, rule.actor) &&
    rule.grant.targets.every((target) => one.grant.targets.includes(target))
  );
}

/** A part that asks nothing holds whatever another asks; but naming the origin lets more match, not less. */
function coversParty(one: PartyPattern, other: PartyPattern): boolean {
  const namesOrigin = (pattern: PartyPattern): boolean =>
    pattern.clients !== undefined || pattern.issuers !== undefined;
  return (
    one.when === undefined &&
    (namesOrigin(one) || !namesOrigin(other)) &&
    (one.clients !== undefined || other.clients === undefined) &&
    holdsAll(one.issuers, other.issuers) &&
    holdsAll(one.types, other.types) &&
    holdsAll(one.clients, other.clients)
  );
}

function coversActor(one: ActorPattern, other: ActorPattern): boolean {
  const without = other.presence === 'required' || one.presence !== 'required';
  const withActor = other.presence === 'forbidden' || one.presence !== 'forbidden';
  const delegated = one.delegated === 'allow' || other.delegated === 'refuse';
  return without && withActor && (other.presence === 'forbidden' || (delegated && coversParty(one, other)));
}

const holdsAll = (one: ReadonlySet<unknown> | undefined, other: ReadonlySet<unknown> | undefined): boolean =>
  one === undefined || (other?.isSubsetOf(one) ?? false);
