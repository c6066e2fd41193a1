// Which key is the new token bound to? The one that the caller proved. A token that is bound to a key is good with that key
// alone, and what comes of it stays with it, unless the rule says otherwise.

import type { Decision } from '../issuing/authorization.ts';
import type { Client } from '../model/client.ts';
import type { Resource } from '../model/resource.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import type { Rule } from '../policy/rule.ts';
import { type Confirmation, sameKey, sayKey } from '../primitives/confirmation.ts';
import { Refusal, type Role } from '../primitives/refusal.ts';

type Bound = { readonly role: Role; readonly to: Confirmation; readonly constrained: 'prove' | 'accept' };
type Presented = { readonly subject: TokenFacts; readonly actor: TokenFacts | undefined };

/** @throws Refusal subject_token_bound, actor_token_bound */
export function bindResult(
  presented: Presented,
  rule: Rule,
  proven: Confirmation | undefined,
): Pick<Decision, 'confirmation' | 'rebound'> {
  const bound = boundTokens(presented, rule);
  const stranger = bound.find(({ to, constrained }) => constrained === 'prove' && !sameKey(to, proven));
  if (stranger !== undefined) throw unproven(stranger, 'the request does not prove it');
  const rebound = bound.find(({ to }) => !sameKey(to, proven));
  if (rebound === undefined) return { confirmation: proven };
  if (proven !== undefined) return { confirmation: proven, rebound: 'key' };
  if (rule.rebind !== 'bearer')
    throw unproven(rebound, 'the rule accepts it without, yet lets nothing unbound come of it (rebind)');
  return { confirmation: undefined, rebound: 'bearer' };
}

const unproven = ({ role, to }: Bound, why: string): Refusal =>
  new Refusal(`${role}_token_bound`, { detail: `it is bound to ${sayKey(to)}: ${why}` });

function boundTokens({ subject, actor }: Presented, rule: Rule): readonly Bound[] {
  return (['subject', 'actor'] as const).flatMap((role) => {
    const to = { subject, actor }[role]?.confirmation;
    return to === undefined ? [] : [{ role, to, constrained: rule[role].constrained }];
  });
}

/** Stands for whichever key the caller has, where an explanation cannot know it. */
const OWN_KEY: Confirmation = { jkt: '(of the caller)' };

/** What a request would have to prove. @returns undefined where nothing */
export function neededKey(
  presented: Presented,
  rule: Rule,
  client: Client,
  targets: readonly Resource[],
): Confirmation | undefined {
  const bound = boundTokens(presented, rule);
  const strict = bound.find(({ constrained }) => constrained === 'prove');
  if (strict !== undefined) return strict.to;
  const own =
    (bound.length > 0 && rule.rebind !== 'bearer') ||
    client.dpopBoundAccessTokens ||
    client.certificateBoundAccessTokens ||
    targets.some(({ requireSenderConstraint }) => requireSenderConstraint);
  return own ? OWN_KEY : undefined;
}
