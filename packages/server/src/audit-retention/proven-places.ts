// Which places of a chain are signed? Statements count whose signature this server verified, or that those name.
import type { ReadStatement } from '../audit/statement.ts';
import { listStatementsOf } from '../store/audit-statements.ts';
import type { Database } from '../store/schema.ts';
import { readStatement } from './statement-reader.ts';
import type { Notary } from './statement-signer.ts';

export interface Proofs {
  /** What is proven of a chain. */
  readonly of: (chain: string) => Promise<readonly ReadStatement[]>;
}

/** For one pass over the chains. All statements are read only where a key is gone that signed some of a chain. */
export function createProofs(database: Database, notary: Pick<Notary, 'keys' | 'vouched'>): Proofs {
  const keys = notary.keys();
  let vouched: ReturnType<Notary['vouched']> | undefined;
  return {
    of: async (chain) => {
      const rows = await listStatementsOf(database, chain);
      const said = rows.flatMap(({ jws }) => readStatement(jws, keys) ?? []).filter((one) => one.chain === chain);
      if (said.every(({ signature }) => signature === 'good')) return said;
      vouched ??= notary.vouched();
      const ids = await vouched;
      return said.filter(({ id, signature }) => signature === 'good' || ids.has(id));
    },
  };
}
