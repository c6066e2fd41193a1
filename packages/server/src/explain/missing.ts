// Explains why no audit row has the id of a request.
import { formatTime } from '../primitives/duration.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Normalizes an id from a header, a body, or the `instance` of a problem to the form of the audit log. */
export const normalRequestId = (text: string): string =>
  text
    .trim()
    .replace(/^urn:uuid:/i, '')
    .toLowerCase();

/** @returns milliseconds since 1970; undefined if the id contains no time */
export function timeOfRequest(id: string): number | undefined {
  const version = UUID.exec(id)?.[1];
  return version === '7' ? Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) : undefined;
}

/** @param id in the form that `normalRequestId` returns */
export const isRequestId = (id: string): boolean => UUID.test(id);

export const NOT_A_REQUEST_ID =
  'this is not the id of a request. Give request_id of the answer, which the header X-Request-Id has, too: 36 characters';

/** @param id in the form that `normalRequestId` returns */
export function describeMissingRow(id: string): string {
  if (!isRequestId(id)) return NOT_A_REQUEST_ID;
  const time = timeOfRequest(id);
  if (time === undefined) return `no audit row has the id ${id}. The answer was to bytes that are not an HTTP request`;
  return (
    `no audit row has the id ${id}, which was made at ${formatTime(Math.floor(time / 1000))}. Rows are written for refusals and for ` +
    'what was issued, revoked or changed, not for keys, metadata, health, a page that is only shown, an answered introspection, or overload. ' +
    'Of refusals beyond a limit, or at such paths, one row a second stands for all. Older rows may be deleted (audit.retention)'
  );
}
