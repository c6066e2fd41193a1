// The thread that reads drafts. It has no variable of the environment, and answers questions in their order.
import { parentPort } from 'node:worker_threads';
import { describeError } from '../primitives/failure.ts';
import { createDraftAnswerer } from './answer.ts';
import type { DraftMessage } from './draft.ts';

const answer = createDraftAnswerer();

parentPort?.on('message', ({ draft, question }: DraftMessage) => {
  answer(draft, question).then(
    (found) => parentPort?.postMessage({ answer: found }),
    (error: Error) => parentPort?.postMessage({ error: describeError(error) }),
  );
});

parentPort?.postMessage('ready');
