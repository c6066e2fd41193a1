// What does an auditor want to know of one request? A record begun with the request, filled by each step, completed on
// every way out. Plain data, a closed list of fields, and never the text of a token.
import type { Chain, Principal } from '../primitives/principal.ts';
import type { Reason } from '../primitives/refusal.ts';

/** What is told of a token: whose it was and how to find it again, not what it said. */
export interface TokenTrace {
  readonly iss: string;
  readonly sub: string;
  /** `jti`, or for a foreign token the hash that lineage knows it by. */
  readonly id: string;
  /** The type that the request declared, and the one that the token proved to be. */
  readonly declaredType: string;
  readonly type: string;
  readonly clientId?: string;
  readonly expiresAt: number;
}

export interface IssuedTrace {
  readonly id: string;
  readonly type: string;
  readonly expiresAt: number;
}

export interface AuditEvent {
  /** Milliseconds since 1970. */
  time: number;
  requestId: string;
  callerRequestId?: string;
  address: string;
  grant?: string;
  client?: string;
  clientAuthentication?: string;
  subject?: TokenTrace;
  actor?: TokenTrace;
  /** Everybody who acts in the issued token, the current actor first. */
  chain?: Chain;
  /** The subject of a token that was issued without a subject token. */
  principal?: Principal;
  audiencesAsked?: readonly string[];
  resourcesAsked?: readonly string[];
  scopeAsked?: readonly string[];
  requestedType?: string;
  targets?: readonly string[];
  scopeGiven?: readonly string[];
  rule?: string;
  /** Of each rule read before the one that decided, the first part that did not match. */
  mismatches?: readonly { readonly rule: string; readonly part: string }[];
  outcome?: 'issued' | 'refused' | 'failed';
  reason?: Reason;
  detail?: string;
  issued?: readonly IssuedTrace[];
  /** Milliseconds from the first byte of the request to the decision. */
  duration?: number;
}

export function beginEvent(about: {
  time: number;
  requestId: string;
  address: string;
  callerRequestId?: string;
}): AuditEvent {
  return { ...about };
}
