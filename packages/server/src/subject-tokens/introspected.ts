// Validates a token by an introspection at its issuer (RFC 7662): an opaque one, or a JWT whose content only its issuer knows.
import { isDeepStrictEqual } from 'node:util';
import { isRefreshToken } from '../issuing/refresh-token.ts';
import { type CompactJws, isJose } from '../keys/jws.ts';
import { mayTake } from '../policy/match.ts';
import { isName } from '../primitives/principal.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import { introspectAt } from '../trust/introspection.ts';
import type { TrustedIssuer } from '../trust/issuer.ts';
import { assertionText } from './guess-type.ts';
import type { ValidationContext } from './validated-token.ts';
import { refuseOtherAnswer } from './weigh.ts';

/**
 * May the text be sent to another issuer for introspection? It is not a JWT by its form and its header, not an assertion, not a token of
 * this server, and has at most 2048 characters of a bearer token (RFC 6750 section 2.1).
 */
export const mayBeForeignOpaque = (token: string): boolean =>
  /^[\w.~+/=-]{1,2048}$/.test(token) && !isJose(token) && !isRefreshToken(token) && assertionText(token) === undefined;

/**
 * The members of the answer about an opaque token. They name this issuer and a client: else it may be about another token.
 * @throws TokenRefusal not_accepted, inactive, unknown_issuer, wrong_type, claims; Refusal issuer_unavailable
 */
export async function introspectOpaque(
  token: string,
  issuer: TrustedIssuer,
  context: ValidationContext,
): Promise<JsonObject> {
  const answer = await ask(token, issuer, 'access_token', context);
  if (answer.iss !== issuer.issuer)
    throw new TokenRefusal('unknown_issuer', 'the introspection answer names another issuer');
  if (!isName(answer.client_id)) throw new TokenRefusal('claims', 'the introspection answer names no client_id');
  return answer;
}

/** Members that must not differ between a token and the answer about it: who it is about, who has it, and its restrictions. */
const SAME = ['iss', 'sub', 'jti', 'client_id', 'azp', 'cnf', 'act', 'may_act', 'nbf', 'iat', 'auth_time'] as const;

/**
 * The claims of a verified JWT, and the members of the answer about it, which may have more. They agree on who the
 * token is about and has it. Of `aud`, `scope` and `acr`, which may be known to the endpoint only, the answer's counts.
 * @throws like `introspectOpaque`
 */
export async function introspectJwt(
  jws: CompactJws,
  issuer: TrustedIssuer,
  type: string,
  context: ValidationContext,
): Promise<JsonObject> {
  const { active: _active, ...answer } = await ask(jws.text, issuer, type, context);
  const { payload } = jws;
  const other = SAME.find(
    (name) => name in payload && name in answer && !isDeepStrictEqual(payload[name], answer[name]),
  );
  if (other !== undefined)
    throw new TokenRefusal('claims', `the introspection answer says another ${other} than the token`);
  const { jti: _jti, ...told } = answer;
  const ends = [payload.exp, answer.exp].filter((end) => typeof end === 'number');
  // The id of a token in revocations comes from its text.
  return { ...payload, ...told, exp: ends.length === 0 ? payload.exp : Math.min(...ends) };
}

async function ask(
  token: string,
  issuer: TrustedIssuer,
  type: string,
  { client, policy, role }: ValidationContext,
): Promise<JsonObject> {
  // An introspection costs the endpoint work: a client may cause it only for tokens that it could exchange.
  const rules = policy.byClient.get(client.id)?.all ?? [];
  if (!rules.some((rule) => mayTake(rule, role, issuer.issuer, type)))
    throw new TokenRefusal('not_accepted', `no rule of this client accepts tokens of ${issuer.name}`);
  const answer = await introspectAt(issuer, token, client.id);
  if (answer === undefined) throw new TokenRefusal('inactive');
  refuseOtherAnswer(answer);
  return answer;
}
