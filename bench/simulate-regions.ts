// What breaks first with many regions? Plain arithmetic from costs that were measured elsewhere; nothing is run.
// npm run bench:simulate-regions
import { readOptions } from './options.ts';

readOptions({ script: 'bench:simulate-regions', purpose: 'Computes what breaks first with many regions.' }, {});

/** Of an exchange, from docs/explanation/performance.md. */
const EXCHANGE_CPU_SECONDS = 0.0007;
/** Of one read of a region, both sides together: a guess on the high side, because a read does less than an exchange. */
const READ_CPU_SECONDS = 0.0007;
const CORES_OF_A_NODE = 8;
/** Busier processors make requests wait. */
const BUSY = 0.6;
const READS_A_SECOND = 2;
/** Memory of a held revocation of one token, from bench/growth.md. */
const REVOCATION_BYTES = 469;
const MEMORY_BYTES = 8e9;
/** Requests that one node may have under way to another region. */
const CONCURRENT_ASKS = 64;
const ROUND_TRIP_SECONDS = 0.1;
/** Single transactions that one PostgreSQL commits on a good disk: assumed. */
const COMMITS_A_SECOND = 20_000;
/** Audit rows that one PostgreSQL takes in batches: assumed. */
const ROWS_A_SECOND = 50_000;

/** Of the requests: those that use a single-use id, and tokens that are revoked. */
const SINGLE_USE = 0.1;
const REVOKED = 0.0001;

interface Load {
  readonly regions: number;
  readonly exchanges: number;
}

/** Parts of their capacity. Above 1 it does not work. */
function simulate({ regions, exchanges }: Load) {
  const each = exchanges / regions;
  const nodes = Math.max(2, Math.ceil((each * EXCHANGE_CPU_SECONDS) / BUSY / CORES_OF_A_NODE));
  const reads = (regions - 1) * nodes * READS_A_SECOND;
  const asks = each * SINGLE_USE;
  return {
    nodes,
    daysOfMemory: MEMORY_BYTES / (exchanges * REVOKED * REVOCATION_BYTES * 86_400),
    parts: {
      'reads of regions, of the processors': (reads * READ_CPU_SECONDS) / (nodes * CORES_OF_A_NODE),
      'audit rows, of the database of a region': each / ROWS_A_SECOND,
      'single-use ids, of the requests that a region may have under way':
        regions === 1 ? 0 : asks / ((nodes * CONCURRENT_ASKS) / ROUND_TRIP_SECONDS),
      'single-use ids, of the database of their region': (exchanges * SINGLE_USE) / COMMITS_A_SECOND,
    },
  };
}

const loads: readonly Load[] = [
  { regions: 2, exchanges: 2000 },
  { regions: 2, exchanges: 40_000 },
  { regions: 5, exchanges: 100_000 },
  { regions: 10, exchanges: 200_000 },
  { regions: 50, exchanges: 1_000_000 },
];

for (const load of loads) {
  const { nodes, daysOfMemory, parts } = simulate(load);
  process.stdout.write(
    `${load.regions} regions, ${load.exchanges.toLocaleString('en')} exchanges a second: ${nodes} nodes of ${CORES_OF_A_NODE} cores in each\n`,
  );
  for (const [what, part] of Object.entries(parts).toSorted(([, a], [, b]) => b - a))
    process.stdout.write(`  ${(part * 100).toFixed(1).padStart(6)} %  ${what}\n`);
  process.stdout.write(`  revocations fill 8 GB of every node in ${daysOfMemory.toFixed(1)} days\n`);
}
