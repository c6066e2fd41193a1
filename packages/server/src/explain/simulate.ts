// Evaluates simulated exchanges: those of rule tests, and those recorded in audit rows. Their tokens are not verified, and no result
// can be signed.
import type { AuditEvent, TokenTrace } from '../audit/event.ts';
import { refuseGrant } from '../client-auth/refuse-grant.ts';
import { judge, type Moment, orRefusal, type Presented, type RuleServices } from '../exchange/judge.ts';
import { isJudged } from '../exchange/redeem.ts';
import { requestedTokenTypes } from '../exchange/request.ts';
import { ELSEWHERE } from '../expression/elsewhere.ts';
import type { MemberPath } from '../expression/reads.ts';
import type { Decision } from '../issuing/authorization.ts';
import { type Client, type Clients, isPublic } from '../model/client.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { NO_LEASHES } from '../narrowing/leashes.ts';
import { parsePath } from '../policy/facts.ts';
import { vouchFor } from '../primitives/principal.ts';
import { REDACTED } from '../primitives/redact.ts';
import { type Reason, Refusal, type Role } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { isRedeemed } from '../primitives/token-type.ts';

/** The tokens and parameters of a simulated exchange. */
export type SimulatedRequest = Presented;

/** The grants whose requests the rules decide. */
export type JudgedGrant = 'token_exchange' | 'jwt_bearer' | 'jwt_dpop';

/** @param type of the subject */
export const grantOf = (type: string): JudgedGrant => (isRedeemed(type) ? 'jwt_bearer' : 'token_exchange');

/** A client that may redeem only with a DPoP proof does so. */
export const grantUsed = (client: Client | undefined, grant: JudgedGrant): JudgedGrant =>
  grant === 'jwt_bearer' && client?.grants.has('jwt_bearer') === false && client.grants.has('jwt_dpop')
    ? 'jwt_dpop'
    : grant;

/** The decision as data, with the rule that was chosen. */
export type Simulated = { readonly rule: string | undefined } & (
  | { readonly reason: undefined; readonly decision: Decision }
  | { readonly reason: Reason }
);

/** @param prepare makes the request of the client; may throw a Refusal */
export function simulate(
  clientId: string,
  prepare: (client: Client) => SimulatedRequest,
  context: RuleServices & Moment & { readonly clients: Clients },
  grant: JudgedGrant = 'token_exchange',
): Simulated {
  const judged = orRefusal(() => {
    const used = grantUsed(context.clients.get(clientId), grant);
    const client = findJudgedClient(clientId, context.clients, used);
    const { confirmation } = context;
    if (used === 'jwt_dpop' && !(confirmation && 'jkt' in confirmation)) throw new Refusal('dpop_missing');
    return { ...prepare(client), client };
  });
  if (judged instanceof Refusal) return { rule: undefined, reason: judged.reason };
  // Whether a limit is reached depends on what else was issued.
  const { result, trace } = judge(judged, { ...context, leashes: NO_LEASHES });
  const { rule } = trace;
  return result instanceof Refusal ? { rule, reason: result.reason } : { rule, reason: undefined, decision: result };
}

/**
 * Finds a client that the token endpoint would allow to exchange tokens, or to redeem assertions.
 * @throws Refusal client_unknown, client_disabled, grant_not_allowed, public_client_not_allowed
 */
export function findJudgedClient(id: string, clients: Clients, grant: JudgedGrant): Client {
  const client = clients.get(id);
  if (client === undefined) throw new Refusal('client_unknown', { sent: { client_id: id } });
  if (client.disabled) throw new Refusal('client_disabled');
  const isAllowed = client.grants.has(grant) || (grant === 'jwt_dpop' && client.grants.has('jwt_bearer'));
  if (!isAllowed) throw refuseGrant(client, grant);
  // The token of a workload identifies its client. Other public clients need publicExchange.
  if (isPublic(client) && !client.publicExchange && client.workload === undefined)
    throw new Refusal('public_client_not_allowed');
  return client;
}

/** Members that simulated tokens have in common. */
export const simulatedToken = { id: 'imagined', lineage: [], actorLineage: [], issuedAt: undefined } as const;

/**
 * Returns the exchange of an audit row. Its tokens have the claims that conditions read then.
 * @returns undefined if the row is not of an exchange for which rules were evaluated; `withheld` if a value was redacted
 */
export function recall(event: AuditEvent): SimulatedRequest | 'withheld' | undefined {
  const {
    grant,
    subject,
    actor,
    requestedType,
    audiencesAsked = [],
    resourcesAsked = [],
    scopeAsked,
    facts = {},
  } = event;
  const type = requestedTokenTypes.find((name) => name === requestedType);
  if (!isJudged(grant) || !subject || !type || event.mismatches === undefined) return undefined;
  const values = [...audiencesAsked, ...resourcesAsked, ...(scopeAsked ?? []), ...Object.values(facts)];
  if (values.includes(REDACTED)) return 'withheld';
  return {
    subject: recallToken(subject, 'subject', facts),
    actor: actor && recallToken(actor, 'actor', facts),
    request: {
      audiences: audiencesAsked,
      resources: resourcesAsked.map((uri) => new URL(uri)),
      requestedType: type,
      scope: scopeAsked && new Set(scopeAsked),
    },
  };
}

/** Checks that come before the rules, such as `may_act`, are not repeated. */
function recallToken(trace: TokenTrace, role: Role, facts: JsonObject): TokenFacts {
  const { iss, sub, account, type, clientId, audiences, scope, agreedAudiences, expiresAt, confirmation, chain, acr } =
    trace;
  return {
    ...simulatedToken,
    principal: { iss, sub },
    account,
    sub: account?.sub ?? sub,
    origin: undefined,
    type,
    clientId,
    audiences,
    scope: scope === undefined ? 'unbounded' : new Set(scope),
    agreedAudiences: agreedAudiences ?? 'unbounded',
    expiresAt,
    confirmation,
    // The token was verified before the row was written.
    chain: chain.map(vouchFor),
    claims: recallClaims(role, facts),
    mayAct: undefined,
    authentication: acr === undefined ? {} : { acr },
    extraClaims: {},
  };
}

type Members = Record<string, unknown>;

/** Restores a reference to a claim that the token did not contain (`_claim_names`). */
function referTo(root: Members, [, ...path]: MemberPath): void {
  const [, name = '', inner] = path;
  const attribute = name === 'attributes' && inner !== undefined;
  const claims = root.claims as Members;
  const holder = attribute ? (claims.attributes as Members) : claims;
  holder._claim_names = { ...(holder._claim_names as object | undefined), [attribute ? inner : name]: '' };
}

/** Restores the claims of the token from their paths, such as `subject.claims.org.id`. */
function recallClaims(role: Role, facts: JsonObject): JsonObject {
  const root: Members = Object.create(null);
  for (const [text, value] of Object.entries(facts)) {
    const path = parsePath(text);
    const last = path.at(-1);
    if (path[0] !== role || last === undefined) continue;
    let holder = root;
    for (const name of path.slice(1, -1)) {
      const inner: Members = Object.assign(Object.create(null), holder[name]);
      holder[name] = inner;
      holder = inner;
    }
    holder[last] = value;
    if (value === ELSEWHERE) referTo(root, path);
  }
  return (root.claims as JsonObject | undefined) ?? {};
}
