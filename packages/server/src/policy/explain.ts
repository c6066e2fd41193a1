// Why did the rules decide as they did? Each rule in order, and the first part that did not match, in words.
import type { AuditEvent } from '../audit/event.ts';
import type { Policy } from './rule.ts';

export interface RuleExplanation {
  readonly rule: string;
  readonly result: 'decides' | 'would decide, but is in audit mode' | 'does not match' | 'is not read';
  /** The part that did not match: `subject.types`. */
  readonly part?: string;
  readonly why?: string;
}

const words: Readonly<Record<string, string>> = {
  client: 'it is for other clients',
  'subject.issuer': 'its subject comes from another issuer',
  'subject.types': 'its subject token is of another type',
  'subject.clients': 'its subject token was issued to another client, or is not ours',
  'subject.origin':
    'the subject token was not issued to this client nor addressed to it, and the rule does not name where it comes from (subject.clients for our tokens, subject.issuer for others)',
  'subject.when': 'its condition on the subject is not true',
  'actor.required': 'it asks for an actor token',
  'actor.forbidden': 'it forbids an actor token',
  'actor.delegated': 'somebody acts for the actor already, and the rule does not say actor: { delegated: allow }',
  'actor.issuer': 'its actor comes from another issuer',
  'actor.types': 'its actor token is of another type',
  'actor.clients': 'its actor token was issued to another client, or is not ours',
  'actor.origin':
    'the actor token was not issued to this client nor addressed to it, and the rule does not name where it comes from (actor.clients or actor.issuer)',
  'actor.when': 'its condition on the actor is not true',
  'target.audiences': 'it does not grant every target that is asked for',
  'target.unknown': 'a target that is asked for is not registered',
};

/** @param policy the rules as they are now; what the event tells may come from an earlier reading of the file */
export function explainRules(policy: Policy, event: AuditEvent): readonly RuleExplanation[] {
  const missed = new Map(event.mismatches?.map((mismatch) => [mismatch.rule, mismatch]));
  const decides = policy.rules.findIndex(({ name }) => name === event.rule);
  return policy.rules.map(({ name, clients }, index) => {
    const mismatch = missed.get(name);
    if (name === event.rule) return { rule: name, result: 'decides' };
    if (mismatch !== undefined) {
      const why = words[mismatch.what] ?? mismatch.what;
      return {
        rule: name,
        result: 'does not match',
        part: mismatch.what,
        why: mismatch.problem ? `${why}: ${mismatch.problem}` : why,
      };
    }
    if (event.shadows?.some(({ rule }) => rule === name)) return { rule: name, result: 'would decide, but is in audit mode' };
    if (event.mismatches === undefined || (decides !== -1 && index > decides))
      return { rule: name, result: 'is not read' };
    if (event.client !== undefined && !clients.has(event.client)) {
      return { rule: name, result: 'does not match', part: 'client', why: words.client };
    }
    return { rule: name, result: 'is not read' };
  });
}
