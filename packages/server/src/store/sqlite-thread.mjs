// @ts-check
// A thread that has one connection to an SQLite file. It answers requests in their order.
import { parentPort, workerData } from 'node:worker_threads';
import { createConnection } from './sqlite-connection.mjs';

const { file, access, busyMs } = workerData;
const { answer } = createConnection(file, access, busyMs);

parentPort?.on('message', (request) => {
  parentPort?.postMessage(answer(request));
  // Without a listener the thread ends.
  if (request === 'close') parentPort?.close();
});
