// Follows a token through the audit: finds the rows of its ancestors, its own rows, and the rows of its descendants.
import type { AuditEvent } from '../audit/event.ts';
import { isTokenId, tokensOf } from '../audit/search.ts';
import { MAX_TOKENS } from '../http/admin/audit.ts';

/** Finds all rows that name one of the tokens. */
export type FindByTokens = (tokens: readonly string[]) => Promise<readonly AuditEvent[]>;

/** @returns the rows, newest first */
export async function findLineage(ids: readonly string[], find: FindByTokens): Promise<readonly AuditEvent[]> {
  const ancestors = new Set(ids);
  const descendants = new Set(ids);
  const rows = new Map<string, AuditEvent>();
  const asked = new Set<string>();
  for (;;) {
    const next = [...new Set([...ancestors, ...descendants])]
      .filter((id) => !asked.has(id) && isTokenId(id))
      .slice(0, MAX_TOKENS);
    if (next.length === 0) break;
    for (const id of next) asked.add(id);
    for (const event of await find(next)) rows.set(JSON.stringify(event), event);
    for (const event of rows.values()) grow(event, ancestors, descendants);
  }
  const isPart = (event: AuditEvent): boolean =>
    (event.issued ?? []).some(({ id }) => ancestors.has(id)) || tokensOf(event).some((id) => descendants.has(id));
  return [...rows.values()].filter(isPart).toSorted((a, b) => b.time - a.time);
}

/** Adds the tokens of a row: those presented for an ancestor are ancestors, and those issued for a descendant are descendants. */
function grow(
  { issued = [], subject, actor, agreement }: AuditEvent,
  ancestors: Set<string>,
  descendants: Set<string>,
): void {
  const given = [subject?.id, actor?.id, agreement].filter((id) => id !== undefined);
  if (issued.some(({ id }) => ancestors.has(id))) for (const id of given) ancestors.add(id);
  if (given.some((id) => descendants.has(id))) for (const { id } of issued) descendants.add(id);
}
