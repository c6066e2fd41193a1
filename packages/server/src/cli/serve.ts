// cambio serve: answers requests until it is told to stop, by the file as it stands.
import cluster from 'node:cluster';
import { type RunningServer, startServer } from '../app.ts';
import type { Configuration } from '../config/configuration.ts';
import { ConfigurationError, formatFault } from '../config/fault.ts';
import { loadConfiguration } from '../config/load.ts';
import { digestOf, watchFile } from '../config/watch.ts';
import { createReport, type Report } from '../primitives/log.ts';
import { createSerial } from '../primitives/serial.ts';
import { untilToldToStop } from '../stop.ts';
import { type CliCommand, EXIT } from './command.ts';
import { shareCounts } from './sharing.ts';
import { superviseWorkers } from './workers.ts';

const MOST_WORKERS = 256;
const INFO = { level: 'info' } as const;
const WARN = { level: 'warn' } as const;

export const serve: CliCommand = {
  describe: (command) =>
    command
      .description('answer requests')
      .requiredOption('--config <file>', 'the configuration file')
      .option('--workers <n>', 'as so many processes behind one port', '1'),
  run: async ({ config, workers }) => {
    const file = String(config);
    const configuration = await loadConfiguration(file, process.env);
    const report = createReport(configuration.log);
    const started = (port: number, how = ''): void =>
      report(`cambio serves ${configuration.issuer} on ${configuration.server.host} port ${port}${how}`, INFO);
    const count = Number(workers);
    if (!Number.isInteger(count) || count < 1 || count > MOST_WORKERS) {
      throw new Error(`--workers takes a number from 1 to ${MOST_WORKERS}`);
    }
    if (count > 1 && cluster.isPrimary) {
      return superviseWorkers(count, { metrics: configuration.server.metrics, report }, (port) =>
        started(port, `, ${count} workers`),
      );
    }
    try {
      await serveUntilTold(file, configuration, report, started);
      return EXIT.done;
    } finally {
      // A worker lives as long as the first process can speak to it.
      if (cluster.isWorker) process.disconnect();
    }
  },
};

async function serveUntilTold(
  file: string,
  configuration: Configuration,
  report: Report,
  started: (port: number) => void,
): Promise<void> {
  for (const warning of configuration.warnings) report(formatFault(file, warning), WARN);
  const sharing = cluster.isWorker ? shareCounts() : undefined;
  const server = await startServer(configuration, { text: digestOf(file), sharing, report });
  const toldToStop = untilToldToStop();
  const inTurn = createSerial();
  const watching = watchFile(file, () => inTurn(() => reload(file, server, report)));
  if (cluster.isPrimary) started(server.port);
  await toldToStop;
  watching.stop();
  await server.announceStop();
  await server.close();
}

/** A faulty new file changes nothing. */
async function reload(file: string, server: RunningServer, report: Report): Promise<void> {
  try {
    const text = digestOf(file);
    const configuration = await loadConfiguration(file, process.env);
    const unchanged = await server.reload(configuration, text);
    for (const warning of configuration.warnings) report(formatFault(file, warning), WARN);
    for (const key of unchanged) report(`${file}: ${key} changed, which takes a restart`, WARN);
    report(`cambio read ${file} again`, INFO);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    report(error.message);
    report(`${file}: ${error instanceof ConfigurationError ? 'faulty' : 'not usable'}, so nothing changes`);
  }
}
