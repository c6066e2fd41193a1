// What does an auditor want to know of one request? A record begun with the request, filled by each step, completed on
// every way out. Plain data, a closed list of fields, and never the text of a token.
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Principal } from '../primitives/principal.ts';
import type { Recordable } from '../primitives/redact.ts';
import type { Reason } from '../primitives/refusal.ts';
import type { RecordedSent } from './sent.ts';

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
  readonly audiences: readonly string[];
  readonly scope?: readonly string[];
  /** The audiences that a person agreed to, where nothing else may come of it. */
  readonly agreedAudiences?: readonly string[];
  readonly acr?: string;
  /** Who acted for the subject when the token came, the current actor first. */
  readonly chain: readonly Principal[];
  readonly expiresAt: number;
  /** The key that the token is bound to. */
  readonly confirmation?: Confirmation;
}

export interface IssuedTrace {
  readonly id: string;
  readonly type: string;
  readonly expiresAt: number;
}

/** What a rule in audit mode would have done: a reason where it would have refused. */
export interface ShadowTrace {
  readonly rule: string;
  readonly reason?: Reason;
  readonly targets?: readonly string[];
  readonly scope?: readonly string[];
}

/** How a request can end, as a row says it. */
export const outcomes = [
  'issued',
  'accepted',
  'refused',
  'failed',
  'revoked',
  'ignored',
  'changed',
  'erased',
  'deleted',
] as const;

export interface AuditEvent {
  /** Milliseconds since 1970. */
  time: number;
  requestId: string;
  callerRequestId?: Recordable;
  address: string;
  /** What was asked: the endpoint's own word. `other` is written only of refusals, which are counted. */
  action:
    | 'token'
    | 'revoke'
    | 'erase'
    | 'retention'
    | 'authorize'
    | 'par'
    | 'device_authorization'
    | 'device'
    | 'interaction'
    | 'sign_in'
    | 'logout'
    | 'admin'
    | 'introspect'
    | 'userinfo'
    | 'other';
  grant?: string;
  client?: string;
  clientAuthentication?: string;
  /** The key that the caller proved to hold. */
  confirmation?: Confirmation;
  /** Who the caller said to be, where that was not proven. */
  clientClaimed?: Recordable;
  subject?: TokenTrace;
  actor?: TokenTrace;
  /** The other provider at which a person signed in. */
  provider?: string;
  /** Everybody who acts in the issued token, the current actor first. */
  chain?: readonly Principal[];
  /** The subject of the issued token, as it names it. */
  principal?: Principal;
  audiencesAsked?: readonly string[];
  resourcesAsked?: readonly string[];
  scopeAsked?: readonly string[];
  requestedType?: string;
  targets?: readonly string[];
  scopeGiven?: readonly string[];
  rule?: string;
  /** A bound token was exchanged for one that is bound to another key, or to none, because the rule says so. */
  rebound?: 'key' | 'bearer';
  /** Of each rule of the client that was read and did not match, the first part that did not. */
  mismatches?: readonly {
    readonly rule: string;
    readonly part: string;
    readonly what: string;
    readonly problem?: string;
  }[];
  /** When the first of the families and sessions ends that a new refresh token comes from, in seconds since 1970. */
  ancestorsEnd?: number;
  /** The values that conditions of the loaded file read, by their path. */
  facts?: Readonly<Record<string, unknown>>;
  /** Rules in audit mode that match, and what each would have decided. */
  shadows?: readonly ShadowTrace[];
  outcome?: (typeof outcomes)[number];
  reason?: Reason;
  /** The parameter at fault. */
  parameter?: string;
  detail?: string;
  /** What the caller sent that explains the refusal, by the names of parameters, claims and headers. Not verified. */
  sent?: RecordedSent;
  issued?: readonly IssuedTrace[];
  /** How many the row stands for, where not one: requests beyond a limit, rows erased or deleted. */
  count?: number;
  /** What a person agreed to, as lineage knows it, and the client that they were told would act for them. */
  agreement?: string;
  mayAct?: string;
  /** The operation of the admin API. */
  operation?: string;
  /** What an operator changed through the admin API, without secrets. */
  change?: { readonly what: string; readonly before?: unknown; readonly after?: unknown };
  /** The id that a revocation killed. */
  revoked?: string;
  /** Milliseconds from the first byte of the request to the decision. */
  duration?: number;
}

export function beginEvent(about: {
  time: number;
  requestId: string;
  address: string;
  action: AuditEvent['action'];
  callerRequestId?: Recordable;
}): AuditEvent {
  return { ...about };
}
