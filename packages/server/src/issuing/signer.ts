// What is a token before it is committed? Its text, and the writes without which it must not leave.
import type { IssuedTrace } from '../audit/event.ts';
import type { AuditLog } from '../audit/log.ts';
import type { SigningAlgorithm } from '../keys/algorithms.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { SignatureCache } from '../keys/signature-cache.ts';
import type { Clock } from '../primitives/clock.ts';
import type { Database } from '../store/schema.ts';
import type { Revocations } from './revocations.ts';

/** Who issues, and with what. */
export interface Issuer {
  readonly issuer: string;
  readonly keys: KeyRing;
  /** Signs what is no token of a resource. */
  readonly defaultAlgorithm: SigningAlgorithm;
  /** The key of the MAC of refresh tokens and opaque tokens. */
  readonly refreshKey: string;
  readonly audit: AuditLog;
  readonly signatures: SignatureCache;
  readonly revocations: Revocations;
  readonly clock: Clock;
  /** Names this process. */
  readonly node: string;
}

/** As of when a request is judged: in seconds since 1970, and by the last revocation of many tokens that was known then. */
export interface AsOf {
  readonly now: number;
  readonly epoch: number;
}

/** What must be written for a token to exist; committed together with the audit row, or not at all. */
export type Write = (transaction: Database) => Promise<void>;

/** A token, not yet committed. */
export interface PlannedToken {
  readonly text: string;
  readonly trace: IssuedTrace;
  readonly writes: readonly Write[];
}
