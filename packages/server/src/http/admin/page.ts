// A list, a page at a time: how callers ask for it, and what they get.
import { z } from 'zod';
import { InvalidRequest } from './problem.ts';

export const pageQuery = {
  cursor: z.string().max(256).optional().describe('`next` of the page before'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
};

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z.string().optional().describe('where the next page begins; absent after the last'),
  });

const CURSOR = /^\d{1,9}$/;

/** A page of a list that is held in memory. @throws InvalidRequest where the cursor is none of ours */
export function cut<T>(
  items: readonly T[],
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): { items: readonly T[]; next?: string } {
  const text = cursor === undefined ? '0' : Buffer.from(cursor, 'base64url').toString('latin1');
  if (!CURSOR.test(text)) throw new InvalidRequest([{ at: 'query.cursor', detail: 'is none that a page gave' }]);
  const end = Number(text) + limit;
  return {
    items: items.slice(Number(text), end),
    ...(end < items.length && { next: Buffer.from(String(end)).toString('base64url') }),
  };
}
