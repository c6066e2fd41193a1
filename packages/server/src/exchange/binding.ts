// Checks which key the new token is bound to: the one that the caller proved. A bound token is valid only with its key, and tokens
// exchanged for it stay bound, unless the rule says otherwise.

import type { Client } from '../model/client.ts';
import type { Resource } from '../model/resource.ts';
import type { Rule } from '../policy/rule.ts';
import { type Confirmation, describeKey, sameKey } from '../primitives/confirmation.ts';
import { Refusal, type Role } from '../primitives/refusal.ts';
import { isRedeemed } from '../primitives/token-type.ts';

/** A token that may be bound to a key. */
interface Held {
  /** Absent: of a refresh family, which no assertion begins. */
  readonly type?: string;
  readonly confirmation: Confirmation | undefined;
}

type Presented = { readonly subject: Held; readonly actor: Held | undefined };
type BoundToken = { readonly role: Role; readonly to: Confirmation; readonly constrained: 'prove' | 'accept' };

/** @returns how the key changed, as the rule allows @throws Refusal subject_token_bound, actor_token_bound */
export function checkBinding(
  presented: Presented,
  rule: Rule,
  proven: Confirmation | undefined,
): 'key' | 'bearer' | undefined {
  const bound = boundTokens(presented, rule);
  const withoutProof = bound.find(({ to, constrained }) => constrained === 'prove' && !sameKey(to, proven));
  if (withoutProof !== undefined) throw unproven(withoutProof, 'the request does not prove it');
  const rebound = bound.find(({ to }) => !sameKey(to, proven));
  if (rebound === undefined) return undefined;
  if (proven !== undefined) return 'key';
  if (rule.rebind !== 'bearer')
    throw unproven(
      rebound,
      'the rule accepts it without that key, but does not grant an unbound token for it (rebind)',
    );
  return 'bearer';
}

const unproven = ({ role, to }: BoundToken, why: string): Refusal =>
  new Refusal(`${role}_token_bound`, { detail: `it is bound to ${describeKey(to)}: ${why}` });

function boundTokens({ subject, actor }: Presented, rule: Rule): readonly BoundToken[] {
  return (['subject', 'actor'] as const).flatMap((role) => {
    const { confirmation: to, type = '' } = { subject, actor }[role] ?? {};
    return to === undefined ? [] : [{ role, to, constrained: isRedeemed(type) ? 'prove' : rule[role].constrained }];
  });
}

/** No rule accepts a bound assertion without its key. @throws Refusal assertion_bound */
export function checkAssertionProven(
  { type, confirmation: bound }: Held,
  { confirmation, proof }: { readonly confirmation: Confirmation | undefined; readonly proof?: 'assumed' },
): void {
  if (!isRedeemed(type ?? '') || bound === undefined || proof === 'assumed' || sameKey(bound, confirmation)) return;
  throw new Refusal('assertion_bound', {
    detail: `it is bound to ${describeKey(bound)}: the request does not prove it`,
  });
}

/** Stands for any key of the caller, in explanations. */
const OWN_KEY: Confirmation = { jkt: '(of the caller)' };

/** The key that a request would have to prove; undefined if none. */
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
    targets.some(({ requireSenderConstraint, server }) => requireSenderConstraint || server?.keyBinding === 'required');
  return own ? OWN_KEY : undefined;
}
