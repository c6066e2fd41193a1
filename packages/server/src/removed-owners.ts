// Revokes the tokens of accounts, clients and issuers that a new file lacks: another party may get the name later, and an issuer that
// is trusted again is trusted for what it says from then on.
import { type AuditEvent, beginEvent } from './audit/event.ts';
import type { Base } from './base.ts';
import type { Configuration } from './config/configuration.ts';
import type { BulkRevocation } from './issuing/token-names.ts';
import type { Principal } from './primitives/principal.ts';
import { newId } from './primitives/random.ts';
import { findAuditRow } from './store/audit-search.ts';
import { describeDatabaseFailure } from './store/failure.ts';
import { MAX_BACKGROUND_WAIT_MS } from './store/store.ts';

type Owners = Pick<Configuration, 'issuer' | 'accounts' | 'clients' | 'issuers' | 'saml' | 'upstream'>;

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

const KINDS = ['accounts', 'clients', 'issuers'] as const;
type Kind = (typeof KINDS)[number];

const namesIn: { readonly [K in Kind]: (file: Owners) => readonly string[] } = {
  accounts: ({ accounts }) => accounts.map(({ sub }) => sub),
  clients: ({ clients }) => [...clients.keys()],
  issuers: ({ issuers, saml, upstream }) => [
    ...issuers.map(({ issuer }) => issuer),
    ...saml.map(({ entityId }) => entityId),
    ...(upstream === undefined ? [] : [upstream.issuer]),
  ],
};

/**
 * The tokens issued to a client, about it, or with it as actor, as when a client is deleted. Of an issuer: every token of ours that
 * came of its tokens, assertions or grants.
 */
const tokensOf: { readonly [K in Kind]: (name: string) => readonly BulkRevocation[] } = {
  accounts: (subject) => [{ subject }],
  clients: (id) => [{ client: id }, { subject: id }],
  issuers: (issuer) => [{ issuer }],
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
  const noted: Readonly<Record<Kind, Map<string, Principal>>> = {
    accounts: new Map(),
    clients: new Map(),
    issuers: new Map(),
  };
  /** The batch whose attempt failed. It may have been committed all the same. */
  let attempted: Batch | undefined;
  const nextBatch = (): Batch | undefined => {
    const kind = KINDS.find((one) => noted[one].size > 0);
    if (kind === undefined) return undefined;
    const removed = [...noted[kind].values()].slice(0, MAX_BATCH_NAMES);
    const event = beginEvent({ time: clock(), requestId: newId(), address: 'server', action: 'admin' });
    const what = `${kind} removed from the file`;
    // The name of an issuer is nobody's: it stays when a person is erased.
    const named =
      kind === 'issuers'
        ? { change: { what, before: { issuers: removed.map(({ sub }) => sub) } } }
        : { change: { what }, removed };
    return { kind, removed, event: { ...event, outcome: 'revoked', ...named } };
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
      for (const kind of KINDS) {
        const kept = new Set(namesIn[kind](after));
        for (const sub of namesIn[kind](before)) if (!kept.has(sub)) noted[kind].set(sub, { iss: before.issuer, sub });
      }
    },
    concern: (file) =>
      KINDS.some((kind) => noted[kind].size > 0) &&
      KINDS.flatMap((kind) => namesIn[kind](file)).some((name) => KINDS.some((kind) => noted[kind].has(name))),
    revoke: () =>
      revoke().catch((error: Error) => {
        const left = KINDS.filter((kind) => noted[kind].size > 0).map((kind) => `${kind} (${noted[kind].size})`);
        throw new Error(
          `tokens of removed ${left.join(' and ')} are not revoked yet: ${describeDatabaseFailure(error)}`,
          {
            cause: error,
          },
        );
      }),
  };
}
