// Writes rows as lines of JSON to standard output, for a log collector.
import { write } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { formatLine, type SinkKind } from './sink.ts';

const STDOUT = 1;
/** Delay before writing to a full, non-blocking pipe again. */
const FULL_PIPE_RETRY_MS = 50;

export const stdout = {
  name: 'stdout',
  open: () => async (rows) => {
    // One write a line: lines shorter than a pipe's buffer are not mixed with the output of other processes.
    for (const row of rows) await writeWhole(Buffer.from(`${formatLine(row)}\n`));
  },
} as const satisfies SinkKind;

/** Avoids `process.stdout`, which blocks the whole process while the pipe is full. */
async function writeWhole(bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = await writeSome(bytes.subarray(done));
    if (written === 0) await wait(FULL_PIPE_RETRY_MS);
    done += written;
  }
}

const writeSome = (bytes: Buffer): Promise<number> =>
  new Promise((resolve, reject) => {
    write(STDOUT, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') resolve(0);
      else if (error) reject(error);
      else resolve(written);
    });
  });
