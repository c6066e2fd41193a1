// The results of a run.
import type { Wait } from './half-of-peak.ts';
import type { Overload } from './overload.ts';
import type { Round } from './rounds.ts';
import type { SamlRate } from './saml.ts';

/** By contender. */
type ByContender<T> = ReadonlyMap<string, T>;

export interface Results {
  /** By workload. */
  readonly workloads: ReadonlyMap<string, ByContender<readonly Round[]>>;
  readonly halfOfPeak: ByContender<Wait>;
  readonly overload: ByContender<Overload>;
  /** The rounds of one process, and of two. */
  readonly workers: ByContender<readonly [one: readonly Round[], two: readonly Round[]]>;
  readonly saml: readonly SamlRate[];
}
