// Makes one statement of PostgreSQL from the changes of a request and its audit row. It commits all of it or nothing, and the
// request waits once for the database, not once for each statement and twice for the transaction.
import { CompiledQuery } from 'kysely';
import { auditInsertions } from './audit-rows.ts';
import type { Database, NewAuditRow } from './schema.ts';

/** SQLSTATE of a text that is cast to a number, as below, and of an id that is there already. */
const REFUSALS: readonly unknown[] = ['22P02', '23505'];

/**
 * Runs the statements and inserts the row. They must not read what another of them writes: all see the database as it was before.
 * @returns false if one of them does not change exactly one row, or fails because of another request. Then nothing is committed
 */
export async function commitInOne(
  database: Database,
  row: NewAuditRow,
  statements: readonly CompiledQuery[],
): Promise<boolean> {
  const [insertion] = auditInsertions(database, [row]);
  if (insertion === undefined) throw new Error('a row has an insertion');
  const all = [...statements, insertion];
  const parts = all.map(({ sql }) => sql);
  try {
    const parameters = all.flatMap((one) => one.parameters);
    await database.executeQuery(CompiledQuery.raw(joined(database, parts), parameters));
    return true;
  } catch (error) {
    if (REFUSALS.includes((error as { code?: unknown }).code)) return false;
    throw error;
  }
}

/** Of each database, by the texts of the statements. There are few, because values are parameters. */
const texts = new WeakMap<object, Map<string, string>>();

function joined(database: Database, parts: readonly string[]): string {
  const { adapter } = database.getExecutor();
  const known = texts.get(adapter) ?? new Map<string, string>();
  texts.set(adapter, known);
  const key = parts.join(';');
  const text = known.get(key) ?? join(parts);
  known.set(key, text);
  return text;
}

/** The planner computes constants, also those that no row needs: so the text that fails contains a count. The log of the database has it. */
function join(parts: readonly string[]): string {
  let parameters = 0;
  const changes = parts.map((text, index) => {
    const first = parameters;
    const numbered = text.replace(/\$(\d+)/g, (_all, number) => {
      parameters = Math.max(parameters, first + Number(number));
      return `$${first + Number(number)}`;
    });
    return `change_${index} as (${numbered} returning 1)`;
  });
  const hold = parts.map((_part, index) => `(select count(*) from change_${index}) = 1`).join(' and ');
  return `with ${changes.join(', ')} select case when ${hold} then 1 else cast('a condition of the request does not hold: ' || (select count(*) from change_0) as int) end`;
}
