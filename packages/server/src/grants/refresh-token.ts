// Implements the refresh_token grant (RFC 6749 section 6): the rules are evaluated again, and the token is rotated. The whole
// request is checked before anything rotates.

import type { AuditEvent } from '../audit/event.ts';
import { noteTrace } from '../exchange/exchange.ts';
import { authorize, type RefreshDecision } from '../issuing/authorization.ts';
import {
  claimedFamilyOf,
  parseRefreshToken,
  REFRESH_GRACE_MS,
  type RefreshTokenName,
} from '../issuing/refresh-token.ts';
import { type Client, isPublic } from '../model/client.ts';
import { type RefreshFamily, sinceRotation } from '../model/refresh-family.ts';
import { noteWanted, readScope, readTargets } from '../narrowing/wanted.ts';
import type { Confirmation } from '../primitives/confirmation.ts';
import { withoutOrigins } from '../primitives/principal.ts';
import { Refusal, TokenRefusal } from '../primitives/refusal.ts';
import { requireAnyKey, requireKey } from '../proof/holder.ts';
import { refuseOtherRegion } from '../regions/elsewhere.ts';
import { type FamilyServices, refuseInvalidFamily } from '../subject-tokens/refresh-token.ts';
import type { CodeServices } from './agreed.ts';
import type { Grant, GrantRequest } from './grant.ts';
import { type RegrantServices, regrant } from './regrant.ts';

/** What the grant needs from the server. */
export interface RefreshServices extends RegrantServices, CodeServices, FamilyServices {
  /** The id of this process. */
  readonly node: string;
}

export const refreshTokenGrant = {
  name: 'refresh_token',
  grantType: 'refresh_token',
  parameters: ['refresh_token', 'audience', 'resource', 'scope'],
  authorize: async ({ parameters, client, event, now, confirmation }: GrantRequest, services: RefreshServices) => {
    const text = parameters.get('refresh_token');
    if (text === undefined) throw new Refusal('parameter_missing', { parameter: 'refresh_token' });
    const wanted = { ...readTargets(parameters), scope: readScope(parameters) };
    noteWanted(event, wanted, services.targeting);
    const presented = parseRefreshToken(text, services.refreshKey);
    const family = presented && (await services.findFamily(presented.family));
    if (presented === undefined || family === undefined) {
      refuseOtherRegion(services.elsewhere.regionOf(presented?.family ?? claimedFamilyOf(text) ?? ''));
      throw new Refusal('refresh_token_unknown');
    }
    noteFamily(event, family, services.issuer);
    checkFamily(family, client, now, services);
    checkKey(family, client, confirmation);
    const refresh = await judgeGeneration(presented, family, event, now, services);
    const { result, trace } = await regrant({ wanted, family, client }, { now, confirmation }, services);
    noteTrace(event, trace);
    if (result instanceof Refusal) throw result;
    const { grant } = family;
    return authorize({
      ...result,
      type: grant.type,
      clientId: client.id,
      sub: grant.sub,
      origin: grant.origin,
      lineage: [family.id, ...grant.lineage],
      actorLineage: grant.actorLineage,
      uses: [],
      refresh,
    });
  },
} as const satisfies Grant;

/** A public client proves itself only with its key, so it must be the same key (RFC 9449 section 5). */
function checkKey({ confirmation }: RefreshFamily, client: Client, proven: Confirmation | undefined): void {
  const require = isPublic(client) ? requireKey : requireAnyKey;
  require(confirmation, proven);
}

function checkFamily(family: RefreshFamily, client: Client, now: number, services: RefreshServices): void {
  const { grant, clientId } = family;
  if (clientId !== client.id)
    throw new Refusal('refresh_token_client', { detail: `it was issued to ${clientId}, and ${client.id} sent it` });
  const principal = { iss: services.issuer, sub: grant.sub };
  const issuedAt = family.rotatedAt / 1000;
  const refused = services.revocations.whyRefused({ ...grant, id: family.id, principal, clientId, issuedAt });
  if (refused !== undefined) throw new Refusal(`refresh_token_${refused}`);
  try {
    refuseInvalidFamily(family, now, services);
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error;
    const reason = error.fault === 'expired' ? 'refresh_token_expired' : 'refresh_token_not_allowed';
    throw new Refusal(reason, { detail: error.detail, cause: error });
  }
}

/**
 * The newest token rotates. Within the grace period the one before it gets the same successor again, unless that was used: then
 * the generation has moved on. Any older token was stolen or copied, and its family is revoked.
 */
async function judgeGeneration(
  presented: RefreshTokenName,
  family: RefreshFamily,
  event: AuditEvent,
  now: number,
  { node, revocations }: RefreshServices,
): Promise<RefreshDecision> {
  const { id, generation, expiresAt } = family;
  const age = sinceRotation(family, { node, now: now * 1000 });
  if (presented.generation === generation) return { kind: 'rotate', presented, expiresAt };
  if (presented.generation === generation - 1 && age <= REFRESH_GRACE_MS) {
    return { kind: 'again', successor: { family: id, generation }, expiresAt };
  }
  event.revoked = id;
  await revocations.revoke(id);
  throw new Refusal('refresh_token_reused');
}

function noteFamily(event: AuditEvent, { id, grant, clientId, expiresAt }: RefreshFamily, issuer: string): void {
  const type = 'refresh_token';
  const { sub, scope } = grant;
  const chain = withoutOrigins(grant.chain);
  event.subject = { iss: issuer, sub, id, declaredType: type, type, clientId, audiences: [], scope, chain, expiresAt };
}
