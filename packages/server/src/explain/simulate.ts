// What would come of a request that nobody makes? Requests as tests of rules imagine them and as audit rows remember them, in
// the shape that the judge takes. Nothing here is verified, and nothing of it can be signed.
import type { AuditEvent, TokenTrace } from '../audit/event.ts';
import { refuseGrant } from '../client-auth/refuse-grant.ts';
import { type JudgeContext, judge, orRefusal, type Presented } from '../exchange/judge.ts';
import { requestedTokenTypes } from '../exchange/request.ts';
import { ELSEWHERE } from '../expression/elsewhere.ts';
import type { MemberPath } from '../expression/reads.ts';
import type { Decision } from '../issuing/authorization.ts';
import type { Client, Clients } from '../model/client.ts';
import type { TokenFacts } from '../model/token-facts.ts';
import { parsePath } from '../policy/facts.ts';
import { vouchFor } from '../primitives/principal.ts';
import { REDACTED } from '../primitives/redact.ts';
import { type Reason, Refusal, type Role } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';

/** What is known of a client's request before its secret is. */
export type Imagined = Presented;

/** What the judge says, as data. The rule is the one that was chosen. */
export type Simulated = { readonly rule: string | undefined } & (
  | { readonly reason: undefined; readonly decision: Decision }
  | { readonly reason: Reason }
);

/** @param imagine what the client brings and asks for; may throw a Refusal */
export function judgeImagined(
  clientId: string,
  imagine: (client: Client) => Imagined,
  context: JudgeContext & { readonly clients: Clients },
): Simulated {
  const judged = orRefusal(() => {
    const client = admit(clientId, context.clients);
    return { ...imagine(client), client };
  });
  if (judged instanceof Refusal) return { rule: undefined, reason: judged.reason };
  const { result, trace } = judge(judged, context);
  const { rule } = trace;
  return result instanceof Refusal ? { rule, reason: result.reason } : { rule, reason: undefined, decision: result };
}

/** The client, where the token endpoint would let it exchange anything. @throws Refusal client_unknown, client_disabled, grant_not_allowed, public_client_not_allowed */
export function admit(id: string, clients: Clients): Client {
  const client = clients.get(id);
  if (client === undefined) throw new Refusal('client_unknown', { sent: { client_id: id } });
  if (client.disabled) throw new Refusal('client_disabled');
  if (!client.grants.has('token_exchange')) throw refuseGrant(client, 'token_exchange');
  // A workload's token stands for it; the token endpoint asks the others.
  if (client.auth === 'none' && !client.publicExchange && client.workload === undefined)
    throw new Refusal('public_client_not_allowed');
  return client;
}

/** What no imagined token has. */
export const imagined = { id: 'imagined', lineage: [], actorLineage: [], issuedAt: undefined } as const;

/**
 * The request that an audit row remembers, its tokens with the claims that conditions read then.
 * @returns undefined where the row is of no exchange that came as far as its rules; `withheld` where it tells too little
 */
export function recall(event: AuditEvent): Imagined | 'withheld' | undefined {
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
  if (grant !== 'token_exchange' || !subject || !type || event.mismatches === undefined) return undefined;
  const told = [...audiencesAsked, ...resourcesAsked, ...(scopeAsked ?? []), ...Object.values(facts)];
  if (told.includes(REDACTED)) return 'withheld';
  return {
    subject: remembered(subject, 'subject', facts),
    actor: actor && remembered(actor, 'actor', facts),
    request: {
      audiences: audiencesAsked,
      resources: resourcesAsked.map((uri) => new URL(uri)),
      requestedType: type,
      scope: scopeAsked && new Set(scopeAsked),
    },
  };
}

/** What was settled before the rules were asked, such as may_act, is not settled again. */
function remembered(trace: TokenTrace, role: Role, facts: JsonObject): TokenFacts {
  const { iss, sub, type, clientId, audiences, scope, agreedAudiences, expiresAt, confirmation, chain, acr } = trace;
  return {
    ...imagined,
    principal: { iss, sub },
    sub,
    origin: undefined,
    type,
    clientId,
    audiences,
    scope: scope === undefined ? 'unbounded' : new Set(scope),
    agreedAudiences: agreedAudiences ?? 'unbounded',
    expiresAt,
    confirmation,
    // When the row was written, the token was verified.
    chain: chain.map(vouchFor),
    claims: rememberedClaims(role, facts),
    mayAct: undefined,
    authentication: acr === undefined ? {} : { acr },
    extraClaims: {},
  };
}

type Members = Record<string, unknown>;

/** A claim that the token only referred to is referred to again. */
function referTo(root: Members, [, ...path]: MemberPath): void {
  const [, name = '', inner] = path;
  const attribute = name === 'attributes' && inner !== undefined;
  const claims = root.claims as Members;
  const holder = attribute ? (claims.attributes as Members) : claims;
  holder._claim_names = { ...(holder._claim_names as object | undefined), [attribute ? inner : name]: '' };
}

/** From their paths, `subject.claims.org.id`, back to the shape in which the token had them. */
function rememberedClaims(role: Role, facts: JsonObject): JsonObject {
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
