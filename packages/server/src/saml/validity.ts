// Checks the times and conditions of an assertion. Times are seconds since 1970.
import { formatDuration } from '../primitives/duration.ts';
import { TokenRefusal } from '../primitives/refusal.ts';
import { attribute, elementsOf, excerpt, requiredAttribute, type XmlElement } from './element.ts';

const INSTANT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?:Z|([+-])(\d\d):(\d\d))$/;
/** XML Schema part 2, section 3.2.7: an offset has at most 14 hours. */
const MAX_OFFSET_SECONDS = 14 * 3600;
/** The years 1 to 9999, in seconds since 1970. */
const [FIRST_SECOND, LAST_SECOND] = [-62_135_596_800, 253_402_300_799];

export interface AssertionClock {
  readonly now: number;
  readonly leeway: number;
}

/**
 * Parses a time and drops fractions of a second. SAML 2.0 core section 1.3.3 requires UTC; some identity providers write their
 * offset from it, which names the same moment. A time without either is refused.
 * @returns undefined if it is not a time
 */
function parseInstant(text: string): number | undefined {
  const [, date = '', sign, hours = '', minutes = ''] = INSTANT.exec(text) ?? [];
  const local = Date.parse(`${date}Z`);
  // Date.parse turns 30 February and 24:00 into a later day.
  if (Number.isNaN(local) || new Date(local).getUTCDate() !== Number(date.slice(8, 10))) return undefined;
  const offset = sign === undefined ? 0 : Number(hours) * 3600 + Number(minutes) * 60;
  if (offset > MAX_OFFSET_SECONDS || Number(minutes) > 59) return undefined;
  const time = local / 1000 - (sign === '-' ? -offset : offset);
  return time >= FIRST_SECOND && time <= LAST_SECOND ? time : undefined;
}

/** @throws TokenRefusal malformed */
export function instant(element: XmlElement, name: string): number {
  const text = requiredAttribute(element, name);
  const time = parseInstant(text);
  if (time !== undefined) return time;
  throw new TokenRefusal(
    'malformed',
    `${name} of ${element.name} is not a time such as 2026-01-31T08:00:00Z or 2026-01-31T09:00:00+01:00: ${excerpt(text)}`,
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
