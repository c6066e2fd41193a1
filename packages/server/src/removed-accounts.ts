// Revokes what the people of removed accounts have: whoever gets an account of that name later is somebody else.
import { type AuditEvent, beginEvent } from './audit/event.ts';
import type { Base } from './base.ts';
import type { Configuration } from './config/configuration.ts';
import type { Many } from './issuing/revocations.ts';
import { newId } from './primitives/random.ts';
import { findAuditRow } from './store/audit-rows.ts';
import { BACKGROUND_PATIENCE_MS } from './store/store.ts';

type Accounts = Pick<Configuration, 'accounts'>;

export interface RemovedAccounts {
  /** Notes the accounts that the new file lacks. They stay noted until their revocation is committed, whatever comes into force. */
  readonly note: (before: Accounts, after: Accounts) => void;
  /** Does a file have an account whose earlier owner's tokens are not revoked yet? */
  readonly concern: (file: Accounts) => boolean;
  /** Commits the revocation of all that are noted, each once. @throws Error where some remain: call it again */
  readonly revoke: () => Promise<void>;
}

/** Accounts of one transaction, and so of one audit row. */
const NAMES_AT_ONCE = 500;

interface Batch {
  readonly names: readonly [string, ...string[]];
  /** Its id tells whether an attempt without an answer was committed. */
  readonly event: AuditEvent;
}

type NeededBase = Pick<Base, 'store' | 'revocations' | 'audit' | 'clock'>;

export function createRemovedAccounts({ store, revocations, audit, clock }: NeededBase): RemovedAccounts {
  const noted = new Set<string>();
  /** The batch whose attempt failed: it may have been committed nevertheless. */
  let attempted: Batch | undefined;
  const nextBatch = (): Batch | undefined => {
    const [first, ...others] = [...noted].slice(0, NAMES_AT_ONCE);
    if (first === undefined) return undefined;
    const names = [first, ...others] as const;
    const event = beginEvent({ time: clock(), requestId: newId(), address: 'server', action: 'admin' });
    const change = { what: 'accounts removed from the file', before: { accounts: names } };
    return { names, event: { ...event, outcome: 'revoked', change } };
  };
  const commit = async ({ names: [first, ...others], event }: Batch): Promise<void> => {
    const asSubject = (subject: string): Many => ({ subject });
    await revocations.revokeMany(
      [asSubject(first), ...others.map(asSubject)],
      (write) => audit.appendWith(event, write, BACKGROUND_PATIENCE_MS),
      BACKGROUND_PATIENCE_MS,
    );
  };
  const revoke = async (): Promise<void> => {
    for (let batch = attempted ?? nextBatch(); batch !== undefined; batch = nextBatch()) {
      const isCommitted = batch === attempted && (await findAuditRow(store, batch.event.requestId)) !== undefined;
      attempted = batch;
      if (!isCommitted) await commit(batch);
      attempted = undefined;
      for (const name of batch.names) noted.delete(name);
    }
  };
  return {
    note: (before, after) => {
      const kept = new Set(after.accounts.map(({ sub }) => sub));
      for (const { sub } of before.accounts) if (!kept.has(sub)) noted.add(sub);
    },
    concern: ({ accounts }) => noted.size > 0 && accounts.some(({ sub }) => noted.has(sub)),
    revoke: () =>
      revoke().catch((error: Error) => {
        const message = `tokens of removed accounts (${noted.size}) are not revoked yet: ${error.message}`;
        throw new Error(message, { cause: error });
      }),
  };
}
