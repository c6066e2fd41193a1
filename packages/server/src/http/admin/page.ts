// The pages of a list: their query parameters, and their form in an answer.
import { z } from 'zod';
import { isCursor } from '../../audit/search.ts';
import { expecting } from '../../primitives/expectation.ts';
import { InvalidRequest } from './problem.ts';

export const pageQuery = {
  cursor: z.string().max(256).optional().describe('`next` of the previous page'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
};

/** @returns milliseconds since 1970 */
export const isoTime = expecting(
  z.iso.datetime({ offset: true }),
  'a time of RFC 3339',
  'a time with its zone, such as 2026-01-31T08:00:00Z',
).transform((value) => Date.parse(value));

/** A page of rows of the audit log. */
export const periodQuery = {
  since: isoTime.optional(),
  until: isoTime.optional(),
  ...pageQuery,
  cursor: pageQuery.cursor.refine(
    (value) => value === undefined || isCursor(value),
    'is not a cursor of an earlier answer',
  ),
};

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z.string().optional().describe('the cursor of the next page; absent on the last page'),
  });

const CURSOR = /^\d{1,9}$/;

/** Returns a page of a list in memory. @throws InvalidRequest if the cursor is not one of ours */
export function pageFrom<T>(
  items: readonly T[],
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): { items: readonly T[]; next?: string } {
  const text = cursor === undefined ? '0' : Buffer.from(cursor, 'base64url').toString('latin1');
  if (!CURSOR.test(text))
    throw new InvalidRequest([{ at: 'query.cursor', detail: 'is not a cursor of an earlier answer' }]);
  const end = Number(text) + limit;
  return {
    items: items.slice(Number(text), end),
    ...(end < items.length && { next: Buffer.from(String(end)).toString('base64url') }),
  };
}
