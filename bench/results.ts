// What a run measured.
import type { Wait } from './half-of-peak.ts';
import type { Overload } from './overload.ts';
import type { Round } from './rounds.ts';
import type { SamlRate } from './saml.ts';

/** By name of the contender. */
type ByContender<T> = ReadonlyMap<string, T>;

export interface Results {
  /** By name of the workload. */
  readonly workloads: ReadonlyMap<string, ByContender<readonly Round[]>>;
  readonly halfOfPeak: ByContender<Wait>;
  readonly overload: ByContender<Overload>;
  /** The rounds of one process, and those of two. */
  readonly workers: ByContender<readonly [one: readonly Round[], two: readonly Round[]]>;
  readonly saml: readonly SamlRate[];
}
