// How far are the chains signed? Now and then, and when it ends, a process signs where its own chains stand, from its memory,
// and where those stand whose process died before it could.
import type { Chains } from '../audit/chain.ts';
import type { Clock } from '../primitives/clock.ts';
import { findLastRow, listChains } from '../store/audit-rows.ts';
import { findStatedPosition, insertStatement } from '../store/audit-statements.ts';
import type { Store } from '../store/store.ts';
import type { Notary } from './statement-signer.ts';

export interface Checkpoints {
  readonly sign: () => Promise<void>;
}

/** @param every milliseconds between two; who has not signed for twice as long is taken for dead */
export function createCheckpoints(by: {
  readonly store: Store;
  readonly chains: Chains;
  readonly notary: Notary;
  readonly clock: Clock;
  readonly every: number;
}): Checkpoints {
  const { store, chains, notary } = by;
  /** Where the chains of others stood, and since when they have been seen there: what a row says of its time may be made up. */
  const standing = new Map<string, { readonly position: number; readonly since: number }>();
  const hasStood = (chain: string, { position, time }: { position: number; time: number }): boolean => {
    const before = standing.get(chain);
    const since = before?.position === position ? before.since : by.clock();
    standing.set(chain, { position, since });
    return Math.min(time, since) <= by.clock() - 2 * by.every;
  };
  const signFound = async (chain: string): Promise<void> => {
    const last = await findLastRow(store, chain);
    if (last?.position == null || last.hash === null) return;
    if (!hasStood(chain, { position: last.position, time: last.time })) return;
    if (last.position <= (await findStatedPosition(store, chain, ['head', 'found', 'cut']))) return;
    const head = { chain, position: last.position, hash: last.hash };
    await insertStatement(store, await notary.sign('found', head));
  };
  return {
    sign: async () => {
      const heads = chains.unsigned();
      for (const head of heads) await insertStatement(store, await notary.sign('head', head));
      chains.signed(heads);
      for (const chain of await listChains(store)) if (!chains.own().has(chain)) await signFound(chain);
    },
  };
}
