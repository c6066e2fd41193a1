// Says that a search of the audit lacks the newest rows.
import type { Coverage, RowMark } from '../audit/search.ts';
import { printError } from './print.ts';

/** @returns a function that says once that rows are missing, if the server did not search all of them */
export function createPartialNote(): (coverage: Pick<Coverage, 'indexedUpTo' | 'searchedUpTo'>) => void {
  let isPrinted = false;
  return ({ indexedUpTo, searchedUpTo }) => {
    if (searchedUpTo === undefined || isPrinted) return;
    isPrinted = true;
    printError(
      `Rows after ${describeMark(searchedUpTo)} are not searched yet: the index is behind, and has the rows up to ${describeMark(indexedUpTo)}. Search again later, or with --config.`,
    );
  };
}

const describeMark = ({ time, position }: RowMark): string =>
  time === undefined ? `row ${position}` : `${time} (row ${position})`;
