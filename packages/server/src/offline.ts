// Opens the services for commands, without a server: a reader, and an operator who can write.
import { shortDigest } from './audit/configuration.ts';
import type { ExportLine } from './audit/export.ts';
import { type AuditFilter, searchEvents } from './audit/search.ts';
import { createUseReader, type UseReader } from './audit/use.ts';
import { createCheckpoints } from './audit-retention/checkpoint.ts';
import { countErasable, type ErasedPerson, erasePerson } from './audit-retention/erasure.ts';
import { exportLines, type KnownKeys, verifyStore } from './audit-retention/proof.ts';
import { createStatementSigner } from './audit-retention/statement-signer.ts';
import { openBase } from './base.ts';
import type { Configuration } from './config/configuration.ts';
import { atStart } from './config/restart.ts';
import { createConfigurationRecord } from './configuration-record.ts';
import type { HttpServices } from './http/endpoint.ts';
import { unobserved } from './metrics/observer.ts';
import { type Clock, systemClock } from './primitives/clock.ts';
import { createReport } from './primitives/log.ts';
import { openServices } from './services.ts';
import { inSnapshot } from './store/store.ts';
import { subjectsOf } from './trust/naming.ts';

/** Opens the services of a configuration on a store that the command cannot change. */
export async function openReader(configuration: Configuration, clock: Clock = systemClock) {
  const base = await openBase(configuration, 'read', clock);
  const { store } = base;
  const services = await openServices(configuration, base, unobserved);
  return {
    services,
    /** Newest first. @throws Error if the cursor is not one of an earlier search */
    searchEvents: (filter: AuditFilter, page: { cursor?: string | undefined; limit: number }) =>
      searchEvents(store, filter, page),
    /** Reads which rights requests used since a time, in milliseconds since 1970. */
    useSince: (since: number): UseReader => createUseReader(store, since, Number.POSITIVE_INFINITY),
    /** @param take receives each line of an export, which shows the database at one moment */
    exportAudit: (take: (line: ExportLine) => Promise<void>): Promise<void> =>
      inSnapshot(store, async (database) => {
        for await (const line of exportLines(database)) await take(line);
      }),
    /** @param known the keys to trust instead of the server's own, which only the sealing key can make */
    verifyAudit: (known: KnownKeys = services.keys.held()) =>
      inSnapshot(store, (database) => verifyStore(database, known, clock())),
    close: () => store.destroy(),
  };
}

/** Opens the operations of the admin API, and erasure, which only a command with access to the database can do. */
export async function openOperator(configuration: Configuration, clock: Clock = systemClock) {
  const base = await openBase(configuration, 'write', clock);
  const { store, chains } = base;
  const opened = await openServices(configuration, base, unobserved);
  const record = createConfigurationRecord(base, base.node);
  const kept = configuration.leftOut.length === 0 ? record.keep(atStart(configuration)) : undefined;
  const digest = kept && shortDigest(kept.digest);
  /** Rows refer to a configuration only if its texts are stored. */
  const keepTexts = async (): Promise<void> => {
    if (kept !== undefined) await record.apply(kept, { before: undefined, cause: undefined, others: [] });
  };
  const services: HttpServices = {
    ...opened,
    configuration: digest,
    admin: {
      ...opened.admin,
      commit: async (event, write) => {
        await keepTexts();
        return opened.admin.commit(event, write);
      },
    },
  };
  const { issuer, keys, audit, log } = configuration;
  const report = createReport(log);
  const signer = createStatementSigner({
    store,
    issuer,
    keys: () => services.keys,
    algorithm: keys.algorithms[0],
    clock,
    report,
  });
  const namesOf = (person: ErasedPerson): readonly ErasedPerson[] => {
    const { subject, issuer: iss } = person;
    const ours = iss === undefined || iss === issuer ? [] : subjectsOf({ iss, sub: subject }, services);
    return [person, ...ours.map((name) => ({ subject: name, issuer }))];
  };
  return {
    services,
    /** Also erases the names that we give to the person. */
    erase: async (person: ErasedPerson): Promise<number> => {
      await keepTexts();
      let count = 0;
      for (const one of namesOf(person)) count += await erasePerson(one, { ...base, signer, configuration: digest });
      return count;
    },
    /** Counts the rows that `erase` would find. */
    countErasable: async (person: ErasedPerson): Promise<number> => {
      let count = 0;
      for (const one of namesOf(person)) count += await countErasable(one, store);
      return count;
    },
    /** Signs the rows that this command wrote. */
    close: async () => {
      try {
        if (chains.unsigned().length > 0)
          await createCheckpoints({ ...base, signer, every: audit.checkpointEvery }).sign();
      } finally {
        await store.destroy();
      }
    },
  };
}
