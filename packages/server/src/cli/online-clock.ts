// Compares the clock of another server with ours.
import type { Path } from '../config/fault.ts';
import { formatDuration } from '../primitives/duration.ts';
import type { CheckOutcome } from './finding.ts';

/** A time in a header is cut to a second, and the answer was under way. */
const EXACTNESS_SECONDS = 2;

/**
 * @param time of the other server @param asked when we asked @param leeway in seconds: a larger difference is a fault
 * @returns nothing if the other server told no time
 */
export function compareClocks(
  { time, asked }: { readonly time: number | undefined; readonly asked: number },
  { path, whose, leeway }: { readonly path: Path; readonly whose: string; readonly leeway: number },
): readonly CheckOutcome[] {
  if (time === undefined) return [];
  const now = Date.now();
  // The other clock was read at a moment between.
  const skewMs = time > now ? time - now : time < asked ? time - asked : 0;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const about = { check: 'clock', path } as const;
  if (seconds <= EXACTNESS_SECONDS)
    return [{ ...about, severity: 'ok', message: `${whose} agrees with the clock here` }];
  const message = `${whose} is ${formatDuration(seconds)} ${skewMs > 0 ? 'ahead of' : 'behind'} the clock here`;
  const allowed = `tokens are accepted with a difference of up to ${leeway} s. Set both by NTP.`;
  return [{ ...about, severity: seconds > leeway ? 'fault' : 'warning', message: `${message}; ${allowed}` }];
}
