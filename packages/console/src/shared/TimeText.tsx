// A time in words: how long ago or ahead, and the exact time on hover.
import { type ReactNode, useEffect, useState } from 'react';

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;
/** Beyond this, a date says more. */
const RELATIVE_SECONDS = 30 * 86_400;
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const EXACT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });

/** To the second, with the zone: `30 Nov 2026, 23:03:11 UTC`. */
export const exactTime = (time: Date): string => EXACT.format(time);

export function describeTime(time: Date, now: Date): string {
  const seconds = Math.round((time.getTime() - now.getTime()) / 1000);
  if (Math.abs(seconds) > RELATIVE_SECONDS) return DATE.format(time);
  const [unit, size] = UNITS.find(([, one]) => Math.abs(seconds) >= one) ?? UNITS[3];
  return RELATIVE.format(Math.trunc(seconds / size), unit);
}

/** @param at an ISO time, or milliseconds since 1970 */
export function TimeText({ at }: { readonly at: string | number }): ReactNode {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 10_000);
    return () => clearInterval(timer);
  }, []);
  const time = new Date(at);
  return (
    <time dateTime={time.toISOString()} title={exactTime(time)}>
      {describeTime(time, now)}
    </time>
  );
}
