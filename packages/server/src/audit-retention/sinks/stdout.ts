// Rows as lines of JSON on standard output, for whoever collects what a process prints.
import { write } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { formatLine, type SinkKind } from './sink.ts';

const STDOUT = 1;
/** Milliseconds until a full pipe that does not wait is tried again. */
const FULL = 50;

export const stdout = {
  name: 'stdout',
  open: () => async (rows) => {
    // Line by line: what is shorter than a pipe's buffer is not mixed with what other processes print.
    for (const row of rows) await writeWhole(Buffer.from(`${formatLine(row)}\n`));
  },
} as const satisfies SinkKind;

/** Not by `process.stdout`, which holds the whole process up while nobody reads the pipe. */
async function writeWhole(bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = await writeSome(bytes.subarray(done));
    if (written === 0) await wait(FULL);
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
