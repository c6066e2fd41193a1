// Defines what issuing needs, and a planned token: its text, and the writes that must be committed before it is returned.
import type { IssuedTrace } from '../audit/event.ts';
import type { AuditLog } from '../audit/log.ts';
import type { Write } from '../audit/write.ts';
import type { SigningAlgorithm } from '../keys/algorithms.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { SignatureCache } from '../keys/signature-cache.ts';
import type { Clock } from '../primitives/clock.ts';
import type { LeashCounter } from './leash-counter.ts';
import type { Revocations } from './revocations.ts';
import type { Suspensions } from './suspensions.ts';

/** The server's identity, keys and state for issuing tokens. */
export interface TokenSigner {
  readonly issuer: string;
  readonly keys: KeyRing;
  /** Signs everything except tokens for a resource. */
  readonly defaultAlgorithm: SigningAlgorithm;
  /** The key of the MACs of refresh tokens and opaque tokens. */
  readonly refreshKey: string;
  /** The key of pairwise subjects. */
  readonly pairwiseKey: string;
  readonly audit: AuditLog;
  readonly signatures: SignatureCache;
  readonly revocations: Revocations;
  readonly suspensions: Suspensions;
  readonly leashCounter: LeashCounter;
  readonly clock: Clock;
  /** Asks the region that remembers single-use ids. @throws Refusal region_unavailable */
  readonly claimUse: (id: string, expiresAt: number) => Promise<boolean>;
  /** The id of this process. */
  readonly node: string;
}

/** The moment for which a request is decided: seconds since 1970, and the latest bulk revocation known then. */
export interface AsOf {
  readonly now: number;
  readonly epoch: number;
}

/** A token that is not committed yet. */
export interface PlannedToken {
  readonly text: string;
  readonly trace: IssuedTrace;
  readonly writes: readonly Write[];
}
