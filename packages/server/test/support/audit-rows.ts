// Reads the audit rows of answers from the database of a test server.
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { AuditEvent } from '../../src/audit/event.ts';
import { eventOf } from '../../src/audit/row.ts';

export interface AuditRows {
  readonly find: (requestId: string) => AuditEvent | undefined;
  /** Closes the connection, so that the server closes the last one. A later call opens another. */
  readonly close: () => void;
}

/** @param folder of the database. It is opened once, because that takes a millisecond, and most tests read many rows */
export function auditRowsIn(folder: string): AuditRows {
  let database: DatabaseSync | undefined;
  let statement: StatementSync | undefined;
  return {
    find: (requestId) => {
      database ??= new DatabaseSync(join(folder, 'cambio.db'), { readOnly: true });
      statement ??= database.prepare('select event, personal from audit where request_id = ?');
      const row = statement.get(requestId);
      return row && eventOf(row as { event: string; personal: string | null });
    },
    close: () => {
      database?.close();
      [database, statement] = [undefined, undefined];
    },
  };
}
