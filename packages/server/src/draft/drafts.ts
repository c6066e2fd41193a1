// Asks about drafts in a thread of its own: a draft is text of a caller, and must neither block the server nor see its secrets.
import { Worker } from 'node:worker_threads';
import type { DraftAnswer, DraftQuestion } from '../explain/drafted.ts';
import type { Draft, DraftMessage } from './draft.ts';
import { draftThread } from './draft-thread-location.ts';

/** A draft that takes too long or too much memory: the caller can make it smaller. */
export class DraftTooCostly extends Error {}

/** Too many questions wait. */
export class DraftsBusy extends Error {}

/** @param caller whose questions are counted together */
export type AskDraft = (draft: Draft, question: DraftQuestion, caller: string) => Promise<DraftAnswer>;

const MAX_ANSWER_MS = 10_000;
/** Until the thread has loaded its code. */
const MAX_START_MS = 60_000;
const MAX_WAITING = 64;
const MAX_WAITING_OF_CALLER = 8;
/** After this time without a question the thread ends. */
const IDLE_MS = 60_000;
const MAX_HEAP_MB = 256;

interface Waiting {
  readonly caller: string;
  readonly message: DraftMessage;
  readonly resolve: (answer: DraftAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** @param maxAnswerMs for one question */
export function createDrafts(maxAnswerMs = MAX_ANSWER_MS): AskDraft {
  const waiting: Waiting[] = [];
  let worker: Worker | undefined;
  let isReady = false;
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    clearTimeout(timer);
    void worker?.terminate();
    worker = undefined;
  };
  const settle = (work: (one: Waiting) => void): void => {
    clearTimeout(timer);
    const one = waiting.shift();
    if (one !== undefined) work(one);
    next();
  };
  const begin = (): Worker => {
    const started = new Worker(draftThread(), {
      name: 'drafts',
      env: {},
      execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    isReady = false;
    started.on('message', (reply: { answer: DraftAnswer } | { error: string } | 'ready') => {
      if (worker !== started) return;
      if (reply === 'ready') {
        isReady = true;
        limit(maxAnswerMs);
      } else
        settle(({ resolve, reject }) => ('answer' in reply ? resolve(reply.answer) : reject(new Error(reply.error))));
    });
    started.on('error', (error: NodeJS.ErrnoException) => {
      if (worker !== started) return;
      worker = undefined;
      const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      settle(({ reject }) => reject(isMemory ? new DraftTooCostly(`more than ${MAX_HEAP_MB} MiB`) : error));
    });
    return started;
  };
  function next(): void {
    const [one] = waiting;
    if (one === undefined) {
      worker?.unref();
      timer = setTimeout(end, IDLE_MS).unref();
      return;
    }
    worker ??= begin();
    worker.ref();
    limit(isReady ? maxAnswerMs : MAX_START_MS);
    worker.postMessage(one.message);
  }
  function limit(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      end();
      settle(({ reject }) => reject(new DraftTooCostly(`more than ${ms / 1000} s`)));
    }, ms);
  }
  return (draft, question, caller) =>
    new Promise((resolve, reject) => {
      const ofCaller = waiting.filter((one) => one.caller === caller).length;
      if (waiting.length === MAX_WAITING || ofCaller === MAX_WAITING_OF_CALLER) return reject(new DraftsBusy());
      waiting.push({ caller, message: { draft, question }, resolve, reject });
      if (waiting.length > 1) return;
      clearTimeout(timer);
      next();
    });
}
