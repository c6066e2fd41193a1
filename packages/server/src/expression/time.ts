// Points in time and spans of time, exact to the nanosecond, as CEL defines them.

const SECOND = 1_000_000_000n;
const MILLISECOND = 1_000_000n;
/** The years 1 to 9999 (RFC 3339). */
const FIRST = -62_135_596_800n * SECOND;
const LAST = 253_402_300_800n * SECOND - 1n;
/** About 292 years: nanoseconds in an int. */
const LONGEST = 2n ** 63n - 1n;

export class Timestamp {
  /** Since 1970. */
  readonly nanoseconds: bigint;

  private constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }

  /** @returns undefined outside the years 1 to 9999 */
  static of(nanoseconds: bigint): Timestamp | undefined {
    return nanoseconds >= FIRST && nanoseconds <= LAST ? new Timestamp(nanoseconds) : undefined;
  }
}

export class Duration {
  readonly nanoseconds: bigint;

  private constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }

  /** @returns undefined if it is longer than 292 years */
  static of(nanoseconds: bigint): Duration | undefined {
    return nanoseconds >= -LONGEST && nanoseconds <= LONGEST ? new Duration(nanoseconds) : undefined;
  }
}

export type Time = Timestamp | Duration;

/** Returns the time with this many seconds since 1970, without fractions of a millisecond. */
export const atSeconds = (seconds: number | bigint): Timestamp | undefined => {
  if (typeof seconds === 'bigint') return Timestamp.of(seconds * SECOND);
  const milliseconds = Math.trunc(seconds * 1000);
  return Number.isSafeInteger(milliseconds) ? Timestamp.of(BigInt(milliseconds) * MILLISECOND) : undefined;
};

const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Reads RFC 3339. @returns undefined if the text is not a time, such as 30 February */
export function parseTimestamp(text: string): Timestamp | undefined {
  const [, local = '', fraction = '', sign, hours = '0', minutes = '0'] = TIMESTAMP.exec(text) ?? [];
  const date = new Date(`${local}Z`);
  // Date turns 30 February and 24:00 into a later day.
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 19) !== local) return undefined;
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const offset = BigInt(Number(hours) * 3600 + Number(minutes) * 60) * SECOND;
  const time = BigInt(date.getTime()) * MILLISECOND + BigInt(fraction.padEnd(9, '0'));
  return Timestamp.of(sign === '-' ? time + offset : time - offset);
}

const UNITS: Readonly<Record<string, bigint>> = {
  h: 3600n * SECOND,
  m: 60n * SECOND,
  s: SECOND,
  ms: MILLISECOND,
  us: 1000n,
  ns: 1n,
};
const MAX_DURATION_CHARACTERS = 64;
const DURATION = /^[+-]?(?:\d{1,18}(?:\.\d{1,18})?(?:h|ms|m|s|us|ns))+$/;
const PART = /(\d+)(?:\.(\d+))?(h|ms|m|s|us|ns)/g;

/** Reads `1h30m`, `-1.5s` or `100ms`. @returns undefined if the text is not a duration */
export function parseDuration(text: string): Duration | undefined {
  if (text.length > MAX_DURATION_CHARACTERS || !DURATION.test(text)) return undefined;
  let sum = 0n;
  for (const [, whole = '', fraction = '', name = ''] of text.matchAll(PART)) {
    const unit = UNITS[name] ?? 0n;
    sum += BigInt(whole) * unit + (BigInt(`0${fraction}`) * unit) / 10n ** BigInt(fraction.length);
  }
  return Duration.of(text.startsWith('-') ? -sum : sum);
}

/** For the fields of a date in UTC. Rounds down, so that the fields of times before 1970 are right, too. */
export function dateOf({ nanoseconds }: Timestamp): Date {
  const rest = ((nanoseconds % MILLISECOND) + MILLISECOND) % MILLISECOND;
  return new Date(Number((nanoseconds - rest) / MILLISECOND));
}

/** Whole units of a duration, rounded towards zero. */
export const wholeUnits = ({ nanoseconds }: Duration, unit: 'h' | 'm' | 's' | 'ms'): bigint =>
  nanoseconds / (UNITS[unit] ?? 1n);

/** Whole seconds since 1970, rounded down. */
export const secondsOf = (time: Timestamp): bigint => BigInt(Math.floor(dateOf(time).getTime() / 1000));

const trimmed = (fraction: bigint): string => {
  const digits = fraction.toString().padStart(9, '0').replace(/0+$/, '');
  return digits === '' ? '' : `.${digits}`;
};

/** RFC 3339 in UTC with the digits that are needed, or seconds such as `1.5s`. */
export function writeCelTime(time: Time): string {
  if (time instanceof Timestamp) {
    const rest = ((time.nanoseconds % SECOND) + SECOND) % SECOND;
    return `${dateOf(time).toISOString().slice(0, 19)}${trimmed(rest)}Z`;
  }
  const size = time.nanoseconds < 0n ? -time.nanoseconds : time.nanoseconds;
  return `${time.nanoseconds < 0n ? '-' : ''}${size / SECOND}${trimmed(size % SECOND)}s`;
}

/** `+` and `-`. @returns undefined if the result is out of range; `no meaning` if there is no such operation */
export function calculateTime(operator: string, a: unknown, b: unknown): Time | undefined | 'no meaning' {
  if (operator === '+') {
    if (a instanceof Duration && b instanceof Duration) return Duration.of(a.nanoseconds + b.nanoseconds);
    if (a instanceof Timestamp && b instanceof Duration) return Timestamp.of(a.nanoseconds + b.nanoseconds);
    if (a instanceof Duration && b instanceof Timestamp) return Timestamp.of(a.nanoseconds + b.nanoseconds);
  } else if (operator === '-' && b instanceof Duration) {
    if (a instanceof Duration) return Duration.of(a.nanoseconds - b.nanoseconds);
    if (a instanceof Timestamp) return Timestamp.of(a.nanoseconds - b.nanoseconds);
  } else if (operator === '-' && a instanceof Timestamp && b instanceof Timestamp)
    return Duration.of(a.nanoseconds - b.nanoseconds);
  return 'no meaning';
}
