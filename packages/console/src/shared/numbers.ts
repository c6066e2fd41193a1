// Numbers in words.

const NUMBER = new Intl.NumberFormat('en');

/** @returns `1 token`, `2,000 tokens` */
export const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${NUMBER.format(count)} ${count === 1 ? one : many}`;

export const formatNumber = (count: number): string => NUMBER.format(count);

/** @returns milliseconds in words: `3 ms`, `1.2 s` */
export const formatMs = (milliseconds: number): string =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** @returns `1 hour`, `90 seconds`: in the largest unit that gives a whole number */
export function describeSeconds(seconds: number): string {
  const [unit, size] = UNITS.find(([, one]) => seconds >= one && seconds % one === 0) ?? ['second', 1];
  return countOf(seconds / size, unit);
}
