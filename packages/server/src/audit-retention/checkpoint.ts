// How far are the chains signed? Now and then, and when it ends, a process signs where its own chains stand, from its memory,
// and where those stand whose process died before it could.
import type { Chains, Head } from '../audit/chain.ts';
import type { Clock } from '../primitives/clock.ts';
import { findLastRow, listChains } from '../store/audit-rows.ts';
import type { Store } from '../store/store.ts';
import { createProofs } from './proven-places.ts';
import type { NewStatement, Notary } from './statement-signer.ts';

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
  /** Where they stood when a statement was proven to cover them. */
  const covered = new Map<string, Head>();
  const hasStood = (chain: string, { position, time }: { position: number; time: number }): boolean => {
    const before = standing.get(chain);
    const since = before?.position === position ? before.since : by.clock();
    standing.set(chain, { position, since });
    return Math.min(time, since) <= by.clock() - 2 * by.every;
  };
  /** The last place of a chain that nobody signed, once its process is taken for dead. */
  const findUnsigned = async (chain: string, proofs: ReturnType<typeof createProofs>): Promise<Head | undefined> => {
    const last = await findLastRow(store, chain);
    if (last?.position == null || last.hash === null) return undefined;
    const head = { chain, position: last.position, hash: last.hash };
    if (!hasStood(chain, { position: last.position, time: last.time })) return undefined;
    const before = covered.get(chain);
    if (before?.position === head.position && before.hash === head.hash) return undefined;
    const places = await proofs.of(chain);
    const isCovered = places.some(({ kind, position }) => kind !== 'erased' && position >= head.position);
    if (isCovered) covered.set(chain, head);
    return isCovered ? undefined : head;
  };
  return {
    sign: async () => {
      const own = chains.unsigned();
      const said = own.map((head): NewStatement => ({ kind: 'head', head }));
      await notary.state(said, (write) => store.transaction().execute(write));
      chains.signed(own);
      const proofs = createProofs(store, notary);
      const found: NewStatement[] = [];
      for (const chain of await listChains(store)) {
        if (chains.own().has(chain)) continue;
        const head = await findUnsigned(chain, proofs);
        if (head !== undefined) found.push({ kind: 'found', head });
      }
      await notary.state(found, (write) => store.transaction().execute(write));
    },
  };
}
