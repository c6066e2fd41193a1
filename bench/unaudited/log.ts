// An audit log that writes nothing, to measure the cost of the real one.
import type { AuditLog } from '../../packages/server/src/audit/log.ts';
import type { Store } from '../../packages/server/src/store/store.ts';

export const createAuditLog = (store: Store): AuditLog => ({
  append: async (_event, changes) => (changes?.statements.length ? 'not committed' : 'committed'),
  appendWith: (_event, write) => store.transaction().execute(write),
});
