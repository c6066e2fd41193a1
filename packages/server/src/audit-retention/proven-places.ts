// Finds the statements about a chain that this server verified, or that a verified statement names.
import type { ReadStatement } from '../audit/statement.ts';
import { listStatementsOf } from '../store/audit-statements.ts';
import type { Database } from '../store/schema.ts';
import { readStatement } from './statement-reader.ts';
import type { StatementSigner } from './statement-signer.ts';

export interface Proofs {
  /** Returns the proven statements about a chain. */
  readonly of: (chain: string) => Promise<readonly ReadStatement[]>;
}

/** Use it for one iteration of the chains: it caches. All statements are read only if a key of a chain's statements was removed. */
export function createProofs(database: Database, signer: Pick<StatementSigner, 'keys' | 'vouched'>): Proofs {
  const keys = signer.keys();
  let vouched: ReturnType<StatementSigner['vouched']> | undefined;
  return {
    of: async (chain) => {
      const rows = await listStatementsOf(database, chain);
      const statements = rows.flatMap(({ jws }) => readStatement(jws, keys) ?? []).filter((one) => one.chain === chain);
      if (statements.every(({ signature }) => signature === 'good')) return statements;
      vouched ??= signer.vouched();
      const ids = await vouched;
      return statements.filter(({ id, signature }) => signature === 'good' || ids.has(id));
    },
  };
}
