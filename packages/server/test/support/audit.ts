// Exports and verifies the audit of a test server.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openReader } from '../../src/app.ts';
import type { ExportedRow, ExportLine } from '../../src/audit/export.ts';
import type { Verdict } from '../../src/audit/verify.ts';
import { type KnownKeys, verifyLines } from '../../src/audit-retention/proof.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { environmentOf } from './command.ts';
import type { TestServer } from './harness.ts';

type Recorded = Pick<TestServer, 'folder' | 'issuer' | 'clock'>;

type Reader = Awaited<ReturnType<typeof openReader>>;

/** Reads the audit as a command does, whether the server runs or not. */
export async function reading<T>(server: Recorded, work: (reader: Reader) => Promise<T>): Promise<T> {
  const configuration = await loadConfiguration(join(server.folder, 'cambio.yaml'), environmentOf(server));
  const reader = await openReader(configuration, () => server.clock.now);
  try {
    return await work(reader);
  } finally {
    await reader.close();
  }
}

/** All lines of the export. */
export const exportOf = (server: Recorded): Promise<ExportLine[]> =>
  reading(server, async ({ exportAudit }) => {
    const lines: ExportLine[] = [];
    await exportAudit(async (line) => void lines.push(JSON.parse(JSON.stringify(line))));
    return lines;
  });

export const verifyStored = (server: Recorded, known?: KnownKeys): Promise<Verdict> =>
  reading(server, ({ verifyAudit }) => verifyAudit(known));

export const verify = (lines: readonly ExportLine[], known?: KnownKeys): Promise<Verdict> =>
  verifyLines(async function* () {
    yield* lines;
  }, known);

export const rowsOf = (lines: readonly ExportLine[]): ExportedRow[] => lines.filter((line) => 'chain' in line);

export function assertGood({ faults }: Verdict): void {
  assert.deepEqual(faults, []);
}
