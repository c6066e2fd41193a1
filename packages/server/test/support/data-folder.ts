// Makes the folder of a server under test: in memory where Linux has room, because SQLite waits for the disk at each commit.
import { mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
/** Containers may have only 64 MB there. */
const NEEDED_BYTES = 2 ** 30;

export const newDataFolder = (): string => mkdtempSync(join(hasRoom() ? MEMORY : tmpdir(), 'cambio-test-'));

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= NEEDED_BYTES;
  } catch {
    return false;
  }
}
