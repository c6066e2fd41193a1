// Runs a group of attacks: for each row a case, which sends the variants of the attack and an accepted twin.
import assert from 'node:assert/strict';
import { assertAsRow, type Outcome, type Row } from './row.ts';

/** Undoes what was started, in reverse order. */
export type Undo = { readonly after: (work: () => unknown) => void };

export interface Trial extends Undo {
  /** Sends a variant of the row. Its answer must be the one in the row. */
  readonly attempt: <T extends Outcome>(what: string, answer: T | Promise<T>) => Promise<T>;
  /** Sends a request that differs from the variants only in the attack. It must be accepted. */
  readonly twin: <T extends Outcome>(answer: T | Promise<T>) => Promise<T>;
}

/** Sends each variant of the row and a twin, and asserts everything that status and error do not show. */
export type Case<World> = (world: World, trial: Trial) => Promise<void>;

/** Why a row does not apply to Cambio. */
export interface NotApplicable {
  readonly because: string;
}

/** The cases of a group, or some of them, by row id. */
export type Cases<World> = Readonly<Record<string, Case<World> | NotApplicable>>;

export interface Group {
  /** The first letter of its row ids. */
  readonly letter: string;
  /** The name of its folder. */
  readonly folder: string;
  /** By row id. */
  readonly cases: ReadonlyMap<string, 'case' | NotApplicable>;
  /** Starts the servers and issuers that its rows share. */
  readonly open: (undo: Undo) => Promise<World>;
}

/** Runs the case of a row. */
export type World = (row: Row) => Promise<Held>;

export interface Held {
  readonly attempts: number;
}

/** @param cases by row id */
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

/** @throws AssertionError if the attack succeeded, its twin failed, or either was not tried */
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

/** Collects functions that undo a set-up. */
export function undoing(): Undo & { readonly undo: () => Promise<void> } {
  const works: (() => unknown)[] = [];
  return {
    after: (work) => void works.unshift(work),
    undo: async () => {
      for (const work of works) await work();
    },
  };
}

/** Sends a few requests at once, so that their audit rows are committed together. Read the rows afterwards. */
export async function askEach<T, R>(list: readonly T[], ask: (one: T) => Promise<R>): Promise<(readonly [T, R])[]> {
  const answers: (readonly [T, R])[] = [];
  for (let at = 0; at < list.length; at += AT_ONCE) {
    const some = list.slice(at, at + AT_ONCE);
    answers.push(...(await Promise.all(some.map(async (one) => [one, await ask(one)] as const))));
  }
  return answers;
}

const AT_ONCE = 16;
