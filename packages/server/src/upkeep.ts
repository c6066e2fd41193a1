// Starts what runs beside requests: polling, work on the audit log, and the deletion of expired rows.
import { type AuditRetention, startAuditRetention } from './audit-retention/retain.ts';
import type { ServerNode } from './open-node.ts';
import { describeDatabaseFailure } from './store/failure.ts';
import { type Poll, type Polling, startPolling } from './store/poll.ts';
import { listen } from './store/store.ts';
import { sweep } from './store/sweep.ts';

/** Time between deletions of expired rows. */
const SWEEP_MS = 600_000;

export async function keepUpToDate(node: ServerNode): Promise<{ polling: Polling; auditRetention: AuditRetention }> {
  const { configuration, base, presence, inForce, record, report, endings } = node;
  const { store, clock, freshness, revocations, suspensions, registered } = base;
  const { services } = inForce;
  // Clients first: a node that knows a new client must know the revocations of its id, which were committed in the same
  // transaction.
  const polls = [
    registered.poll,
    revocations.poll,
    suspensions.poll,
    (written) => services().keys.poll(written),
  ] satisfies Poll[];
  const polling = startPolling(store, polls, { beside: presence.poll, freshness, report });
  endings.add(polling.stop);
  const auditRetention = await startAuditRetention(configuration.audit, {
    ...base,
    issuer: configuration.issuer,
    keys: () => services().keys,
    algorithm: services().defaultAlgorithm,
    report,
    renewedHeaders: (sink, url) =>
      inForce.configuration().audit.sinks.find(({ name, place }) => name === sink && place?.url === url)?.place
        ?.headers,
  });
  endings.add(auditRetention.stop);
  endings.add(() => services().throttled.flush());
  const notifications = await listen(configuration.store, polling.wake);
  endings.add(notifications.stop);
  const sweeping = setInterval(() => {
    sweep(store, clock()).catch((error) => report(`expired rows are not deleted: ${describeDatabaseFailure(error)}`));
    // A failure matters little: the texts are kept for a day longer than needed.
    record.touch(inForce.kept()).catch(() => undefined);
  }, SWEEP_MS).unref();
  endings.add(() => clearInterval(sweeping));
  // The state that was read when the store was opened may be old by now.
  await polling.wake();
  return { polling, auditRetention };
}
