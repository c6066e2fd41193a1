// cambio serve: runs the server until SIGTERM or Ctrl-C, and reloads the configuration when the file changes.
import cluster from 'node:cluster';
import { type RunningServer, startServer } from '../app.ts';
import type { Configuration } from '../config/configuration.ts';
import { formatFault } from '../config/fault.ts';
import { createInputs, type Inputs } from '../config/inputs.ts';
import { loadTested } from '../config/load.ts';
import { watchInputs } from '../config/watch.ts';
import { createReport, type Report } from '../primitives/log.ts';
import { untilToldToStop } from '../stop.ts';
import { type CliCommand, EXIT } from './command.ts';
import { createReload } from './reload.ts';
import { shareCounts } from './sharing.ts';
import { reportSummary } from './summary.ts';
import { readSeconds, readWholeNumber } from './usage.ts';
import { NODE_VARIABLE, superviseWorkers } from './workers.ts';

const MAX_WORKERS = 256;
const INFO = { level: 'info' } as const;
const WARN = { level: 'warn' } as const;

export const serve: CliCommand = {
  examples: [
    ['cambio serve --config cambio.yaml', 'until SIGTERM or Ctrl-C; a changed file is read again'],
    ['cambio serve --config cambio.yaml --workers 4', 'four processes behind one port'],
    ['cambio serve --config cambio.yaml --wait 0s', 'fail at once if the database does not answer'],
  ],
  describe: (command) =>
    command
      .description('Start the server.')
      .requiredOption('--config <file>', 'the configuration file')
      .option('--workers <n>', 'the number of processes behind the port', '1')
      .option('--wait <duration>', 'how long to wait for a database that does not answer yet', '60s'),
  run: async (options) => {
    try {
      return await run(options);
    } finally {
      // An open channel to the first process would keep the worker running.
      if (cluster.isWorker) process.disconnect();
    }
  },
};

type Serving = Pick<RunningServer, 'port' | 'servesMetrics'>;

async function run({ config, workers, wait }: Record<string, unknown>): Promise<number> {
  const file = String(config);
  const count = readWholeNumber('--workers', workers, { least: 1, most: MAX_WORKERS, example: 4 });
  const waitMs = readSeconds('--wait', wait, 0) * 1000;
  const inputs = createInputs(file);
  const configuration = await loadTested(file, process.env, inputs);
  const report = createReport(configuration.log);
  // Workers read the same file: report its warnings once.
  if (cluster.isPrimary) for (const warning of configuration.warnings) report(formatFault(file, warning), WARN);
  const started = ({ port, servesMetrics }: Serving, how = ''): void => {
    reportSummary(configuration, { file, servesMetrics, report });
    report(`cambio serves ${configuration.issuer} on ${configuration.server.host} port ${port}${how}`, INFO);
  };
  if (count > 1 && cluster.isPrimary) {
    return superviseWorkers(count, { metrics: configuration.server.metrics, waitMs, report }, (serving) =>
      started(serving, `, ${count} workers`),
    );
  }
  await serveUntilStopped(file, { inputs, configuration, waitMs, report }, started);
  return EXIT.done;
}

interface Start {
  readonly inputs: Inputs;
  readonly configuration: Configuration;
  readonly waitMs: number;
  readonly report: Report;
}

async function serveUntilStopped(
  file: string,
  { inputs, configuration, waitMs, report }: Start,
  started: (serving: Serving) => void,
): Promise<void> {
  const failed = new AbortController();
  // From here on: a first process of a container, which has no default handler, must stop while it waits for the database.
  const stopSignal = untilToldToStop(failed.signal);
  const server = await startUnlessStopped(stopSignal, (signal) => {
    const sharing = cluster.isWorker ? shareCounts() : undefined;
    const node = cluster.isWorker ? process.env[NODE_VARIABLE] : undefined;
    const origin = { cause: 'start', file, read: inputs.digest() } as const;
    const wait = { maxWaitMs: waitMs, signal };
    return startServer(configuration, { origin, sharing, node, wait, report });
  }).catch((error) => {
    failed.abort();
    throw error;
  });
  if (server === undefined) return;
  const watching = watchInputs(inputs, createReload(file, { inputs, configuration }, { server, report }));
  if (cluster.isPrimary) started(server);
  await stopSignal;
  watching.stop();
  await server.announceStop();
  await server.close();
}

/** @returns undefined if the signal to stop comes first. The process ends soon, so a start that succeeds meanwhile is undone */
async function startUnlessStopped(
  stopSignal: Promise<void>,
  start: (signal: AbortSignal) => Promise<RunningServer>,
): Promise<RunningServer | undefined> {
  const stopping = new AbortController();
  const starting = start(stopping.signal);
  const server = await Promise.race([starting, stopSignal.then(() => undefined)]);
  if (server === undefined) {
    stopping.abort();
    starting.then(({ close }) => close()).catch(() => undefined);
  }
  return server;
}
