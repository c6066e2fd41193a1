// The one gate to the signer: an authorization becomes a token, and no token leaves without its committed audit row.
import type { AuditEvent } from '../audit/event.ts';
import type { AuditLog } from '../audit/log.ts';
import { signCompact } from '../keys/jws.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { type Clock, seconds } from '../primitives/clock.ts';
import { formatAct } from '../primitives/principal.ts';
import { newId } from '../primitives/random.ts';
import { formatScope } from '../primitives/scope.ts';
import type { JsonObject } from '../primitives/strict-json.ts';
import type { Authorization } from './authorization.ts';

export interface Issuer {
  readonly issuer: string;
  readonly keys: KeyRing;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

export interface IssuedToken {
  readonly text: string;
  /** Whole seconds of life. */
  readonly expiresIn: number;
  /** Empty where the resource has no scopes. */
  readonly scope: string;
}

/** @throws Refusal store_unavailable where the audit row cannot be committed: then nothing was issued. */
export async function issue(authorization: Authorization, event: AuditEvent, by: Issuer): Promise<IssuedToken> {
  const now = seconds(by.clock);
  const id = newId();
  const expiresAt = now + authorization.lifetime;
  const claims = accessTokenClaims(authorization, { issuer: by.issuer, id, now, expiresAt });
  const text = signCompact('at+jwt', claims, by.keys.signing(authorization.targets[0].token.alg));
  const scope = formatScope(authorization.scope);
  Object.assign(event, {
    outcome: 'issued',
    principal: { iss: by.issuer, sub: authorization.sub },
    chain: authorization.chain,
    targets: authorization.targets.map(({ audience }) => audience),
    scopeGiven: [...authorization.scope],
    issued: [{ id, type: 'access_token', expiresAt }],
    duration: by.clock() - event.time,
  } satisfies Partial<AuditEvent>);
  await by.audit.append(event);
  return { text, expiresIn: authorization.lifetime, scope };
}

/** RFC 9068 section 2.2 with `act` and `may_act` of RFC 8693 section 4; members without a value are left out. */
export function accessTokenClaims(
  authorization: Authorization,
  { issuer, id, now, expiresAt }: { issuer: string; id: string; now: number; expiresAt: number },
): JsonObject {
  const { sub, origin, targets, clientId, scope, chain, mayAct, lineage, actorLineage, authentication } = authorization;
  const audiences = targets.map(({ audience }) => audience);
  return {
    iss: issuer,
    sub,
    ...(origin && { sub_id: { format: 'iss_sub', iss: origin.iss, sub: origin.sub } }),
    aud: audiences.length === 1 ? audiences[0] : audiences,
    client_id: clientId,
    iat: now,
    exp: expiresAt,
    jti: id,
    ...(scope.size > 0 && { scope: formatScope(scope) }),
    ...authentication,
    ...(chain.length > 0 && { act: formatAct(chain) }),
    ...(mayAct && { may_act: mayAct }),
    ...(lineage.length > 0 && { lineage }),
    ...(actorLineage.length > 0 && { actor_lineage: actorLineage }),
  };
}
