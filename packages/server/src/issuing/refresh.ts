// Which refresh token goes with the answer? The first of a new family, the successor of the presented one, or the same
// successor again.

import { sinceRotation } from '../model/refresh-family.ts';
import { Refusal } from '../primitives/refusal.ts';
import { advanceFamily, insertFamily } from '../store/refresh-families.ts';
import { isRevoked } from '../store/revocations.ts';
import type { Database } from '../store/schema.ts';
import type { Authorization, RefreshDecision } from './authorization.ts';
import { findFamily } from './family.ts';
import { formatRefreshToken, REFRESH_GRACE, type RefreshTokenName } from './refresh-token.ts';
import type { AsOf, Issuer, PlannedToken } from './signer.ts';

export interface PlannedRefresh extends PlannedToken {
  /** The family, where it is new: the access token beside derives from it. */
  readonly family: string | undefined;
}

export function planRefresh(
  { clientId, confirmation }: Authorization,
  decision: RefreshDecision,
  by: Issuer,
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
      writes: [(transaction) => insertFamily(transaction, row)],
    };
  }
  const successor = decision.kind === 'again' ? decision.successor : next(decision.presented);
  return {
    family: undefined,
    text: formatRefreshToken(successor, by.refreshKey),
    trace: { id: successor.family, type: 'refresh_token', expiresAt: decision.expiresAt },
    writes: [
      (transaction) =>
        decision.kind === 'again'
          ? refuseRevoked(transaction, successor.family)
          : rotate(transaction, decision.presented, binding, by),
    ],
  };
}

/** Another node's revocation may not have come through yet; after its 200 nothing is given out. */
async function refuseRevoked(transaction: Database, family: string): Promise<void> {
  if (await isRevoked(transaction, family)) throw new Refusal('refresh_token_revoked');
}

const next = ({ family, generation }: RefreshTokenName): RefreshTokenName => ({ family, generation: generation + 1 });

/** Of many at once one rotates; the others get the same successor while the grace lasts and nobody has used it. */
async function rotate(
  transaction: Database,
  { family, generation }: RefreshTokenName,
  confirmation: string | null,
  { clock, node }: Issuer,
): Promise<void> {
  const now = clock();
  if (await advanceFamily(transaction, { id: family, generation, now, by: node, confirmation })) return;
  // Whoever was faster may have been revoked since.
  await refuseRevoked(transaction, family);
  const found = await findFamily(transaction, family);
  if (found?.generation === generation) throw new Refusal('refresh_token_expired');
  if (found?.generation !== generation + 1 || sinceRotation(found, { node, now }) > REFRESH_GRACE) {
    throw new Refusal('refresh_token_reused', { detail: 'another request was first' });
  }
}
