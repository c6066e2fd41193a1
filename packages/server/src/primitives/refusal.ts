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
import { assertionFaults, type TokenFault, tokenFaults } from './refusals/token-faults.ts';
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
export type Reason = OwnReason | AssertionReason | `${Role}_token_${TokenFault}`;

interface ReasonRow {
  readonly answer: AnswerName;
  readonly meaning: string;
  /** What to do about it, in plain sentences. */
  readonly remedy: string;
}

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

export type TokenErrorCode = 'invalid_grant' | 'invalid_request';

export interface PublicAnswer {
  readonly status: number;
  readonly error: string;
  readonly description: string;
}

/** RFC 6749 section 5.2. `tokenErrorCode` is the one code that the configuration chooses. */
export function publicAnswer(refusal: Refusal, tokenErrorCode: TokenErrorCode): PublicAnswer {
  const [status, error, description] = answers[reasons[refusal.reason].answer].answer;
  return {
    status,
    error: error === 'token_error' ? tokenErrorCode : error,
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

  constructor(reason: Reason, options: RefusalOptions = {}) {
    super(options.detail === undefined ? reason : `${reason}: ${options.detail}`, { cause: options.cause });
    this.reason = reason;
    this.parameter = options.parameter;
    this.detail = options.detail;
    this.sent = options.sent ?? {};
    this.clientClaimed = options.clientClaimed;
    this.client = options.client;
    this.headers = options.headers ?? {};
  }
}

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

  /** The refusal for an assertion that authenticates a client. */
  asAssertion(sent: Sent = {}): Refusal {
    const fault = isAssertionFault(this.fault) ? this.fault : 'claims';
    return new Refusal(`client_assertion_${fault}`, { detail: this.detail, sent, cause: this });
  }
}

const isAssertionFault = (fault: TokenFault): fault is keyof typeof assertionFaults =>
  Object.hasOwn(assertionFaults, fault);
