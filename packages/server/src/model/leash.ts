// Limits of a client or another actor: how many tokens in a minute and in a day, how many at once, and how long a delegation may last.
import type { Bound } from '../primitives/scope.ts';

export interface LeashLimits {
  /** Requests that issue tokens, in any 60 seconds. */
  readonly perMinute: Bound<number>;
  /** The same, in any 24 hours. */
  readonly perDay: Bound<number>;
  /** Seconds from the beginning of a delegation to the end of its last token. */
  readonly delegation: Bound<number>;
  /** Tokens and refresh families that are valid at the same time. */
  readonly descendants: Bound<number>;
}

/** Limits, and what is counted together. */
export interface Leash {
  /** In counters and in tokens. It has no personal data: of a subject, a digest. */
  readonly key: string;
  /** For people: `client assistant`, `actor research`. */
  readonly name: string;
  readonly limits: LeashLimits;
}
