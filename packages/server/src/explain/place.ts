// Finds the entry of the configuration file that a decision depends on: the line to change.
import type { AuditEvent } from '../audit/event.ts';
import type { Reason, Role, TokenFault } from '../primitives/refusal.ts';
import type { Bound, Scope } from '../primitives/scope.ts';
import { type ExplainedPlace, type Find, locate, type Named, type PlaceContext } from './locate.ts';
import { nearestRules, ungranted } from './ungranted.ts';

export interface FoundPlace {
  readonly place?: ExplainedPlace;
  /** Replaces the remedy of the reason, which the limits of the file forbid. */
  readonly remedy?: string;
}

/** @returns no place if no entry would change the answer */
export function findPlace(event: AuditEvent, context: PlaceContext): FoundPlace {
  const { reason, rule } = event;
  const entry =
    reason === undefined ? rule && { section: 'rules', name: rule } : findByReason[reason]?.(event, context);
  if (!entry) return {};
  const { remedy } = entry;
  return { place: locate(entry, context), ...(remedy !== undefined && { remedy }) };
}

const client =
  (key: string): Find =>
  ({ client: proven, clientClaimed }) => {
    const name = proven ?? clientClaimed;
    return { section: 'clients', name, ...(name !== undefined && { key }) };
  };

/** Finds the entry of the token's issuer. */
const issuer =
  (key: string): Find =>
  ({ sent }) => {
    const name = typeof sent?.iss === 'string' ? sent.iss : undefined;
    return { section: 'issuers', name, ...(name !== undefined && { key }) };
  };

/** Finds the rule that decided, or the first of those that came nearest. */
const rule =
  (key: string): Find =>
  (event, { policy }) => {
    const name = event.rule ?? nearestRules(event, policy)[0];
    return { section: 'rules', name, ...(name !== undefined && { key }) };
  };

/** Finds the rule that did not match; the whole section if there are several, because any could be changed. */
const ruleOrAll =
  (part: string): Find =>
  ({ mismatches = [] }) => {
    const missed = mismatches.filter(({ what }) => what.startsWith(part));
    return missed.length === 1 ? { section: 'rules', name: missed[0]?.rule, key: part } : { section: 'rules' };
  };

/** Finds the condition that cannot be told: that of the last mismatch, unless another rule decided. */
const undecided: Find = ({ rule: decided, mismatches = [] }) => {
  const last = [undefined, mismatches.at(-1)?.rule].includes(decided) ? mismatches.at(-1) : undefined;
  return { section: 'rules', name: decided ?? last?.rule, ...(last && { key: last.what }) };
};

/** Finds the rule that denies. */
const denying: Find = ({ rule: decided }) => ({ section: 'rules', name: decided });

/** Finds the list of the rule; for a grant without rules, the list of the client. */
const ruleOrClient =
  (inRule: string, inClient: string): Find =>
  (event, context) =>
    (event.rule === undefined && event.mismatches === undefined ? client(inClient) : rule(inRule))(event, context);

/** Finds the first list that lacks a requested scope: of the rule, the client, or a target. */
const scopes: Find = (event, context) => {
  const { scopeAsked = [], targets, audiencesAsked = [] } = event;
  const lacks = (names: Bound<Scope> | undefined): boolean =>
    names !== undefined && names !== 'unbounded' && scopeAsked.some((name) => !names.has(name));
  const inRule = ruleOrClient('grant.scopes', 'scopes')(event, context);
  if (lacks(context.policy.rules.find(({ name }) => name === event.rule)?.grant.scopes)) return inRule;
  if (lacks(context.clients.get(event.client ?? '')?.scopes)) return client('scopes')(event, context);
  const target = (targets ?? audiencesAsked).find((name) => lacks(context.targeting.byAudience(name)?.scopes));
  return target === undefined ? inRule : { section: 'resources', name: target, key: 'scopes' };
};

const resource =
  (key: 'requiredAcr' | 'requireSenderConstraint' | 'token'): Find =>
  ({ targets, audiencesAsked = [] }, { targeting }) => {
    const all = (targets ?? audiencesAsked).map((name) => targeting.byAudience(name));
    const strict = all.find((one) =>
      key === 'requiredAcr' ? (one?.requiredAcr.size ?? 0) > 0 : key === 'token' || one?.requireSenderConstraint,
    );
    return { section: 'resources', name: strict?.audience, ...(strict && { key }) };
  };

/** Finds the entry of the other authorization server that the request names. */
const server =
  (key: string): Find =>
  ({ audiencesAsked = [], resourcesAsked = [] }, { targeting: { elsewhere } }) => {
    const asked = [...audiencesAsked, ...resourcesAsked];
    const found = asked.map((name) => elsewhere.byServer(name)?.[0] ?? elsewhere.byName(name));
    const name = found.find((one) => one !== undefined)?.server?.issuer;
    return { section: 'authorizationServers', name, ...(name !== undefined && { key }) };
  };

/** Is the token from an issuer of SAML assertions? */
const isSaml = ({ sent }: AuditEvent, { file }: PlaceContext): boolean =>
  file.entries.issuers.some((entry) => 'saml' in entry && (entry as Named).saml === sent?.iss);

/** The token has no `aud`, and its issuer's entry lists clients for that. */
const isJudgedByClient = ({ sent }: AuditEvent, { file }: PlaceContext): boolean =>
  sent?.aud === undefined &&
  file.entries.issuers.some((entry) => 'clientIds' in entry && (entry as Named).issuer === sent?.iss);

const section =
  (name: string, key?: string): Find =>
  () => ({ section: name, ...(key !== undefined && { key }) });

const faultsOfTokens: Partial<Record<TokenFault, Find>> = {
  unknown_issuer: section('issuers'),
  unknown_key: (event, context) => issuer(isSaml(event, context) ? 'certificates' : 'jwks')(event, context),
  signature: (event, context) => (isSaml(event, context) ? issuer('certificates')(event, context) : undefined),
  algorithm: issuer('algorithms'),
  audience: (event, context) => issuer(isJudgedByClient(event, context) ? 'clientIds' : 'audiences')(event, context),
  not_accepted: issuer('accepts'),
  too_old: issuer('maxAge'),
  replayed: issuer('reuse'),
  subject: issuer('subject'),
  name_taken: issuer('subject'),
  cannot_tell: issuer('subject'),
  inactive: issuer('introspection'),
  bound: rule('rebind'),
};

/** Finds the place of a fault that the check for an ID-JAG finds, too, after the token was validated. */
const beforeOrFor =
  (ofToken: Find | undefined, forIdJag: Find): Find =>
  (event, context) =>
    (event.subject === undefined ? ofToken : forIdJag)?.(event, context);

const ofTokens = Object.fromEntries(
  (['subject', 'actor'] as const satisfies Role[]).flatMap((role) =>
    Object.entries(faultsOfTokens).map(([fault, find]) => [`${role}_token_${fault}`, find]),
  ),
) as Partial<Record<Reason, Find>>;

const findByReason: Partial<Record<Reason, Find>> = {
  ...ofTokens,
  subject_token_audience: beforeOrFor(faultsOfTokens.audience, (event, context) =>
    event.subject?.type.startsWith('saml') ? client('saml')(event, context) : undefined,
  ),
  subject_token_not_accepted: beforeOrFor(faultsOfTokens.not_accepted, server('subjectTokens')),
  assertion_unknown_issuer: section('issuers'),
  assertion_unknown_key: issuer('jwks'),
  assertion_algorithm: issuer('algorithms'),
  assertion_not_accepted: issuer('grants'),
  assertion_too_old: issuer('grants'),
  assertion_subject: issuer('grants'),
  assertion_name_taken: issuer('subject'),
  assertion_resource: section('resources'),
  client_unknown: section('clients'),
  client_document_invalid: section('clientDocuments'),
  client_document_unavailable: section('clientDocuments'),
  code_document: section('clientDocuments'),
  refresh_token_document: section('clientDocuments'),
  client_disabled: client('disabled'),
  public_client_disabled: client('disabled'),
  client_method: client('auth'),
  client_credentials: client('secret'),
  client_certificate_subject: client('tlsSubject'),
  client_certificate_unknown: client('jwks'),
  client_certificate_untrusted: section('server', 'clientCertificates.authorities'),
  client_certificate_malformed: section('server', 'clientCertificates.header'),
  client_assertion_unknown_key: client('jwks'),
  client_assertion_signature: client('jwks'),
  client_assertion_audience: client('assertionAudience'),
  certificate_missing: client('certificateBoundAccessTokens'),
  // The grant jwt_dpop always needs a proof.
  dpop_missing: (event, context) =>
    event.grant === 'jwt_dpop' ? undefined : client('dpopBoundAccessTokens')(event, context),
  grant_not_allowed: client('grants'),
  public_client_not_allowed: client('publicExchange'),
  requested_token_type_needs_grant: client('grants'),
  redirect_uri_unregistered: (event, context) =>
    client(event.action === 'logout' ? 'postLogoutRedirectUris' : 'redirectUris')(event, context),
  authorization_request_invalid: (event, context) =>
    event.sent?.redirect_uri === undefined ? undefined : client('redirectUris')(event, context),
  authorization_client_unknown: client('grants'),
  sign_in_client_unknown: client('grants'),
  target_unknown: ({ requestedType }) => ({
    section: requestedType === 'id_jag' ? 'authorizationServers' : 'resources',
  }),
  target_not_server: section('authorizationServers'),
  target_grant_not_offered: server('grants'),
  target_client_unnamed: server('clients'),
  subject_without_name: server('subject'),
  server_needs_proof: server('keyBinding'),
  sign_in_too_weak: server('acr'),
  sign_in_too_old: server('maxAge'),
  target_not_granted: ungranted,
  target_missing: client('audiences'),
  targets_disagree: resource('token'),
  target_needs_acr: resource('requiredAcr'),
  target_needs_proof: resource('requireSenderConstraint'),
  scope_exceeded: scopes,
  scope_empty: ruleOrClient('grant.scopes', 'scopes'),
  no_rule_for_subject: ruleOrAll('subject'),
  no_rule_for_actor: ruleOrAll('actor'),
  chain_too_deep: rule('grant.maxDepth'),
  requested_token_type_not_granted: rule('grant.types'),
  denied_by_rule: denying,
  refresh_token_denied_by_rule: denying,
  refresh_token_cannot_tell: undecided,
  denial_cannot_be_told: undecided,
  rules_too_costly: undecided,
  rules_inexact: undecided,
  rules_failed: undecided,
  subject_claims_elsewhere: undecided,
  actor_claims_elsewhere: undecided,
  client_rate: section('server', 'limits.requestsPerClient'),
  address_rate: section('server', 'limits.requestsPerAddress'),
  connections: section('server', 'limits.connections'),
  body_too_large: section('server', 'limits.body'),
  store_unavailable: section('store'),
  upstream_failed: section('upstream'),
  sign_in_credentials: section('accounts'),
};
