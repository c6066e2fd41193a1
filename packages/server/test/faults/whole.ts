// I10: checks that the store is whole: the integrity check of the database, and the count of audit rows.
import type { Store } from './cluster.ts';
import type { Violation } from './ledger.ts';

/** Audit positions in SQLite have no gaps. In PostgreSQL a rollback leaves a gap, so they only increase. */
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
