// The thread that reads drafts. It has no variable of the environment and no network, and answers questions in their order.
import { Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { describeError } from '../primitives/failure.ts';
import { createDraftAnswerer } from './answer.ts';
import type { DraftMessage } from './draft.ts';

// A draft names addresses, also of private networks, and its author may only read.
Socket.prototype.connect = () => {
  throw new Error('a draft sends no request');
};

const answer = createDraftAnswerer();

parentPort?.on('message', ({ draft, question }: DraftMessage) => {
  answer(draft, question).then(
    (found) => parentPort?.postMessage({ answer: found }),
    (error: Error) => parentPort?.postMessage({ error: describeError(error) }),
  );
});

parentPort?.postMessage('ready');
