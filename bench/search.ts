// npm run bench:search: how long does the first page of an audit search take, with each filter, and what does a row cost to commit and to
// index? Fills a database of SQLite with the server's own statements, and searches it through the server's own code.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditFilter, searchEvents } from '../packages/server/src/audit/search.ts';
import { indexNextRows, readIndexState } from '../packages/server/src/store/audit-index.ts';
import { insertAuditRows, ROWS_AT_ONCE } from '../packages/server/src/store/audit-rows.ts';
import { openStore } from '../packages/server/src/store/store.ts';
import { count, readOptions } from './options.ts';
import { machine, table } from './table.ts';

const options = readOptions(
  { script: 'bench:search', purpose: 'Measures the first page of searches of the audit log, by filter, and prints.' },
  {
    rows: count(1_000_000, 'number of audit rows'),
    measured: count(100_000, 'number of rows whose commit and index are measured'),
  },
);
const total = options.rows;
/** The last rows, whose commits and index are measured row by row. */
const measured = Math.min(options.measured, total);
const INDEXED_AT_ONCE = 1000;
const PEOPLE = 100_000;

const folder = mkdtempSync(join(tmpdir(), 'cambio-search-'));
const file = join(folder, 'cambio.db');
const store = await openStore({ kind: 'sqlite', file }, 'write', Date.now());
const begins = Date.now() - total;

/** As an exchange has it: about a kilobyte. One row in a hundred is a refusal. */
function rowOf(index: number) {
  const time = begins + index;
  const id = `${time
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})/, '$1-')}-7${randomUUID().slice(15)}`;
  const isRefused = index % 100 === 0;
  const subject = { iss: 'https://idp.example', sub: `user-${Math.floor(Math.random() * PEOPLE)}`, id: randomUUID() };
  const actor = index % 4 === 0 ? { iss: 'https://login.example', sub: `agent-${index % 50}` } : undefined;
  return {
    time,
    request_id: id,
    outcome: isRefused ? 'refused' : 'issued',
    reason: isRefused ? (index % 1000 === 0 ? 'actor_limit_minute' : 'rule_missing') : null,
    client: `client-${index % 300}`,
    subject: subject.sub,
    principal: null,
    actor: actor?.sub ?? null,
    audience: `https://api-${index % 100}.example`,
    rule: `rule ${index % 400}`,
    event: JSON.stringify({
      time,
      requestId: id,
      action: 'token',
      targets: [`https://api-${index % 100}.example`],
      filler: 'x'.repeat(500),
    }),
    personal: JSON.stringify({ salt: randomUUID(), subject, actor }),
    chain: 'bench',
    position: index,
    hash: randomBytes(32).toString('base64url'),
  };
}

interface Cost {
  cpu: number;
  ms: number;
}

async function add(cost: Cost, work: () => Promise<unknown>): Promise<void> {
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  cost.cpu += user + system;
  cost.ms += performance.now() - began;
}

const commit: Cost = { cpu: 0, ms: 0 };
const index: Cost = { cpu: 0, ms: 0 };
let longest = 0;
for (let done = 0; done < total; ) {
  const isMeasured = total - done <= measured;
  const size = Math.min(isMeasured ? ROWS_AT_ONCE : 5000, total - done);
  const rows = Array.from({ length: size }, (_, one) => rowOf(done + one + 1));
  const [ofCommit, ofIndex] = isMeasured
    ? [commit, index]
    : [
        { cpu: 0, ms: 0 },
        { cpu: 0, ms: 0 },
      ];
  await add(ofCommit, () => store.transaction().execute((transaction) => insertAuditRows(transaction, rows)));
  done += size;
  const { position } = await readIndexState(store);
  if (done - position < (isMeasured ? INDEXED_AT_ONCE : 50_000) && done < total) continue;
  const before = ofIndex.ms;
  await add(ofIndex, () => indexNextRows(store, done, isMeasured ? INDEXED_AT_ONCE : 50_000));
  if (isMeasured) longest = Math.max(longest, ofIndex.ms - before);
  if (!isMeasured) console.error(`${done} rows`);
}
while ((await indexNextRows(store, total, INDEXED_AT_ONCE)) !== undefined);

const one = (await searchEvents(store, {}, { limit: 1 })).found[0]?.row.request_id;
const filters: Readonly<Record<string, AuditFilter>> = {
  none: {},
  '--request': { requestId: String(one) },
  '--subject': { subject: 'user-77' },
  '--actor': { actor: 'agent-4' },
  '--client': { client: 'client-7' },
  '--audience': { audience: 'https://api-9.example' },
  '--rule': { rule: 'rule 9' },
  '--outcome refused': { outcome: 'refused' },
  '--outcome issued': { outcome: 'issued' },
  '--reason': { reason: 'actor_limit_minute' },
  '--until': { until: begins + total / 3 },
  '--client and --reason': { client: 'client-100', reason: 'actor_limit_minute' },
  'two that never meet': { client: 'client-7', rule: 'rule 8' },
  'a name that no row has': { subject: 'nobody' },
};
const times = [];
for (const [name, filter] of Object.entries(filters)) {
  const took: number[] = [];
  let found = 0;
  for (let round = 0; round < 5; round++) {
    const began = performance.now();
    found = (await searchEvents(store, filter, { limit: 100 })).found.length;
    took.push(performance.now() - began);
  }
  times.push([name, String(found), Number(took[0]).toFixed(1), Math.min(...took).toFixed(1)]);
}
await store.destroy();
const perRow = ({ cpu, ms }: Cost): string =>
  `${(cpu / measured).toFixed(1)} µs of CPU, ${((ms * 1000) / measured).toFixed(1)} µs`;
console.log(`# Search

${machine()} ${total.toLocaleString('en')} rows in SQLite, ${(statSync(file).size / 2 ** 20).toFixed(0)} MiB.

A row to commit, ${ROWS_AT_ONCE} at once: ${perRow(commit)}. To index, ${INDEXED_AT_ONCE} at once: ${perRow(index)}; the longest batch ${longest.toFixed(0)} ms.

${table([['filter', 'rows on the first page', 'first time, ms', 'least of five, ms'], ...times])}`);
rmSync(folder, { recursive: true });
