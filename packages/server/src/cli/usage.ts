// Reads the values of options, and reports a wrong one with the value, what was expected and an example. Wrong usage exits with 2.
import { didYouMean } from '../primitives/nearest.ts';

/** Wrong usage of a command. */
export class UsageError extends Error {}

/** @throws UsageError */
export function readChoice<T extends string>(option: string, value: unknown, known: readonly T[], noun: string): T {
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  const listed = known.length <= MAX_LISTED ? ` Use one of: ${known.join(', ')}` : '';
  const hint = didYouMean(String(value), known);
  throw new UsageError(`${option} ${value} is not ${noun}.${hint || listed || ` Example: ${option} ${known[0]}`}`);
}

/** Longer lists are left out of messages. */
const MAX_LISTED = 12;

interface Bounds {
  readonly least: number;
  readonly most?: number;
  readonly example: number;
  /** Also accepts the word `all`. */
  readonly all?: true;
}

/** @throws UsageError */
export function readWholeNumber(option: string, value: unknown, { least, most, example, all }: Bounds): number {
  if (all && value === 'all') return Number.POSITIVE_INFINITY;
  const number = /^\d{1,15}$/.test(String(value)) ? Number(value) : Number.NaN;
  if (number >= least && number <= (most ?? number)) return number;
  const range = most === undefined ? `of ${least} or more` : `from ${least} to ${most}`;
  const words = `a whole number ${range}${all ? ', or all' : ''}`;
  throw new UsageError(`${option} ${value} is not ${words}. Example: ${option} ${example}`);
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const INSTANT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;

const MAX_SECONDS = 3600;

/** Reads a duration of up to an hour, such as `30s`. @throws UsageError */
export function readSeconds(option: string, value: unknown, least: 0 | 1 = 1): number {
  const [, count, unit] = /^(\d{1,4})([sm])$/.exec(String(value)) ?? [];
  const seconds = (Number(count) * UNIT_MS[unit as 's' | 'm']) / 1000;
  if (seconds >= least && seconds <= MAX_SECONDS) return seconds;
  throw new UsageError(`${option} ${value} is not a duration of ${least}s to 60m. Example: ${option} 30s`);
}

/** Reads an instant, a day, or a duration ago such as `2h`. @returns milliseconds since 1970 @throws UsageError */
export function readTime(option: string, value: unknown, now: number): number {
  const text = String(value);
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  const time = INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new UsageError(
      `${option} ${text} is not a time. Use 2026-01-31T08:00:00Z, 2026-01-31, or 2h for two hours ago`,
    );
  return time;
}
