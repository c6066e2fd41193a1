// The audit record of one request. Each step adds its fields; every exit writes it. The list of fields is closed, and none holds
// the text of a token.
import type { Confirmation } from '../primitives/confirmation.ts';
import type { Principal } from '../primitives/principal.ts';
import type { Recordable } from '../primitives/redact.ts';
import type { Reason } from '../primitives/refusal.ts';
import type { ProcessDescription } from '../primitives/this-process.ts';
import type { RecordedSent } from './sent.ts';

/** Identifies a token and its parties. Other claims are not recorded. */
export interface TokenTrace {
  readonly iss: string;
  readonly sub: string;
  /** The account of this server that the issuer named as the person. */
  readonly account?: Principal;
  /** `jti`; for a foreign token its hash, which is its id in lineage. */
  readonly id: string;
  /** The type in the request, and the type as verified. */
  readonly declaredType: string;
  readonly type: string;
  readonly clientId?: string;
  readonly audiences: readonly string[];
  readonly scope?: readonly string[];
  /** If present, new tokens are limited to these audiences: a person agreed to no others. */
  readonly agreedAudiences?: readonly string[];
  readonly acr?: string;
  /** The actors in the token, the current one first. */
  readonly chain: readonly Principal[];
  readonly expiresAt: number;
  /** The key that the token is bound to. */
  readonly confirmation?: Confirmation;
  /** The claims of the issuer's entry that the token gives no value, each with the reason, which contains no claim. */
  readonly unmapped?: Readonly<Record<string, string>>;
}

export interface IssuedTrace {
  readonly id: string;
  readonly type: string;
  readonly expiresAt: number;
}

/** The decision of a rule in audit mode; `reason` is present if it would have refused. */
export interface ShadowTrace {
  readonly rule: string;
  readonly reason?: Reason;
  readonly targets?: readonly string[];
  readonly scope?: readonly string[];
}

/** The outcomes of a request. */
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
  'applied',
  'rejected',
] as const;

/** Of a grant for another authorization server: its audience, and what is named there in another way. */
export interface GrantTrace {
  readonly issuer: string;
  readonly clientId: string | undefined;
  readonly sub: string;
  readonly scope: readonly string[];
}

/** How a configuration came into force, or why a file did not. No part is personal or secret. */
export interface ConfigurationTrace {
  /** `file`: its text changed. `signal`: SIGHUP. `clients`: a registered client changed. */
  readonly cause: 'start' | 'file' | 'signal' | 'clients';
  /** SHA-256 of the kept text, in hex. Absent for a rejected file. */
  readonly digest?: string;
  /** The configuration that was in force before. */
  readonly before?: string;
  readonly file?: string;
  /** The process that put it in force. */
  readonly by: ProcessDescription;
  /** The operators who changed registered clients, each by the row of the change. `by` is the process of a command. */
  readonly operators?: readonly {
    readonly client: string;
    readonly request: string;
    readonly by?: ProcessDescription;
  }[];
  /** In words, the first ones. */
  readonly changes?: readonly string[];
  /** The faults of a rejected file, the first ones. */
  readonly faults?: readonly string[];
  /** The number of further changes or faults. */
  readonly more?: number;
}

export interface AuditEvent {
  /** Milliseconds since 1970. */
  time: number;
  requestId: string;
  callerRequestId?: Recordable;
  /** Absent from an erased row. */
  address?: string;
  /** Names the endpoint. `other` is written for refusals only, which are counted. */
  action:
    | 'token'
    | 'revoke'
    | 'erase'
    | 'retention'
    | 'authorize'
    | 'par'
    | 'register'
    | 'device_authorization'
    | 'device'
    | 'interaction'
    | 'sign_in'
    | 'logout'
    | 'admin'
    | 'introspect'
    | 'userinfo'
    | 'targets'
    | 'configuration'
    | 'region'
    | 'other';
  /** The configuration in force, or the one that a command read, as `shortDigest` of audit/configuration.ts. */
  configuration?: string | undefined;
  /** The process of a command. */
  by?: ProcessDescription;
  grant?: string;
  client?: string;
  clientAuthentication?: string;
  /** The key that the caller proved to possess. */
  confirmation?: Confirmation;
  /** The client id that the caller sent but did not prove. */
  clientClaimed?: Recordable;
  subject?: TokenTrace;
  actor?: TokenTrace;
  /** The upstream provider at which a person signed in. */
  provider?: string;
  /** The actors in the issued token, the current one first. */
  chain?: readonly Principal[];
  /** The subject in the issued token. */
  principal?: Principal;
  audiencesAsked?: readonly string[];
  resourcesAsked?: readonly string[];
  scopeAsked?: readonly string[];
  requestedType?: string;
  targets?: readonly string[];
  /** The authorization server that redeems the issued grant. */
  grantFor?: GrantTrace;
  scopeGiven?: readonly string[];
  rule?: string;
  /** A bound token was exchanged for one with another key, or for a bearer token, as the rule allows. */
  rebound?: 'key' | 'bearer';
  /** The first part that did not match, for each rule of the client that was evaluated. */
  mismatches?: readonly {
    readonly rule: string;
    readonly part: string;
    readonly what: string;
    readonly problem?: string;
  }[];
  /** The earliest end of the families and sessions that a new refresh token derives from, in seconds since 1970. */
  ancestorsEnd?: number;
  /** The values that conditions of the loaded file read, by path. */
  facts?: Readonly<Record<string, unknown>>;
  /** Matching rules in audit mode, with the decision of each. */
  shadows?: readonly ShadowTrace[];
  outcome?: (typeof outcomes)[number];
  reason?: Reason;
  /** The parameter at fault. */
  parameter?: string;
  detail?: string;
  /** Unverified values from the request that explain the refusal, by the name of the parameter, claim or header. */
  sent?: RecordedSent;
  issued?: readonly IssuedTrace[];
  /** The number of requests beyond a limit, or of rows erased or deleted, that the row stands for. Absent: one. */
  count?: number;
  /** The clients and actors whose limits the token counts for. */
  limitedBy?: readonly string[];
  /** The id in lineage of a person's agreement. */
  agreement?: string;
  /** The client that may act for the person, as the consent page said. */
  mayAct?: string;
  /** The operation of the admin API. */
  operation?: string;
  /** A change through the admin API, without secrets. */
  change?: { readonly what: string; readonly before?: unknown; readonly after?: unknown };
  configured?: ConfigurationTrace;
  /** The party that an operator suspended or resumed, or whose tokens were revoked, or the client that was changed. */
  party?: Principal;
  /** The accounts or clients that a new file lacks, and whose tokens were revoked. */
  removed?: readonly Principal[];
  /** The id of the token that was revoked, or of the client; `all`. It cannot be erased, so it is never the name of a subject. */
  revoked?: string;
  /** Milliseconds from the first byte of the request to the decision. */
  duration?: number;
}

/** The parties that a change was about. */
export const partiesOf = ({ party, removed = [] }: AuditEvent): readonly Principal[] =>
  party === undefined ? removed : [party, ...removed];

/** Every row has an address, unless its personal fields were erased. */
export const isErased = ({ address }: AuditEvent): boolean => address === undefined;

export function beginEvent(about: {
  time: number;
  requestId: string;
  address: string;
  action: AuditEvent['action'];
  configuration?: string | undefined;
  by?: ProcessDescription;
  callerRequestId?: Recordable;
}): AuditEvent {
  return { ...about };
}
