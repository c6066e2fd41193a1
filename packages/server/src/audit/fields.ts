// Describes each field of an audit row, and marks the personal ones. Personal fields can be erased without breaking the chain.
import type { AuditEvent } from './event.ts';

interface Field {
  readonly meaning: string;
  /** Stored outside the chain, which holds only a salted digest. */
  readonly personal?: true;
}

/** Source of docs/reference/audit-log.md. */
export const fields = {
  time: { meaning: 'when the request began, in milliseconds since 1970' },
  requestId: { meaning: 'the `X-Request-Id` of the answer' },
  callerRequestId: { meaning: "the caller's own `X-Request-Id`", personal: true },
  address: { meaning: 'where the request came from, or `command line`', personal: true },
  action: {
    meaning:
      'the kind of request: `token`, `revoke`, `authorize`, `par`, `device_authorization`, `device`, `interaction`, `sign_in`, `logout`; `introspect`, `userinfo` and `other` (everything else) have rows for refusals only; `admin` is by an operator; `erase` and `retention` are by an operator or by the server itself; `configuration` is about [the configuration in force](#the-configuration-in-force)',
  },
  configuration: {
    meaning:
      'the configuration in force: the first 32 characters of its digest. A command has the one of its `--config`, unless it left a faulty file out',
  },
  by: { meaning: 'the process of a command: `user` of the operating system (`root` under `sudo`), `host`, `pid`' },
  grant: { meaning: 'the grant of a token request' },
  client: { meaning: 'the client that authenticated' },
  clientAuthentication: { meaning: 'the method by which it authenticated' },
  confirmation: { meaning: 'the key that the caller proved to possess: `jkt` or `x5t#S256`' },
  clientClaimed: { meaning: 'the client id that the caller sent but did not prove', personal: true },
  subject: {
    meaning:
      'the subject token: `iss`, `sub`, `account` (the account here that its issuer named), `id`, `declaredType`, `type`, `clientId`, `audiences`, `scope`, `agreedAudiences`, `acr`, `chain`, `expiresAt`, `confirmation`, `unmapped`',
    personal: true,
  },
  actor: { meaning: 'the actor token, likewise', personal: true },
  chain: { meaning: 'the actors in the issued token, the current one first: `iss`, `sub`', personal: true },
  principal: { meaning: 'the subject in the issued token: `iss`, `sub`', personal: true },
  audiencesAsked: {
    meaning:
      'the values of `audience`; of a redemption, the targets of the assertion that were asked for, or all of them',
  },
  resourcesAsked: { meaning: 'the values of `resource`' },
  scopeAsked: { meaning: 'the requested `scope`' },
  requestedType: { meaning: 'the short name of the `requested_token_type`' },
  targets: { meaning: 'the audiences of the issued token' },
  grantFor: {
    meaning:
      'of a grant for another authorization server: its `issuer`, and the names there of the client (`clientId`), the subject (`sub`) and the `scope`',
    personal: true,
  },
  scopeGiven: { meaning: 'its scope' },
  rule: { meaning: 'the rule that decided, or that could not be evaluated and refused' },
  rebound: {
    meaning:
      '`key` or `bearer`: a bound token was exchanged for one with another key, or for a bearer token, as the rule allows',
  },
  limitedBy: { meaning: 'the clients and actors whose `limits` count the token: `client ID`, `actor NAME`' },
  mismatches: {
    meaning:
      'the first part that did not match, for each evaluated rule of the client (at most 100): `rule`, `part`, `what`, `problem`. If a rule could not be evaluated, it is the last one and stopped the request',
    personal: true,
  },
  ancestorsEnd: {
    meaning: 'the earliest end of the families and sessions that the refresh token derives from, in seconds since 1970',
  },
  facts: {
    meaning:
      'the values that conditions of the file read, by path; `[elsewhere]` if the token only names a source of the claim, or does not state it as text',
    personal: true,
  },
  shadows: {
    meaning: 'the decisions of rules in audit mode: `rule`, `reason`, `targets`, `scope`',
  },
  outcome: {
    meaning:
      '`issued`, `accepted`, `refused`, `failed`, `revoked`, `ignored`, `changed`, `erased`, `deleted`; `applied` and `rejected` are about a configuration',
  },
  reason: { meaning: 'the precise reason, from [errors.md](errors.md)' },
  parameter: { meaning: 'the parameter at fault' },
  detail: { meaning: 'details of the fault, in words', personal: true },
  sent: {
    meaning:
      'values from the request that explain the refusal, by name: `iss`, `aud`, `kid`, `exp`, `redirect_uri`, `grant_type`, …; not verified, and `[withheld]` if it looks like a token',
    personal: true,
  },
  issued: { meaning: 'the issued tokens: `id`, `type`, `expiresAt`' },
  count: { meaning: 'the number of requests, or of rows, that this row stands for; absent: one' },
  agreement: { meaning: 'the id in lineage of what a person agreed to' },
  mayAct: { meaning: 'the client that may act for the person, as the consent page said' },
  provider: { meaning: 'the upstream provider at which a person signed in' },
  operation: { meaning: 'the operation of the admin API or of a command, by its OpenAPI `operationId`' },
  change: { meaning: 'what an operator changed: `what`, `before`, `after`, without secrets', personal: true },
  configured: {
    meaning:
      'how a configuration came into force, or why a file did not: `cause`, `digest`, `before`, `file`, `by`, `operators`, `changes`, `faults`, `more`',
  },
  party: {
    meaning:
      'the party that an operator suspended or resumed, or whose tokens were revoked, or the client that was changed: `iss`, `sub`',
    personal: true,
  },
  removed: {
    meaning: 'the accounts or clients that a new file lacks, and whose tokens were revoked: `iss`, `sub`',
    personal: true,
  },
  revoked: { meaning: 'the id of the token that was revoked, or of the client whose tokens were; `all`' },
  duration: { meaning: 'milliseconds from the first byte of the request to the decision' },
} as const satisfies Readonly<Record<keyof AuditEvent, Field>>;

export const personalFields: ReadonlySet<string> = new Set(
  Object.entries(fields)
    .filter(([, field]) => 'personal' in field)
    .map(([name]) => name),
);
