// What is a group of attacks? What its rows run against, and for each row a case: what is sent, its accepted twin, its oracle.
import assert from 'node:assert/strict';
import { assertAsRow, type Outcome, type Row } from './row.ts';

/** Undoes what was started, the last first. */
export type Undo = { readonly after: (work: () => unknown) => void };

export interface Trial extends Undo {
  /** A variant of the row: its answer must be the one that the row has. */
  readonly attempt: <T extends Outcome>(what: string, answer: T | Promise<T>) => Promise<T>;
  /** What differs from the variants in nothing but the attack: it must be let through. */
  readonly twin: <T extends Outcome>(answer: T | Promise<T>) => Promise<T>;
}

/** Tries each variant that the row tells, and a twin. What neither status nor error shows, it asserts by itself. */
export type Case<World> = (world: World, trial: Trial) => Promise<void>;

/** Why a row says nothing of Cambio. */
export interface NotApplicable {
  readonly because: string;
}

/** The cases of a group, or some of them, by the id of the row. */
export type Cases<World> = Readonly<Record<string, Case<World> | NotApplicable>>;

export interface Group {
  /** The first letter of the ids of its rows. */
  readonly letter: string;
  /** The name of its folder. */
  readonly folder: string;
  /** By the id of the row. */
  readonly cases: ReadonlyMap<string, 'case' | NotApplicable>;
  /** Starts what its rows share. */
  readonly open: (undo: Undo) => Promise<World>;
}

/** Runs the case of a row. */
export type World = (row: Row) => Promise<Held>;

export interface Held {
  readonly attempts: number;
}

/** @param cases by the id of the row */
export function group<W>(letter: string, folder: string, open: (undo: Undo) => Promise<W>, cases: Cases<W>): Group {
  const kinds = Object.entries(cases).map(([id, one]) => [id, typeof one === 'function' ? 'case' : one] as const);
  return {
    letter,
    folder,
    cases: new Map(kinds),
    open: async (undo) => {
      const world = await open(undo);
      return async (row) => {
        const one = cases[row.id];
        if (typeof one !== 'function') throw new Error(`${row.id} has no case`);
        return tryCase(row, (trial) => one(world, trial));
      };
    },
  };
}

/** @throws AssertionError where the attack did not fail, its twin did, or one of both was not tried */
async function tryCase(row: Row, run: (trial: Trial) => Promise<void>): Promise<Held> {
  const { after, undo } = undoing();
  let attempts = 0;
  let twins = 0;
  try {
    await run({
      after,
      attempt: async (what, answer) => {
        attempts++;
        const outcome = await answer;
        assertAsRow(row, what, outcome);
        return outcome;
      },
      twin: async (answer) => {
        twins++;
        const outcome = await answer;
        assert.ok(Number(outcome.status) < 400, `${row.id}, its twin: ${outcome.status} ${outcome.text}`);
        return outcome;
      },
    });
  } finally {
    await undo();
  }
  assert.ok(attempts > 0 && twins > 0, `${row.id}: ${attempts} attempts and ${twins} twins show nothing`);
  return { attempts };
}

/** Collects what to undo. */
export function undoing(): Undo & { readonly undo: () => Promise<void> } {
  const works: (() => unknown)[] = [];
  return {
    after: (work) => void works.unshift(work),
    undo: async () => {
      for (const work of works) await work();
    },
  };
}

/** Asks a few at once, whose audit rows are then committed together; what is looked up of an answer is for afterwards. */
export async function askEach<T, R>(list: readonly T[], ask: (one: T) => Promise<R>): Promise<(readonly [T, R])[]> {
  const answers: (readonly [T, R])[] = [];
  for (let at = 0; at < list.length; at += AT_ONCE) {
    const some = list.slice(at, at + AT_ONCE);
    answers.push(...(await Promise.all(some.map(async (one) => [one, await ask(one)] as const))));
  }
  return answers;
}

const AT_ONCE = 16;
