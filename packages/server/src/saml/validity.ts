// Checks the times and conditions of an assertion. Times are seconds since 1970.
import { formatDuration } from '../primitives/duration.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { attribute, elementsOf, excerpt, requiredAttribute, type XmlElement } from './element.ts';

const INSTANT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z$/;

export interface AssertionClock {
  readonly now: number;
  readonly leeway: number;
}

/** Parses a time in UTC (SAML 2.0 core section 1.3.3) and drops fractions of a second. @returns undefined if it is not one */
function parseInstant(text: string): number | undefined {
  const date = INSTANT.exec(text)?.[1];
  const time = date === undefined ? Number.NaN : Date.parse(`${date}Z`);
  // Date.parse turns 30 February and 24:00 into a later day.
  return Number.isNaN(time) || new Date(time).getUTCDate() !== Number(date?.slice(8, 10)) ? undefined : time / 1000;
}

/** @throws TokenRefusal malformed */
export function instant(element: XmlElement, name: string): number {
  const text = requiredAttribute(element, name);
  const time = parseInstant(text);
  if (time !== undefined) return time;
  throw new TokenRefusal(
    'malformed',
    `${name} of ${element.name} is not a time in UTC such as 2026-01-31T08:00:00Z: ${excerpt(text)}`,
  );
}

export const optionalInstant = (element: XmlElement, name: string): number | undefined =>
  attribute(element, name) === undefined ? undefined : instant(element, name);

/** @throws TokenRefusal not_yet_valid */
export function requirePast(time: number, what: string, { now, leeway }: AssertionClock): void {
  if (time > now + leeway)
    throw new TokenRefusal(
      'not_yet_valid',
      `${what} is in the future: ${format(time)}, ${formatDuration(time - now)} ahead of the clock of this server`,
    );
}

/** The time itself is already too late (SAML 2.0 core section 2.5.1.2). @throws TokenRefusal expired */
export function requireFuture(time: number, what: string, { now, leeway }: AssertionClock): void {
  if (now - leeway >= time)
    throw new TokenRefusal('expired', `${what} is past: ${format(time)}, ${formatDuration(now - time)} ago`);
}

/**
 * Checks NotBefore and NotOnOrAfter of an element. An element without an end is refused.
 * @returns the end
 * @throws TokenRefusal claims, malformed, not_yet_valid, expired
 */
export function requireWindow(element: XmlElement, clock: AssertionClock): number {
  const notBefore = optionalInstant(element, 'NotBefore');
  const notOnOrAfter = optionalInstant(element, 'NotOnOrAfter');
  if (notOnOrAfter === undefined) throw new TokenRefusal('claims', `${element.name} has no NotOnOrAfter`);
  if (notBefore !== undefined) {
    if (notBefore >= notOnOrAfter) throw new TokenRefusal('claims', `${element.name} ends before it begins`);
    requirePast(notBefore, `NotBefore of ${element.name}`, clock);
  }
  requireFuture(notOnOrAfter, `NotOnOrAfter of ${element.name}`, clock);
  return notOnOrAfter;
}

/**
 * Refuses unknown conditions: the validity of the assertion cannot be determined (SAML 2.0 core section 2.5.1.1, SAML 1.1 core
 * section 2.3.2.1).
 * @throws TokenRefusal claims
 */
export function refuseUnknownConditions(conditions: XmlElement, known: readonly string[]): void {
  const unknown = elementsOf(conditions).find(
    ({ namespace, name }) => namespace !== conditions.namespace || !known.includes(name),
  );
  if (unknown !== undefined) throw new TokenRefusal('claims', `it has an unknown condition: ${excerpt(unknown.name)}`);
}

const format = (time: number) => new Date(time * 1000).toISOString().replace('.000', '');
