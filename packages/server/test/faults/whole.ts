// I10: is the store whole? What the database says of itself, and the count of the audit rows.
import type { Store } from './cluster.ts';
import type { Violation } from './ledger.ts';

/** The audit of SQLite counts without a gap; PostgreSQL's counter skips what was rolled back, so there it only grows. */
export async function judgeStore(store: Store): Promise<Violation[]> {
  const found: Violation[] = [];
  const [numbers] = await store.sql(
    'select count(*) as rows, count(distinct sequence) as different, max(sequence) as last from audit',
  );
  const [rows, different, last] = [numbers?.rows, numbers?.different, numbers?.last].map(Number);
  if (rows !== different || (store.kind === 'SQLite' && rows !== last)) {
    found.push({ invariant: 'I10', what: `${rows} rows of ${different} numbers, the last ${last}` });
  }
  if (store.kind === 'SQLite') {
    const [check] = await store.sql('pragma integrity_check');
    if (check?.integrity_check !== 'ok') found.push({ invariant: 'I10', what: String(check?.integrity_check) });
  }
  return found;
}
