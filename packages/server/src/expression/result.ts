// Converts the value of an expression to plain JSON of bounded size, because it may become a claim.
import { refuseIncomplete } from './elsewhere.ts';
import { type Budget, CannotTell, Problem } from './run.ts';
import { Duration, Timestamp, writeCelTime } from './time.ts';
import { kindOf } from './values.ts';

/** The largest token that this server accepts: a larger result could not be used. */
const MAX_CHARACTERS = 65_536;
const MAX_DEPTH = 64;

/** Steps to copy a value. */
const VALUE_STEPS = 4;

interface Room {
  readonly budget: Budget;
  left: number;
}

/** Ints become numbers, and timestamps RFC 3339 strings, durations seconds. Other values that JSON lacks are a problem. @throws CannotTell too large */
export const asJson = (value: unknown, budget: Budget): unknown =>
  typeof value === 'boolean' ? value : convert(value, { budget, left: MAX_CHARACTERS }, 0);

function convert(value: unknown, room: Room, depth: number): unknown {
  room.budget.pay(VALUE_STEPS);
  take(room, 1);
  if (depth > MAX_DEPTH) throw new CannotTell('cost', `the result is nested more than ${MAX_DEPTH} deep`);
  if (value === null || typeof value === 'boolean' || value instanceof Problem) return value;
  if (typeof value === 'string') {
    take(room, value.length);
    return value;
  }
  if (typeof value === 'bigint' || typeof value === 'number') return asJsonNumber(value);
  if (value instanceof Timestamp || value instanceof Duration) return formatForClaim(value);
  if (Array.isArray(value)) return convertList(value, room, depth);
  return kindOf(value) === 'map' ? convertMap(value as object, room, depth) : new Problem('the result is not JSON');
}

/** Timestamps have at least three digits of a second, as in earlier versions. */
function formatForClaim(time: Timestamp | Duration): string {
  const text = writeCelTime(time);
  return time instanceof Timestamp
    ? text.replace(/(?:\.(\d+))?Z$/, (_, digits = '') => `.${digits.padEnd(3, '0')}Z`)
    : text;
}

function convertList(list: readonly unknown[], room: Room, depth: number): unknown {
  const items: unknown[] = [];
  for (const item of list) {
    const converted = convert(item, room, depth + 1);
    if (converted instanceof Problem) return converted;
    items.push(converted);
  }
  return items;
}

function convertMap(map: object, room: Room, depth: number): unknown {
  refuseIncomplete(map);
  // Without a prototype, so that `__proto__` is a member like any other.
  const result: Record<string, unknown> = Object.create(null);
  for (const [name, member] of Object.entries(map)) {
    if (member === undefined) continue;
    take(room, name.length);
    const converted = convert(member, room, depth + 1);
    if (converted instanceof Problem) return converted;
    result[name] = converted;
  }
  return result;
}

function take(room: Room, characters: number): void {
  room.left -= characters;
  if (room.left < 0) throw new CannotTell('cost', `the result has more than ${MAX_CHARACTERS} characters`);
}

function asJsonNumber(value: bigint | number): number | Problem {
  const number = Number(value);
  // Beyond 2^53 a reader could round it to a neighbour.
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) return new Problem('the result is too large a number');
  return Number.isFinite(number) ? number : new Problem('the result is not a finite number');
}
