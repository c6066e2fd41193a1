// Prepares and cleans up the servers that faults share.
import { type Postgres, startPostgres } from '../support/postgres.ts';
import type { Bench } from './fault.ts';

/** Commits are written to disk, as in production. */
const DURABLE = ['-c', 'fsync=on'];

type Work = () => Promise<void>;

/** @param rounds replaces the number of repetitions of each fault */
export function openBench(short: boolean, rounds?: number) {
  const all: Work[] = [];
  let current: Work[] = [];
  let postgres: Promise<Postgres> | undefined;
  return {
    /** The bench of one fault. */
    forOne: (): Bench & { readonly end: Work } => {
      const works: Work[] = [];
      current = works;
      const after = (work: Work): void => void works.push(work);
      return {
        after,
        times: (whole, brief) => rounds ?? (short ? brief : whole),
        postgres: () => {
          postgres ??= startPostgres({ after: (work) => void all.push(work) }, DURABLE);
          return postgres;
        },
        ownPostgres: () => startPostgres({ after }, DURABLE),
        end: () => undo(works),
      };
    },
    /** Ends with this everything that the running fault has started. */
    end: async () => {
      await undo(current);
      await undo(all);
    },
  };
}

async function undo(works: Work[]): Promise<void> {
  for (const work of works.splice(0).toReversed()) await work();
}
