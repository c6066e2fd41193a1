// cambio audit reindex: writes the index that audit searches read again.
import { type ReindexProgress, reindexAudit } from '../audit-retention/reindex.ts';
import { systemClock } from '../primitives/clock.ts';
import { openStore } from '../store/store.ts';
import { loadForDatabase } from './administration.ts';
import { type CliCommand, EXIT } from './command.ts';
import { describeOutput, printResult } from './output.ts';
import { printError } from './print.ts';

const PROGRESS_MS = 1000;

export const auditReindex: CliCommand = {
  examples: [['cambio audit reindex --config cambio.yaml', 'while servers run; after an interruption it continues']],
  describe: (command) =>
    describeOutput(
      command
        .description(
          'Write the search index of the audit again: add what it lacks, and remove what no row has. A server keeps it up to date; use this if audit verify says so.',
        )
        .requiredOption('--config <file>', 'the configuration file'),
    ),
  run: async (options) => {
    const { store: location } = await loadForDatabase(options.config);
    const store = await openStore(location, 'write', systemClock(), 'require current');
    try {
      const resume = (after: number) => printError(`Continues an earlier run after row ${after}.`);
      const result = await reindexAudit(store, { progress: createProgress(), resume });
      const { position, added, removed } = result;
      printResult(
        options,
        result,
        `The index has all rows up to ${position}: ${added} missing entries were added, and ${removed} entries without a row were removed.`,
      );
      return EXIT.done;
    } finally {
      await store.destroy();
    }
  },
};

/** Prints how far the work is, once a second. */
function createProgress(): (progress: ReindexProgress) => void {
  let printedAt = performance.now();
  return ({ first, done, last }) => {
    if (performance.now() - printedAt < PROGRESS_MS) return;
    printedAt = performance.now();
    const percent = Math.floor((100 * (done - first + 1)) / Math.max(last - first + 1, 1));
    printError(`${percent} %: row ${done} of ${last}`);
  };
}
