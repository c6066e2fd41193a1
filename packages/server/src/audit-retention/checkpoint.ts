// Signs the heads of the chains, at intervals and when the process stops: its own chains from memory, and from the database the
// chains of processes that stopped before they could sign.
import type { Chains, Head } from '../audit/chain.ts';
import type { Clock } from '../primitives/clock.ts';
import { findLastRow, listChains } from '../store/audit-rows.ts';
import type { Store } from '../store/store.ts';
import { createProofs } from './proven-places.ts';
import type { NewStatement, StatementSigner } from './statement-signer.ts';

export interface Checkpoints {
  readonly sign: () => Promise<void>;
}

/** @param by.every interval in milliseconds; a chain that has not grown or been signed for twice as long counts as abandoned */
export function createCheckpoints(by: {
  readonly store: Store;
  readonly chains: Chains;
  readonly signer: StatementSigner;
  readonly clock: Clock;
  readonly every: number;
}): Checkpoints {
  const { store, chains, signer } = by;
  /** The last position of each chain of another process, and since when it was observed: the time in a row may be forged. */
  const observed = new Map<string, { readonly position: number; readonly since: number }>();
  /** The heads that a verified statement covers. */
  const covered = new Map<string, Head>();
  const isAbandoned = (chain: string, { position, time }: { position: number; time: number }): boolean => {
    const before = observed.get(chain);
    const since = before?.position === position ? before.since : by.clock();
    observed.set(chain, { position, since });
    return Math.min(time, since) <= by.clock() - 2 * by.every;
  };
  /** Returns the head of an abandoned chain if no statement covers it. */
  const findUnsigned = async (chain: string, proofs: ReturnType<typeof createProofs>): Promise<Head | undefined> => {
    const last = await findLastRow(store, chain);
    if (last?.position == null || last.hash === null) return undefined;
    const head = { chain, position: last.position, hash: last.hash };
    if (!isAbandoned(chain, { position: last.position, time: last.time })) return undefined;
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
      const heads = own.map((head): NewStatement => ({ kind: 'head', head }));
      await signer.sign(heads, (write) => store.transaction().execute(write));
      chains.markSigned(own);
      const proofs = createProofs(store, signer);
      const found: NewStatement[] = [];
      for (const chain of await listChains(store)) {
        if (chains.own().has(chain)) continue;
        const head = await findUnsigned(chain, proofs);
        if (head !== undefined) found.push({ kind: 'found', head });
      }
      await signer.sign(found, (write) => store.transaction().execute(write));
    },
  };
}
