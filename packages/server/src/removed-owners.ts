// Revokes the tokens of accounts and clients that a new file lacks: another party may get the name later.
import { type AuditEvent, beginEvent } from './audit/event.ts';
import type { Base } from './base.ts';
import type { Configuration } from './config/configuration.ts';
import type { BulkRevocation } from './issuing/token-names.ts';
import type { Principal } from './primitives/principal.ts';
import { newId } from './primitives/random.ts';
import { findAuditRow } from './store/audit-search.ts';
import { describeDatabaseFailure } from './store/failure.ts';
import { MAX_BACKGROUND_WAIT_MS } from './store/store.ts';

type Owners = Pick<Configuration, 'issuer' | 'accounts' | 'clients'>;

export interface RemovedOwners {
  /**
   * Notes the owners that the new file lacks. They stay noted until their revocation is committed, whichever file comes into
   * force.
   */
  readonly note: (before: Owners, after: Owners) => void;
  /** Does the file give a noted name to another party? */
  readonly concern: (file: Owners) => boolean;
  /** Commits the revocation for all noted owners, each once. @throws Error if some remain: call it again */
  readonly revoke: () => Promise<void>;
}

type Kind = 'accounts' | 'clients';

const namesIn: { readonly [K in Kind]: (file: Owners) => readonly string[] } = {
  accounts: ({ accounts }) => accounts.map(({ sub }) => sub),
  clients: ({ clients }) => [...clients.keys()],
};

/** The tokens issued to a client, about it, or with it as actor, as when a client is deleted. */
const tokensOf: { readonly [K in Kind]: (name: string) => readonly BulkRevocation[] } = {
  accounts: (subject) => [{ subject }],
  clients: (id) => [{ client: id }, { subject: id }],
};

/** The maximum number of names in one transaction, and so in one audit row. */
const MAX_BATCH_NAMES = 500;

interface Batch {
  readonly kind: Kind;
  readonly removed: readonly Principal[];
  /** Its id shows whether an attempt without an answer was committed. */
  readonly event: AuditEvent;
}

type NeededBase = Pick<Base, 'store' | 'revocations' | 'audit' | 'clock'>;

export function createRemovedOwners({ store, revocations, audit, clock }: NeededBase): RemovedOwners {
  /** By name. */
  const noted = { accounts: new Map<string, Principal>(), clients: new Map<string, Principal>() };
  const kinds = ['accounts', 'clients'] as const;
  /** The batch whose attempt failed. It may have been committed all the same. */
  let attempted: Batch | undefined;
  const nextBatch = (): Batch | undefined => {
    const kind = kinds.find((one) => noted[one].size > 0);
    if (kind === undefined) return undefined;
    const removed = [...noted[kind].values()].slice(0, MAX_BATCH_NAMES);
    const event = beginEvent({ time: clock(), requestId: newId(), address: 'server', action: 'admin' });
    const change = { what: `${kind} removed from the file` };
    return { kind, removed, event: { ...event, outcome: 'revoked', change, removed } };
  };
  const commit = async ({ kind, removed, event }: Batch): Promise<void> => {
    const [first, ...others] = removed.flatMap(({ sub }) => tokensOf[kind](sub));
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
      for (const { sub } of batch.removed) noted[batch.kind].delete(sub);
    }
  };
  return {
    note: (before, after) => {
      for (const kind of kinds) {
        const kept = new Set(namesIn[kind](after));
        for (const sub of namesIn[kind](before)) if (!kept.has(sub)) noted[kind].set(sub, { iss: before.issuer, sub });
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
