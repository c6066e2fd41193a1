// What does an expression give to those who asked? Plain JSON, of bounded size: it may become a claim.
import { MAX_TEXT, Problem } from './run.ts';
import { kindOf } from './values.ts';

const MAX_VALUES = 1024;
const MAX_DEPTH = 64;

interface Room {
  values: number;
  text: number;
}

/** Ints become numbers, timestamps RFC 3339 strings; what JSON cannot say, or what is too large, is a problem. */
export const asJson = (value: unknown): unknown =>
  typeof value === 'boolean' ? value : convert(value, { values: MAX_VALUES, text: MAX_TEXT }, 0);

function convert(value: unknown, room: Room, depth: number): unknown {
  room.values -= 1;
  if (room.values < 0 || depth > MAX_DEPTH) return new Problem(`the result has more than ${MAX_VALUES} values`);
  if (value === null || typeof value === 'boolean' || value instanceof Problem) return value;
  if (typeof value === 'string') return withinRoom(value, room);
  if (typeof value === 'bigint' || typeof value === 'number') return asJsonNumber(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) {
    if (value.length > room.values) return new Problem(`the result has more than ${MAX_VALUES} values`);
    const items = value.map((item) => convert(item, room, depth + 1));
    return items.find((item) => item instanceof Problem) ?? items;
  }
  return kindOf(value) === 'map' ? convertMap(value as object, room, depth) : new Problem('the result is no JSON');
}

function convertMap(map: object, room: Room, depth: number): unknown {
  // Without a prototype, so that `__proto__` is a member like any other.
  const result: Record<string, unknown> = Object.create(null);
  for (const [name, member] of Object.entries(map)) {
    if (member === undefined) continue;
    const converted = withinRoom(name, room) instanceof Problem ? TOO_LONG : convert(member, room, depth + 1);
    if (converted instanceof Problem) return converted;
    result[name] = converted;
  }
  return result;
}

const TOO_LONG = new Problem(`the result has more than ${MAX_TEXT} characters`);

function withinRoom(text: string, room: Room): string | Problem {
  room.text -= text.length;
  return room.text < 0 ? TOO_LONG : text;
}

function asJsonNumber(value: bigint | number): number | Problem {
  const number = Number(value);
  // Beyond 2^53 the next reader would take it for one of its neighbours.
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) return new Problem('the result is too large a number');
  return Number.isFinite(number) ? number : new Problem('the result is no JSON number');
}
