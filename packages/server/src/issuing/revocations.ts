// Is a token or one of its ancestors revoked? All revocations are in memory, so that the check needs no query; revocations by
// other processes arrive by polling. They are kept for ever.

import { insertionOf, type Write } from '../audit/write.ts';
import { type Clock, LEEWAY_SECONDS } from '../primitives/clock.ts';
import { findSettled } from '../store/audit-settled.ts';
import type { Freshness } from '../store/freshness.ts';
import type { Poll } from '../store/poll.ts';
import { insertManyRevoked, listRevocations, type ManyRevoked, manyOf, revocation } from '../store/revocations.ts';
import type { Database } from '../store/schema.ts';
import { deleteSomeArtifacts } from '../store/sign-in-artifacts.ts';
import { MAX_WAIT_MS, orUnavailable, type Store } from '../store/store.ts';
import type { TokenIds } from './token-ids.ts';
import { type BulkRevocation, createTokenNames, storedName, type TokenParties } from './token-names.ts';

/** How often a poll looks whether transactions have ended that may commit a row before others. The next poll looks again. */
const SETTLING_CHECKS = 1;

/** The facts that decide whether a token is revoked. */
export interface Revocable extends TokenParties {
  readonly id: string;
  /** The ids that it derives from. */
  readonly lineage: readonly string[];
  /** The epoch in which it was issued, if its id does not contain it. */
  readonly epoch?: number | undefined;
  /** In seconds since 1970, by the clock of its issuer. */
  readonly issuedAt: number | undefined;
  /** How far the clock of its issuer may differ from ours, in seconds. Default: the usual leeway. */
  readonly leeway?: number;
}

type Commit = (write: (database: Database) => Promise<void>) => Promise<void>;

/** What the database says, whatever the configuration. */
export interface StoredRevocations {
  /**
   * @throws Refusal store_unavailable if the last successful poll is too old: another node may have revoked one; region_unavailable if
   *   another region may have
   */
  readonly anyOf: (ids: Iterable<string>) => boolean;
  /** Is the token revoked, by its id, its ancestors, its subject, its actors or its client? @throws like `anyOf` */
  readonly isRevoked: (token: Revocable) => boolean;
  /**
   * Revokes a token or a refresh family, and all its descendants: here when this resolves, on other nodes after their next poll.
   * @param commit runs the write in a transaction with other writes
   * @throws Refusal store_unavailable
   */
  readonly revoke: (id: string, commit?: (write: Write) => Promise<void>) => Promise<void>;
  /**
   * Revokes the tokens issued so far under each of the names. Tokens that other clients obtained by exchanging tokens of a client
   * stay valid. `all` revokes all tokens of this server, and ends people's codes and sessions. It is for a restored database, which
   * lacks later revocations. @param patience milliseconds that the caller waits
   * @throws Refusal store_unavailable
   */
  readonly revokeMany: (
    names: readonly [BulkRevocation, ...BulkRevocation[]],
    commit: Commit,
    patience?: number,
  ) => Promise<void>;
  /** The latest bulk revocation known here. A token records the one that was known when its request began. */
  readonly epoch: () => number;
  readonly ids: TokenIds;
  /** Reads what other processes revoked. */
  readonly poll: Poll;
  /** Number of revocations. */
  readonly count: () => number;
}

export interface Revocations extends StoredRevocations {
  /** Is the token revoked, or one of its parties suspended? @throws like `anyOf` */
  readonly whyRefused: (token: Revocable) => 'revoked' | 'suspended' | undefined;
}

/** The time of a bulk revocation. The previous version compared clocks; `moment` grows with each revocation on any node. */
interface Revoked {
  readonly moment: number;
  readonly by: 'moment' | 'clock';
  /** By the clock of the region that revoked. It is compared with tokens whose moment is not known here. */
  readonly time: number;
}

/** Time until every node knows a revocation, for nodes of the previous version, which compare it with the time of issue. */
const PROPAGATION_MS = 1000;
/** Tolerated total clock difference between the node that revoked and an issuer, or a node of the previous version. */
const skewMs = ({ leeway = LEEWAY_SECONDS }: Revocable): number => (LEEWAY_SECONDS + leeway) * 1000;

/** Holds revocations in memory: ids of tokens apart from bulk revocations. */
function createRevocationIndex(issuer: string, ids: TokenIds) {
  const tokens = new Set<string>();
  const many = new Map<string, Revoked>();
  const names = createTokenNames(issuer);
  let epoch = 0;
  const addMany = (revoked: ManyRevoked, { moment, by, time }: Revoked): void => {
    const key = names.add(revoked);
    const before = many.get(key) ?? { moment: -1, by, time: -1 };
    const latest = moment > before.moment ? { moment, by } : before;
    many.set(key, { ...latest, time: Math.max(time, before.time) });
    if (by === 'moment') epoch = Math.max(epoch, moment);
  };
  return {
    addToken: (id: string) => tokens.add(id),
    addMany,
    hasToken: (id: string) => tokens.has(id),
    /** Was the token issued before one of its names was revoked? */
    isNamed: (token: Revocable): boolean => {
      if (many.size === 0) return false;
      const found = names.keysOf(token).flatMap((key) => many.get(key) ?? []);
      if (found.length === 0) return false;
      const known = token.epoch ?? ids.epochOf(token.id);
      const issuedAt = (token.issuedAt ?? 0) * 1000;
      return found.some(({ moment, by, time }) =>
        known !== undefined && by === 'moment' ? known < moment : issuedAt <= time + skewMs(token),
      );
    },
    epoch: () => epoch,
    count: () => tokens.size + many.size,
  };
}

export async function openRevocations(
  store: Store,
  {
    issuer,
    clock,
    freshness,
    ids,
    refuseStale,
  }: {
    readonly issuer: string;
    readonly clock: Clock;
    readonly freshness: Freshness;
    readonly ids: TokenIds;
    /** @throws Refusal region_unavailable if another region may have revoked one of the tokens */
    readonly refuseStale: (ids: readonly string[]) => void;
  },
): Promise<StoredRevocations> {
  const revoked = createRevocationIndex(issuer, ids);
  // No row up to this number is missing.
  let read = 0;
  let isSettled = false;
  const poll: Poll = async (written) => {
    if (written === 'nothing' && isSettled) return;
    isSettled = false;
    const settled = await findSettled(store, SETTLING_CHECKS, 'revocations');
    // After a restore, numbers are given again.
    const after = settled !== undefined && settled < read ? 0 : read;
    for (const row of await listRevocations(store, after)) {
      const many = manyOf(row);
      if (many === undefined) revoked.addToken(row.id);
      else {
        const moment = Number(row.revoked_at);
        const time = row.region_time === null ? moment : Number(row.region_time);
        revoked.addMany(many, { moment, by: row.kind === null ? 'clock' : 'moment', time });
      }
    }
    if (settled === undefined) return;
    read = settled;
    isSettled = true;
  };
  const anyOf = (tokens: Iterable<string>): boolean => {
    const ids = [...tokens];
    for (const id of ids) if (revoked.hasToken(id)) return true;
    freshness.check();
    refuseStale(ids);
    return false;
  };
  await poll();
  return {
    anyOf,
    isRevoked: (token) => anyOf([token.id, ...token.lineage, ...token.actorLineage]) || revoked.isNamed(token),
    revoke: async (id, commit = ({ run }) => run(store)) => {
      await orUnavailable(commit(insertionOf(revocation(id, clock()))));
      revoked.addToken(id);
    },
    revokeMany: async (names, commit, patience = MAX_WAIT_MS) => {
      const stored = names.map(storedName);
      let moment = 0;
      await orUnavailable(
        commit(async (database) => {
          moment = await insertManyRevoked(database, stored, clock() + PROPAGATION_MS);
        }),
        patience,
      );
      for (const one of stored) revoked.addMany(one, { moment, by: 'moment', time: moment });
      if (names.some((one) => 'all' in one)) while ((await orUnavailable(deleteSomeArtifacts(store))) === 'more');
    },
    epoch: revoked.epoch,
    ids,
    poll,
    count: revoked.count,
  };
}
