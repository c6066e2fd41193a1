// Describes the steps and the result of a request other than a token exchange.
import { type AuditEvent, isErased, partiesOf } from '../audit/event.ts';
import { describeEdit, userAtHost } from '../audit/operator.ts';
import { formatDuration } from '../primitives/duration.ts';
import type { Principal } from '../primitives/principal.ts';
import { type AnswerName, reasons } from '../primitives/refusal.ts';
import type { ExplainedStep } from './steps.ts';
import { describeList, describePrincipal, describeScope, ERASED } from './wording.ts';

const actions: Readonly<Record<AuditEvent['action'], string>> = {
  token: 'asks for a token',
  revoke: 'revokes a token',
  introspect: 'asks about a token (introspection)',
  targets: 'asks which targets it may request with a subject token',
  userinfo: 'asks who the person of an access token is',
  authorize: 'sends a person to sign in',
  par: 'pushes an authorization request',
  register: 'registers itself as a client',
  device_authorization: 'asks for a device code',
  device: 'a person enters the code of a device',
  interaction: 'a person answers a page',
  sign_in: 'a person signs in',
  logout: 'a person signs out',
  admin: 'uses the admin API',
  erase: 'erases a person from the audit log',
  retention: 'the server deletes audit rows that are old enough',
  configuration: 'the server puts a configuration in force',
  region: 'the server begins or ceases to read another region',
  other: 'asks for a path whose answers have no row of their own',
};

const CLIENT_ANSWERS: ReadonlySet<AnswerName> = new Set<AnswerName>([
  ...([
    'client',
    'client_document',
    'client_missing',
    'client_bearer',
    'client_id_mismatch',
    'authentication_doubled',
  ] as const),
  ...(['client_assertion_type', 'sign_in_client', 'access_token', 'access_token_missing'] as const),
]);

/** @param self the issuer of this server */
export function explainRequest(event: AuditEvent, self: string): readonly ExplainedStep[] {
  const { reason, parameter, detail = parameter } = event;
  const found = { client: describeClient(event), request: describeRequest(event), person: describePerson(event, self) };
  if (reason === undefined) return [...passed(found), ...passed({ result: describeResult(event) })];
  const { answer, meaning } = reasons[reason];
  const step = CLIENT_ANSWERS.has(answer) ? 'client' : 'request';
  const refused = { step, result: 'refused', found: detail ? `${meaning}: ${detail}` : meaning } as const;
  // Steps that passed before the refusal are listed too.
  const before = step === 'client' ? { request: found.request } : { ...found, request: undefined };
  return [...passed(before), refused];
}

const passed = (found: Partial<Record<ExplainedStep['step'], string | undefined>>): readonly ExplainedStep[] =>
  Object.entries(found).flatMap(([step, text]) =>
    text === undefined ? [] : [{ step: step as ExplainedStep['step'], result: 'passed' as const, found: text }],
  );

function describeClient({ client, clientAuthentication, clientClaimed, by }: AuditEvent): string | undefined {
  if (by !== undefined) return `${userAtHost(by)}, process ${by.pid}, by a command on the database`;
  if (client === undefined) return clientClaimed && `the caller says that it is ${clientClaimed}, which was not proven`;
  return clientAuthentication === undefined ? client : `${client}, authenticated by ${clientAuthentication}`;
}

function describeRequest(event: AuditEvent): string {
  const { action, grant, operation, by, audiencesAsked, resourcesAsked, scopeAsked } = event;
  const isCommand = by !== undefined && operation !== undefined;
  const targets = [...(audiencesAsked ?? []), ...(resourcesAsked ?? [])];
  return [
    isCommand ? 'runs a command' : actions[action],
    grant && `by the grant ${grant}`,
    operation && `by the operation ${operation}`,
    targets.length > 0 && `for ${describeList(targets)}`,
    scopeAsked && `with ${describeScope(scopeAsked)}`,
  ]
    .filter(Boolean)
    .join(' ');
}

function describePerson(event: AuditEvent, self: string): string | undefined {
  if (isErased(event)) return ERASED;
  const { subject, principal, provider, mayAct } = event;
  const parties = partiesOf(event);
  if (parties.length > 0) return `is about ${describeParties(parties, self)}`;
  // The principal of a change is its operator.
  const who = event.operation === undefined ? (principal ?? subject) : undefined;
  if (who === undefined) return provider && `signs in at ${provider}`;
  const acting = mayAct && `, and ${mayAct} may act for them`;
  return `is about ${describePrincipal(who, self)}${provider ? `, who signed in at ${provider}` : ''}${acting ?? ''}`;
}

function describeResult(event: AuditEvent): string {
  const { outcome, issued = [], targets = [], scopeGiven, time, revoked, count } = event;
  const [main] = issued;
  const life = main && formatDuration(main.expiresAt - Math.floor(time / 1000));
  const parts = [
    ...(outcome === undefined ? [] : [outcome]),
    ...issued.map(({ type }) => type),
    targets.length > 0 && `for ${describeList(targets)}`,
    scopeGiven && `with ${describeScope(scopeGiven)}`,
    life && `valid for ${life}`,
    event.change === undefined && revoked && `the token ${revoked}`,
    describeEdit(event).join('; '),
    count !== undefined && `${count} of them`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** A new file may lack hundreds of clients. */
const MAX_PARTIES = 5;

function describeParties(parties: readonly Principal[], self: string): string {
  const names = parties.slice(0, MAX_PARTIES).map((one) => describePrincipal(one, self));
  const others = parties.length - names.length;
  return describeList(others === 0 ? names : [...names, `${others} more`]);
}
