// Presents tokens again after a fault, as the ledger knows them: valid, revoked or used. The answers are added to the ledger, which
// is judged as a whole.
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Form } from '../support/harness.ts';
import { type Caller, post, type Target } from './caller.ts';
import { exchangeForm, probes, refreshForm, tokenForm } from './cast.ts';
import { accessTokenIn, type Family, headOf, refreshTokenIn, type Told } from './ledger.ts';

/** A lost answer can be requested again for this long, with some margin. */
const GRACE = 5000;

/** A caller repeats a request for this long. */
const PATIENCE = 5000;
/** After this time every node knows of a revocation, or accepts no token. */
export const EVERYWHERE = 1000;

/** @param most tokens of each kind, the newest first; meanwhile the load continues with other families */
export async function examine(caller: Caller, targets: readonly Target[], most = 15): Promise<void> {
  const { ledger } = caller;
  const somewhere = (index: number): Target => targets[index % targets.length] as Target;
  const left = ledger.families.filter(({ held, examined }) => !held && !examined);
  const active = left.filter(({ state }) => state === 'active');
  await inTurn(newest([...active.filter(({ lostAt }) => lostAt === undefined)], most), (family, index) =>
    redeem(caller, somewhere(index), family),
  );
  // Each of these can be requested again for ten seconds only, so all of them are.
  await inTurn(
    active.filter(({ lostAt }) => lostAt !== undefined),
    (family, index) => askAgain(caller, somewhere(index), family),
  );
  for (const family of left) family.examined = true;
  // After the 200 no refresh token of the family is valid on any node: the database decides.
  const dead = left.filter(({ state }) => state === 'revoked');
  await inTurn(newest(dead, most), async (family, index) => {
    await caller.ask('refresh', somewhere(index), refreshForm(headOf(family)), 'dead');
  });
  const known = ledger.revoked.filter(({ at }) => at < performance.now() - EVERYWHERE);
  await inTurn(newest(known, most), async ({ token }) => {
    for (const target of targets) {
      await caller.ask('introspect', target, tokenForm(token), 'dead');
      await caller.ask('exchange', target, exchangeForm(token), 'dead');
    }
  });
  const used = ledger.attempts.filter(({ kind, told }) => kind === 'single-use' && told?.status === 200);
  await inTurn(newest(used, most), async ({ form }, index) => {
    await caller.ask('single-use', somewhere(index), form, 'dead');
  });
}

/** Repeats on 503, as callers do. */
async function redeem(caller: Caller, target: Target, family: Family): Promise<void> {
  const until = performance.now() + PATIENCE;
  let told: Told | undefined;
  do {
    if (told !== undefined) await wait(200);
    told = await caller.ask('refresh', target, refreshForm(headOf(family)), 'redeem');
  } while (told?.status === 503 && performance.now() < until);
  if (told?.status !== 200) {
    caller.ledger.seen.push({ invariant: 'I1', what: `${target.url} still says ${told?.status} to a refresh token` });
  }
  const next = refreshTokenIn(told);
  if (next === undefined) return;
  family.tokens.push(next);
  family.accessTokens.push(accessTokenIn(told) ?? '');
  delete family.lostAt;
}

async function askAgain(caller: Caller, target: Target, family: Family): Promise<void> {
  if (performance.now() - (family.lostAt ?? 0) < GRACE) return redeem(caller, target, family);
  family.state = 'uncertain';
}

const newest = <T>(list: readonly T[], most: number): readonly T[] => list.slice(-most);

/** A few at a time. */
export async function inTurn<T>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
  atOnce = 6,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) await work(items[index] as T, index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** A 503 is not a decision: repeats, as callers do. */
async function decide(url: string, form: Form): Promise<Told | undefined> {
  const until = performance.now() + PATIENCE;
  for (;;) {
    const told = await post(url, form);
    if (told?.status !== 503 || performance.now() > until) return told;
    await wait(200);
  }
}

/** The decisions of a node about requests whose answers must not change. */
export const decisions = ({ url }: Target): Promise<readonly unknown[]> =>
  Promise.all(
    probes().map(async (form) => {
      const told = await decide(`${url}/oauth/token`, form);
      return [told?.status, told?.body.error, told?.body.error_description, told?.body.scope];
    }),
  );

/** I12: compares the decisions of every node with those from before the fault. */
export async function compareDecisions(
  caller: Caller,
  targets: readonly Target[],
  before: readonly unknown[],
): Promise<void> {
  for (const target of targets) {
    const after = await decisions(target);
    if (!isDeepStrictEqual(after, before)) {
      caller.ledger.seen.push({ invariant: 'I12', what: `${JSON.stringify(before)} became ${JSON.stringify(after)}` });
    }
  }
}
