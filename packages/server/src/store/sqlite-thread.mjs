// @ts-check
// A thread that has one connection to an SQLite file. It answers requests in their order.
import { parentPort, workerData } from 'node:worker_threads';
import { createConnection } from './sqlite-connection.mjs';

const { answer } = createConnection(workerData.file, workerData.access);

parentPort?.on('message', (request) => {
  parentPort?.postMessage(answer(request));
  // Without a listener the thread ends.
  if (request === 'close') parentPort?.close();
});
