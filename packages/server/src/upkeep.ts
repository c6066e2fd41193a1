// Starts what runs beside requests: polling, work on the audit log, and the deletion of expired rows.

import { beginEvent } from './audit/event.ts';
import { type AuditRetention, startAuditRetention } from './audit-retention/retain.ts';
import type { ServerNode } from './open-node.ts';
import { newId } from './primitives/random.ts';
import type { Regions } from './regions/regions.ts';
import { describeDatabaseFailure } from './store/failure.ts';
import { type Poll, type Polling, startPolling } from './store/poll.ts';
import { listen } from './store/store.ts';
import { sweep } from './store/sweep.ts';

/** Each change of a region's state has a row. @returns a function that ends the reading */
function keepRegions({ base, report }: ServerNode, regions: Regions): () => void {
  const { clock, revocations, suspensions, audit } = base;
  return regions.start({
    added: async () => {
      await revocations.poll();
      await suspensions.poll();
    },
    suspendedBy: suspensions.digestOf,
    now: clock,
    changed: (region, state) => {
      const failure = regions.states().find(({ name }) => name === region)?.failure;
      const why = failure === undefined ? '' : `: ${failure}`;
      report(state === 'current' ? `the region ${region} is read` : `the region ${region} cannot be read${why}`);
      const about = { time: clock(), requestId: newId(), address: 'server', action: 'region' } as const;
      audit
        .append({ ...beginEvent(about), outcome: 'changed', change: { what: `region ${region}`, after: { state } } })
        .catch((error) => report(`the audit has no row about the region ${region}: ${describeDatabaseFailure(error)}`));
    },
  });
}

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
  await polling.wake();
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
  if (base.regions !== undefined) endings.add(keepRegions(node, base.regions));
  return { polling, auditRetention };
}
