// Defines every refusal: a precise reason for the audit row and `explain`, and a public answer, which is all that the caller
// learns. The tables are in refusals/, by subject; docs/reference/errors.md is generated from them.
import type { Recordable } from './redact.ts';
import { accessTokenRefusals } from './refusals/access-token.ts';
import { adminRefusals } from './refusals/admin.ts';
import { availabilityRefusals } from './refusals/availability.ts';
import { clientRefusals } from './refusals/client.ts';
import { grantRefusals } from './refusals/grants.ts';
import { httpRefusals } from './refusals/http.ts';
import { proofRefusals } from './refusals/proof.ts';
import { requestRefusals } from './refusals/request.ts';
import { signInRefusals } from './refusals/sign-in.ts';
import { targetRefusals } from './refusals/target.ts';
import { assertionFaults, redeemedFaults, type TokenFault, tokenFaults } from './refusals/token-faults.ts';
import { tokenRefusals } from './refusals/tokens.ts';

export { type TokenFault, tokenFaults };

const answers = {
  ...tokenRefusals,
  ...requestRefusals,
  ...targetRefusals,
  ...clientRefusals,
  ...proofRefusals,
  ...grantRefusals,
  ...signInRefusals,
  ...accessTokenRefusals,
  ...httpRefusals,
  ...adminRefusals,
  ...availabilityRefusals,
};

export type AnswerName = keyof typeof answers;
type ReasonsOf<Name extends AnswerName> = Name extends AnswerName ? keyof (typeof answers)[Name]['reasons'] : never;
type OwnReason = ReasonsOf<AnswerName>;

export type Role = 'subject' | 'actor';

type AssertionReason = `client_assertion_${keyof typeof assertionFaults}`;
type RedeemedFault = keyof typeof redeemedFaults;
type RedeemedReason = `assertion_${RedeemedFault}`;
export type Reason = OwnReason | AssertionReason | RedeemedReason | `${Role}_token_${TokenFault}`;

interface ReasonRow {
  readonly answer: AnswerName;
  readonly meaning: string;
  /** What to do about it, in plain sentences. */
  readonly remedy: string;
}

/** What a fault means of an assertion, where it means another thing than of a token that is exchanged. */
const MEANINGS: Partial<Record<RedeemedFault, string>> = {
  malformed: 'is not a JWT',
  wrong_type: 'is of a type that is not redeemed',
  audience: 'is not addressed to this server alone',
  not_accepted: 'is of a kind that this server does not redeem of its issuer',
  bound: 'is bound to a key that the request does not prove',
  subject: 'does not name a person or a workload that this server can use',
};

/** Every reason with its public answer, its meaning and its remedy. */
export const reasons: Readonly<Record<Reason, ReasonRow>> = Object.freeze({
  ...forRole('subject'),
  ...forRole('actor'),
  ...(Object.fromEntries(
    Object.entries(assertionFaults).map(([fault, remedy]) => [
      `client_assertion_${fault}`,
      { answer: 'client', meaning: `the client assertion ${tokenFaults[fault as TokenFault][0]}`, remedy },
    ]),
  ) as Record<AssertionReason, ReasonRow>),
  ...(Object.fromEntries(
    Object.entries(redeemedFaults).map(([fault, remedy]) => [
      `assertion_${fault}`,
      {
        answer: 'assertion',
        meaning: `the assertion ${MEANINGS[fault as RedeemedFault] ?? tokenFaults[fault as RedeemedFault][0]}`,
        remedy,
      },
    ]),
  ) as Record<RedeemedReason, ReasonRow>),
  ...(Object.fromEntries(
    Object.entries(answers).flatMap(([answer, { reasons: own }]) =>
      Object.entries(own).map(([reason, [meaning, remedy]]) => [reason, { answer, meaning, remedy }]),
    ),
  ) as Record<OwnReason, ReasonRow>),
});

function forRole<R extends Role>(role: R): Record<`${R}_token_${TokenFault}`, ReasonRow> {
  const rows = Object.entries(tokenFaults).map(([fault, [meaning, remedy]]) => [
    `${role}_token_${fault}`,
    { answer: `${role}_token`, meaning: `the ${role} token ${meaning}`, remedy },
  ]);
  return Object.fromEntries(rows);
}

/** Of the refusals of an actor, those for which the request is at fault, not the policy. */
const ACTING_WRONGLY: ReadonlySet<Reason> = new Set(['actor_is_subject', 'chain_too_deep', 'chain_too_large']);

/** The actor profile's code for "this actor may not act for this subject". */
function actorError(reason: Reason, tokenErrorCode: TokenErrorCode): string {
  if (tokenErrorCode !== 'invalid_request' || reasons[reason].answer !== 'actor') return tokenErrorCode;
  return ACTING_WRONGLY.has(reason) ? tokenErrorCode : 'actor_unauthorized';
}

export type TokenErrorCode = 'invalid_grant' | 'invalid_request';

export interface PublicAnswer {
  readonly status: number;
  readonly error: string;
  readonly description: string;
}

/** Short names of the grants that redeem an assertion. */
const REDEEMING: ReadonlySet<string> = new Set(['jwt_bearer', 'jwt_dpop']);

/** What else is answered like a faulty assertion: the answer must not show which check failed. */
const ABOUT_ASSERTION: ReadonlySet<AnswerName> = new Set(['subject_token', 'actor', 'requested_token_type']);

/** Stands for the grant where targets are discovered: draft-mcguinness-token-xchg-target-svc-disco names the codes of its errors. */
const TARGET_DISCOVERY = 'target_discovery';

/** What the public answer to a request depends on: the grant, or the endpoint that has errors of its own. */
export const answeredAs = ({ action, grant }: { readonly action: string; readonly grant?: string | undefined }) =>
  action === 'targets' ? TARGET_DISCOVERY : grant;

function answerOf({ reason, shownAs }: Refusal, grant: string | undefined): AnswerName {
  if (shownAs !== undefined) return shownAs;
  const { answer } = reasons[reason];
  if (grant === TARGET_DISCOVERY && answer === 'subject_token_type') return 'discovery_token_type';
  if (grant === undefined || !REDEEMING.has(grant)) return answer;
  return ABOUT_ASSERTION.has(answer) || reason === 'target_needs_proof' ? 'assertion' : answer;
}

/**
 * RFC 6749 section 5.2. @param tokenErrorCode the one code that the configuration chooses
 * @param grant the short name of the grant of a token request, or as `answeredAs` returns
 */
export function publicAnswer(refusal: Refusal, tokenErrorCode: TokenErrorCode, grant?: string): PublicAnswer {
  const code = grant === TARGET_DISCOVERY ? 'invalid_request' : tokenErrorCode;
  const [status, error, description] = answers[answerOf(refusal, grant)].answer;
  return {
    status,
    error: error === 'token_error' ? actorError(refusal.reason, code) : error,
    description: description.replace('{parameter}', refusal.parameter ?? ''),
  };
}

/** The values in the request that explain the refusal, by name of parameter, claim or header. They are redacted when recorded. */
export type Sent = Readonly<Record<string, unknown>>;

export interface RefusalOptions {
  /** The parameter at fault: a name from our own tables, never the caller's text. */
  readonly parameter?: string;
  /** For the audit row and `explain` only. Holds no token and no secret. */
  readonly detail?: string;
  readonly sent?: Sent;
  /** The client id that the caller claimed. */
  readonly clientClaimed?: Recordable | undefined;
  /** The client that authenticated. */
  readonly client?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the answer that a standard defines. From the configuration only. */
  readonly members?: Readonly<Record<string, string | number>>;
  /** To a stranger, every refusal has this answer. The audit row has the reason. */
  readonly shownAs?: AnswerName | undefined;
  readonly cause?: unknown;
}

/** Thrown anywhere, rendered in one place. Any other error is a fault of this server. */
export class Refusal extends Error {
  readonly reason: Reason;
  readonly parameter: string | undefined;
  readonly detail: string | undefined;
  readonly sent: Sent;
  readonly clientClaimed: Recordable | undefined;
  readonly client: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, string | number>>;
  readonly shownAs: AnswerName | undefined;

  constructor(reason: Reason, options: RefusalOptions = {}) {
    super(options.detail === undefined ? reason : `${reason}: ${options.detail}`, { cause: options.cause });
    this.reason = reason;
    this.parameter = options.parameter;
    this.detail = options.detail;
    this.sent = options.sent ?? {};
    this.clientClaimed = options.clientClaimed;
    this.client = options.client;
    this.headers = options.headers ?? {};
    this.members = options.members ?? {};
    this.shownAs = options.shownAs;
  }
}

/** It says nothing about a token: the database or another region has to be asked, now or there. */
const UNDECIDED: ReadonlySet<Reason> = new Set<Reason>(['store_unavailable', 'region_unavailable', 'wrong_region']);

export const isUndecided = ({ reason }: Refusal): boolean => UNDECIDED.has(reason);

/** A token failed a check. The exchange adds the role of the token with `as` or `asAssertion`. */
export class TokenRefusal extends Error {
  readonly fault: TokenFault;
  readonly detail: string | undefined;
  /** What the token says of itself. Not verified. */
  readonly sent: Sent;

  constructor(fault: TokenFault, detail?: string, cause?: Refusal, sent: Sent = {}) {
    super(detail === undefined ? fault : `${fault}: ${detail}`, { cause });
    this.fault = fault;
    this.detail = detail;
    this.sent = sent;
  }

  /** The refusal for a token in this role. If its cause is a refusal of the target, the target is at fault, not the token. */
  as(role: Role, sent: Sent = {}): Refusal {
    const { cause } = this;
    if (cause instanceof Refusal && reasons[cause.reason].answer === 'target') return cause;
    return new Refusal(`${role}_token_${this.fault}`, {
      detail: this.detail,
      sent: { ...this.sent, ...sent },
      cause: this,
    });
  }

  /** The refusal for an assertion that is redeemed. */
  asRedeemed(sent: Sent = {}): Refusal {
    const fault = isRedeemedFault(this.fault) ? this.fault : 'claims';
    return new Refusal(`assertion_${fault}`, { detail: this.detail, sent: { ...this.sent, ...sent }, cause: this });
  }

  /** The refusal for an assertion that authenticates a client. */
  asAssertion(sent: Sent = {}): Refusal {
    const fault = isAssertionFault(this.fault) ? this.fault : 'claims';
    return new Refusal(`client_assertion_${fault}`, { detail: this.detail, sent, cause: this });
  }
}

const isRedeemedFault = (fault: TokenFault): fault is RedeemedFault => Object.hasOwn(redeemedFaults, fault);

const isAssertionFault = (fault: TokenFault): fault is keyof typeof assertionFaults =>
  Object.hasOwn(assertionFaults, fault);
