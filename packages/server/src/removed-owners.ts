// Revokes what accounts and clients have that a new file lacks: whoever gets the name later is somebody else.
import { type AuditEvent, beginEvent } from './audit/event.ts';
import type { Base } from './base.ts';
import type { Configuration } from './config/configuration.ts';
import type { Many } from './issuing/revocations.ts';
import { newId } from './primitives/random.ts';
import { findAuditRow } from './store/audit-rows.ts';
import { describeDatabaseFailure } from './store/failure.ts';
import { MAX_BACKGROUND_WAIT_MS } from './store/store.ts';

type Owners = Pick<Configuration, 'accounts' | 'clients'>;

export interface RemovedOwners {
  /** Notes the owners that the new file lacks. They stay noted until their revocation is committed, whatever comes into force. */
  readonly note: (before: Owners, after: Owners) => void;
  /** Does a file give the name of one that is noted to somebody? */
  readonly concern: (file: Owners) => boolean;
  /** Commits the revocation of all that are noted, each once. @throws Error where some remain: call it again */
  readonly revoke: () => Promise<void>;
}

type Kind = 'accounts' | 'clients';

const namesIn: { readonly [K in Kind]: (file: Owners) => readonly string[] } = {
  accounts: ({ accounts }) => accounts.map(({ sub }) => sub),
  clients: ({ clients }) => [...clients.keys()],
};

/** What was issued to a client, about it, or with it as actor, as where it is deleted. */
const tokensOf: { readonly [K in Kind]: (name: string) => readonly Many[] } = {
  accounts: (subject) => [{ subject }],
  clients: (id) => [{ client: id }, { subject: id }],
};

/** Names of one transaction, and so of one audit row. */
const NAMES_AT_ONCE = 500;

interface Batch {
  readonly kind: Kind;
  readonly names: readonly string[];
  /** Its id tells whether an attempt without an answer was committed. */
  readonly event: AuditEvent;
}

type NeededBase = Pick<Base, 'store' | 'revocations' | 'audit' | 'clock'>;

export function createRemovedOwners({ store, revocations, audit, clock }: NeededBase): RemovedOwners {
  const noted = { accounts: new Set<string>(), clients: new Set<string>() };
  const kinds = ['accounts', 'clients'] as const;
  /** The batch whose attempt failed: it may have been committed nevertheless. */
  let attempted: Batch | undefined;
  const nextBatch = (): Batch | undefined => {
    const kind = kinds.find((one) => noted[one].size > 0);
    if (kind === undefined) return undefined;
    const names = [...noted[kind]].slice(0, NAMES_AT_ONCE);
    const event = beginEvent({ time: clock(), requestId: newId(), address: 'server', action: 'admin' });
    const change = { what: `${kind} removed from the file`, before: { [kind]: names } };
    return { kind, names, event: { ...event, outcome: 'revoked', change } };
  };
  const commit = async ({ kind, names, event }: Batch): Promise<void> => {
    const [first, ...others] = names.flatMap(tokensOf[kind]);
    if (first === undefined) return;
    await revocations.revokeMany(
      [first, ...others],
      (write) => audit.appendWith(event, write, MAX_BACKGROUND_WAIT_MS),
      MAX_BACKGROUND_WAIT_MS,
    );
  };
  const revoke = async (): Promise<void> => {
    for (let batch = attempted ?? nextBatch(); batch !== undefined; batch = nextBatch()) {
      const isCommitted = batch === attempted && (await findAuditRow(store, batch.event.requestId)) !== undefined;
      attempted = batch;
      if (!isCommitted) await commit(batch);
      attempted = undefined;
      for (const name of batch.names) noted[batch.kind].delete(name);
    }
  };
  return {
    note: (before, after) => {
      for (const kind of kinds) {
        const kept = new Set(namesIn[kind](after));
        for (const name of namesIn[kind](before)) if (!kept.has(name)) noted[kind].add(name);
      }
    },
    concern: (file) =>
      kinds.some((kind) => noted[kind].size > 0) &&
      kinds.flatMap((kind) => namesIn[kind](file)).some((name) => kinds.some((kind) => noted[kind].has(name))),
    revoke: () =>
      revoke().catch((error: Error) => {
        const left = kinds.filter((kind) => noted[kind].size > 0).map((kind) => `${kind} (${noted[kind].size})`);
        throw new Error(
          `tokens of removed ${left.join(' and ')} are not revoked yet: ${describeDatabaseFailure(error)}`,
          {
            cause: error,
          },
        );
      }),
  };
}
