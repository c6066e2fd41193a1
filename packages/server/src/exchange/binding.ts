// Which key is the new token bound to? The one that the caller proved. A token that is bound to a key is good with that key
// alone, and what comes of it stays with it, unless the rule says otherwise.

import type { Client } from '../model/client.ts';
import type { Resource } from '../model/resource.ts';
import type { Rule } from '../policy/rule.ts';
import { type Confirmation, describeKey, sameKey } from '../primitives/confirmation.ts';
import { Refusal, type Role } from '../primitives/refusal.ts';

/** Something that may be bound to a key. */
interface Held {
  readonly confirmation: Confirmation | undefined;
}

type Presented = { readonly subject: Held; readonly actor: Held | undefined };
type BoundToken = { readonly role: Role; readonly to: Confirmation; readonly constrained: 'prove' | 'accept' };

/** @returns how a key was lost on the rule's word @throws Refusal subject_token_bound, actor_token_bound */
export function checkBinding(
  presented: Presented,
  rule: Rule,
  proven: Confirmation | undefined,
): 'key' | 'bearer' | undefined {
  const bound = boundTokens(presented, rule);
  const stranger = bound.find(({ to, constrained }) => constrained === 'prove' && !sameKey(to, proven));
  if (stranger !== undefined) throw unproven(stranger, 'the request does not prove it');
  const rebound = bound.find(({ to }) => !sameKey(to, proven));
  if (rebound === undefined) return undefined;
  if (proven !== undefined) return 'key';
  if (rule.rebind !== 'bearer')
    throw unproven(rebound, 'the rule accepts it without, yet lets nothing unbound come of it (rebind)');
  return 'bearer';
}

const unproven = ({ role, to }: BoundToken, why: string): Refusal =>
  new Refusal(`${role}_token_bound`, { detail: `it is bound to ${describeKey(to)}: ${why}` });

function boundTokens({ subject, actor }: Presented, rule: Rule): readonly BoundToken[] {
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
