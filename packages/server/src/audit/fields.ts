// What does each field of an audit row mean, and does it tell of a person? What does may be erased, and the chain stays whole.
import type { AuditEvent } from './event.ts';

interface Field {
  readonly meaning: string;
  /** Stands beside the chain, which holds only a salted digest of it. */
  readonly personal?: true;
}

/** docs/reference/audit-log.md is made of it. */
export const fields = {
  time: { meaning: 'when the request began, in milliseconds since 1970' },
  requestId: { meaning: 'ours, the `X-Request-Id` of the answer' },
  callerRequestId: { meaning: "the caller's own `X-Request-Id`", personal: true },
  address: { meaning: 'where the request came from, or `command line`', personal: true },
  action: {
    meaning:
      'what was asked: `token`, `revoke`, `authorize`, `par`, `device_authorization`, `device`, `interaction`, `sign_in`, `logout`; refused alone `introspect`, `userinfo`, and `other` for everything else; by an operator `admin`; by an operator or by the server itself `erase`, `retention`',
  },
  grant: { meaning: 'the grant of a token request' },
  client: { meaning: 'the client that authenticated' },
  clientAuthentication: { meaning: 'the method by which it did' },
  confirmation: { meaning: 'the key that the caller proved to hold: `jkt` or `x5t#S256`' },
  clientClaimed: { meaning: 'who the caller said to be, where that was not proven', personal: true },
  subject: {
    meaning:
      'the subject token: `iss`, `sub`, `id`, `declaredType`, `type`, `clientId`, `audiences`, `scope`, `agreedAudiences`, `acr`, `chain`, `expiresAt`, `confirmation`',
    personal: true,
  },
  actor: { meaning: 'the actor token, likewise', personal: true },
  chain: { meaning: 'everybody who acts in the issued token, the current actor first: `iss`, `sub`', personal: true },
  principal: { meaning: 'the subject of the issued token, as it names it: `iss`, `sub`', personal: true },
  audiencesAsked: { meaning: 'the values of `audience`' },
  resourcesAsked: { meaning: 'the values of `resource`' },
  scopeAsked: { meaning: 'the `scope` that was asked for' },
  requestedType: { meaning: 'the short name of the `requested_token_type`' },
  targets: { meaning: 'the audiences of the issued token' },
  scopeGiven: { meaning: 'its scope' },
  rule: { meaning: 'the rule that decided' },
  rebound: {
    meaning: '`key` or `bearer`: a bound token became one that is bound to another key, or to none, as the rule says',
  },
  mismatches: {
    meaning:
      'of each rule of the client that was read and did not match (100 at most), the first part that did not: `rule`, `part`, `what`, `problem`. Where it could not be told which rule decides, the last is the rule that stopped the request',
    personal: true,
  },
  ancestorsEnd: {
    meaning:
      'when the first of the families and sessions ends that the refresh token comes from, in seconds since 1970',
  },
  facts: {
    meaning:
      'the values that conditions of the file read, by their path; `[elsewhere]` where the token only says who keeps the claim',
    personal: true,
  },
  shadows: {
    meaning: 'what rules in audit mode would have decided: `rule`, `reason`, `targets`, `scope`',
  },
  outcome: {
    meaning: '`issued`, `accepted`, `refused`, `failed`, `revoked`, `ignored`, `changed`, `erased`, `deleted`',
  },
  reason: { meaning: 'the precise reason, of [errors.md](errors.md)' },
  parameter: { meaning: 'the parameter at fault' },
  detail: { meaning: 'more about it, in words', personal: true },
  sent: {
    meaning:
      'what the caller sent that explains the refusal, by its name: `iss`, `aud`, `kid`, `exp`, `redirect_uri`, `grant_type`, …; not verified, and `[withheld]` where it looks like a token',
    personal: true,
  },
  issued: { meaning: 'the issued tokens: `id`, `type`, `expiresAt`' },
  count: { meaning: 'how many requests, or rows, this row stands for, where not one' },
  agreement: { meaning: 'the id of what a person agreed to, as lineage knows it' },
  mayAct: { meaning: 'the client that they were told would act for them' },
  provider: { meaning: 'the other provider at which a person signed in' },
  operation: { meaning: 'the operation of the admin API or of a command, by its OpenAPI `operationId`' },
  change: { meaning: 'what an operator changed: `what`, `before`, `after`, without secrets', personal: true },
  revoked: { meaning: 'the id that a revocation killed' },
  duration: { meaning: 'milliseconds from the first byte of the request to the decision' },
} as const satisfies Readonly<Record<keyof AuditEvent, Field>>;

export const personalFields: ReadonlySet<string> = new Set(
  Object.entries(fields)
    .filter(([, field]) => 'personal' in field)
    .map(([name]) => name),
);
