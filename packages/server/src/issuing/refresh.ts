// Plans the refresh token of a response: the first one of a new family, the successor of the presented one, or the same
// successor again.

import { insertionOf, type Write, writeOf } from '../audit/write.ts';
import { sinceRotation } from '../model/refresh-family.ts';
import { Refusal } from '../primitives/refusal.ts';
import type { OneRow } from '../store/one-row.ts';
import { familyAdvance, familyInsertion, unrevokedFamily } from '../store/refresh-families.ts';
import { isRevoked } from '../store/revocations.ts';
import type { Database } from '../store/schema.ts';
import type { Authorization, RefreshDecision } from './authorization.ts';
import { findFamily } from './family.ts';
import { formatRefreshToken, REFRESH_GRACE_MS, type RefreshTokenName } from './refresh-token.ts';
import type { AsOf, PlannedToken, TokenSigner } from './signer.ts';

export interface PlannedRefresh extends PlannedToken {
  /** The id of a new family: the access token issued with it derives from it. */
  readonly family: string | undefined;
}

export function planRefresh(
  { clientId, confirmation }: Authorization,
  decision: RefreshDecision,
  by: TokenSigner,
  { now, epoch }: AsOf,
): PlannedRefresh {
  const binding = confirmation === undefined ? null : JSON.stringify(confirmation);
  if (decision.kind === 'new') {
    const family = by.revocations.ids.make(epoch);
    const expiresAt = now + decision.lifetime;
    const row = {
      id: family,
      client: clientId,
      generation: 0,
      rotated_at: now * 1000,
      expires_at: expiresAt * 1000,
      confirmation: binding,
      remembered: JSON.stringify(decision.grant),
    };
    return {
      family,
      text: formatRefreshToken({ family, generation: 0 }, by.refreshKey),
      trace: { id: family, type: 'refresh_token', expiresAt },
      writes: [insertionOf(familyInsertion(row))],
    };
  }
  const successor = decision.kind === 'again' ? decision.successor : successorOf(decision.presented);
  return {
    family: undefined,
    text: formatRefreshToken(successor, by.refreshKey),
    trace: { id: successor.family, type: 'refresh_token', expiresAt: decision.expiresAt },
    writes: [
      decision.kind === 'again'
        ? {
            statements: [unrevokedFamily(successor.family)],
            run: (transaction) => refuseRevoked(transaction, successor.family),
          }
        : rotate(decision.presented, binding, by),
    ],
  };
}

/** Checks the store, because this node may not have read another node's revocation. After that node responded, nothing is issued. */
async function refuseRevoked(transaction: Database, family: string): Promise<void> {
  if (await isRevoked(transaction, family)) throw new Refusal('refresh_token_revoked');
}

const successorOf = ({ family, generation }: RefreshTokenName): RefreshTokenName => ({
  family,
  generation: generation + 1,
});

/** Of concurrent requests one rotates. The others get the same successor, within the grace period and until it is used. */
function rotate(
  { family, generation }: RefreshTokenName,
  confirmation: string | null,
  { clock, node }: TokenSigner,
): Write {
  const advance: OneRow = (database) =>
    familyAdvance({ id: family, generation, now: clock(), by: node, confirmation })(database);
  return writeOf(advance, async (transaction) => {
    // The family may have been revoked after the request that rotated first.
    await refuseRevoked(transaction, family);
    const found = await findFamily(transaction, family);
    if (found?.generation === generation) throw new Refusal('refresh_token_expired');
    if (found?.generation !== generation + 1 || sinceRotation(found, { node, now: clock() }) > REFRESH_GRACE_MS) {
      throw new Refusal('refresh_token_reused', { detail: 'a concurrent request rotated it first' });
    }
  });
}
