// Fills a database with audit rows for bench:search, and measures what the last of them cost to commit and to index.
import { CompiledQuery, type RawBuilder, sql } from 'kysely';
import { deriveNextRows, readDerivedPosition } from '../../src/store/audit-derived.ts';
import { indexNextRows, readIndexState } from '../../src/store/audit-index.ts';
import { insertAuditRows, ROWS_AT_ONCE } from '../../src/store/audit-rows.ts';
import { findLastSequence } from '../../src/store/audit-settled.ts';
import { isPostgres } from '../../src/store/database-time.ts';
import type { Store } from '../../src/store/store.ts';

/** The rows are spread over this time. */
export const PERIOD_MS = 30 * 86_400_000;
const FILLED_AT_ONCE = 20_000;
export const INDEXED_AT_ONCE = 1000;

/** @returns the rows of a statement without parameters */
export async function runSql<Row>(store: Store, text: string): Promise<readonly Row[]> {
  return (await store.executeQuery<Row>(CompiledQuery.raw(text))).rows;
}

export interface Filled {
  readonly total: number;
  /** Milliseconds since 1970. */
  readonly begins: number;
}

export const timeOf = ({ total, begins }: Filled, index: number): number =>
  begins + Math.floor((index * PERIOD_MS) / total);

/** The token that a row issued, as long as a `jti` of ours, and ordered by time as it is. */
export const tokenOf = (filled: Filled, index: number): string =>
  `${timeOf(filled, index).toString(16).padStart(12, '0')}-${index.toString(16).padStart(12, '0')}-0000-0000-0`;

/**
 * As exchanges have them: about a kilobyte each; one in a hundred is a refusal. Every fifth presents a token of ours: of the first row of
 * its two thousand, which derives from that of the two thousand before, ten deep; one in a hundred presents the token of row 1.
 * @param range of the rows, from 1
 */
function insertionOf(store: Store, filled: Filled, { from, through }: { from: number; through: number }) {
  const inPostgres = isPostgres(store);
  const big = (value: number) => sql`cast(${sql.lit(String(value))} as bigint)`;
  const hex = (value: RawBuilder<unknown>) =>
    inPostgres ? sql`lpad(to_hex(${value}), 12, '0')` : sql`printf('%012x', ${value})`;
  const random = inPostgres ? sql`md5(random()::text)` : sql`lower(hex(randomblob(16)))`;
  const time = (index: RawBuilder<unknown>) =>
    sql`(${big(filled.begins)} + (${index}) * ${big(PERIOD_MS)} / ${big(filled.total)})`;
  const token = (index: RawBuilder<unknown>) => sql`${hex(time(index))} || '-' || ${hex(index)} || '-0000-0000-0'`;
  const parent = sql`case when i % 100 = 3 then ${token(big(1))}
    when i % 5 = 0 then ${token(sql`i - i % 2000 + 1`)}
    when i % 2000 = 1 and i % 20000 <> 1 then ${token(sql`i - 2000`)} else ${random} || 'foreign-jti' end`;
  const issued = sql`',"issued":[{"id":"' || ${token(sql`i`)} || '","type":"access_token","expiresAt":' || (${time(sql`i`)} / 1000 + 600) || '}]'`;
  const actor = sql`case when i % 4 = 0 then ',"actor":{"iss":"https://login.example","sub":"agent-' || (i % 50) || '"}' else '' end`;
  return sql`insert into audit (time, request_id, outcome, reason, client, subject, actor, audience, rule, event, personal, chain, position, hash)
    with recursive n(i) as (select ${big(from)} union all select i + 1 from n where i < ${big(through)})
    select ${time(sql`i`)}, ${token(sql`i`)}, case when i % 100 = 0 then 'refused' else 'issued' end,
      case when i % 1000 = 0 then 'actor_limit_minute' when i % 100 = 0 then 'rule_missing' end, 'client-' || (i % 300),
      'user-' || (i * 7919 % 100003), case when i % 4 = 0 then 'agent-' || (i % 50) end,
      'https://api-' || (i % 100) || '.example', 'rule ' || (i % 400),
      '{"time":' || ${time(sql`i`)} || ',"requestId":"' || ${token(sql`i`)} || '","action":"token","duration":' || (i * 31 % 40)
        || ',"targets":["https://api-' || (i % 100) || '.example"],"filler":"' || ${sql.lit('x'.repeat(300))} || '"'
        || case when i % 100 = 0 then '' else ${issued} end || '}',
      '{"salt":"' || ${random} || '","subject":{"iss":"https://idp.example","sub":"user-' || (i * 7919 % 100003) || '","id":"'
        || ${parent} || '"}' || ${actor} || '}', 'bench', i, ${random} from n`;
}

/** Inserts the rows, and reads them into the index and the tables of tokens and counts. Continues where it was interrupted. */
export async function fillRows(store: Store, filled: Filled): Promise<void> {
  for (let done = await findLastSequence(store); done < filled.total; ) {
    const through = Math.min(filled.total, done + FILLED_AT_ONCE);
    await insertionOf(store, filled, { from: done + 1, through }).execute(store);
    done = through;
  }
  console.error('the rows are written');
  await readRows(store, FILLED_AT_ONCE);
  if (isPostgres(store)) await sql`analyze`.execute(store);
}

async function readRows(store: Store, limit: number): Promise<void> {
  const through = await findLastSequence(store);
  while ((await indexNextRows(store, through, limit)) !== undefined);
  console.error(`the index has ${(await readIndexState(store)).position} rows`);
  while ((await deriveNextRows(store, through, limit)) !== undefined);
  console.error(`the tables have ${await readDerivedPosition(store)} rows`);
}

export interface Cost {
  cpu: number;
  ms: number;
  /** Milliseconds of the longest one. */
  longest: number;
}

interface Costs {
  readonly commit: Cost;
  readonly index: Cost;
  readonly derive: Cost;
}

const noCost = (): Cost => ({ cpu: 0, ms: 0, longest: 0 });

async function add(cost: Cost, work: () => Promise<unknown>): Promise<void> {
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  const ms = performance.now() - began;
  cost.cpu += user + system;
  cost.ms += ms;
  cost.longest = Math.max(cost.longest, ms);
}

/** Writes copies of the last rows as a server does, and measures them. @param count a multiple of `INDEXED_AT_ONCE` */
export async function measureRows(store: Store, count: number): Promise<Costs> {
  const costs = { commit: noCost(), index: noCost(), derive: noCost() };
  const chain = `measured at ${Date.now()}`;
  for (let done = 0; done < count; done += INDEXED_AT_ONCE) {
    const last = await findLastSequence(store);
    const rows = await store
      .selectFrom('audit')
      .selectAll()
      .where('sequence', '>', last - INDEXED_AT_ONCE)
      .execute();
    const copies = rows.map(({ sequence, personal, ...row }) => ({
      ...row,
      personal: personal ?? '',
      chain,
      position: sequence,
      hash: row.hash ?? '',
    }));
    for (let start = 0; start < copies.length; start += ROWS_AT_ONCE) {
      const some = copies.slice(start, start + ROWS_AT_ONCE);
      await add(costs.commit, () => store.transaction().execute((transaction) => insertAuditRows(transaction, some)));
    }
    const through = await findLastSequence(store);
    await add(costs.index, () => indexNextRows(store, through, INDEXED_AT_ONCE));
    for (let half = 0; half < 2; half++)
      await add(costs.derive, () => deriveNextRows(store, through, INDEXED_AT_ONCE / 2));
  }
  return costs;
}
