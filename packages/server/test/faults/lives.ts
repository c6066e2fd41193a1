// The load: many token lives at once. Each token is obtained, exchanged, refreshed, used once if it is for single use, and
// sometimes revoked. All answers are in the ledger.
import { setTimeout as wait } from 'node:timers/promises';
import type { Caller, Target } from './caller.ts';
import { exchangeForm, ownForm, refreshForm, singleUseForm, tokenForm, VAULT } from './cast.ts';
import { accessTokenIn, type Family, headOf, openFamily, refreshTokenIn, type Told } from './ledger.ts';

export interface Load {
  /** Ends all lives after their current requests. */
  readonly stop: () => Promise<void>;
}

/** @param pause milliseconds between two steps of a life */
export function startLoad(caller: Caller, targets: readonly Target[], lives: number, pause = 0): Load {
  let stopped = false;
  let turn = 0;
  const pick = async (): Promise<Target | undefined> => {
    if (pause > 0) await wait(pause);
    while (!stopped) {
      const up = targets.filter((target) => target.up);
      const target = up[turn++ % Math.max(1, up.length)];
      if (target !== undefined) return target;
      await wait(10);
    }
    return undefined;
  };
  const running = Array.from({ length: lives }, async () => {
    for (let number = 0; !stopped; number++) await live(caller, pick, number);
  });
  return {
    stop: async () => {
      stopped = true;
      await Promise.all(running);
    },
  };
}

type Pick = () => Promise<Target | undefined>;

/** One life. It ends if no answer comes; its family is examined later. */
async function live(caller: Caller, pick: Pick, number: number): Promise<void> {
  const { ledger } = caller;
  const subject = accessTokenIn(await asking(caller, pick, 'own', ownForm()));
  if (subject === undefined) return;
  if (number % 3 === 0) await useOnce(caller, pick);
  const audience = number % 5 === 0 ? { audience: VAULT, scope: 'read' } : { scope: 'read write' };
  const family = openFamily(ledger, await asking(caller, pick, 'exchange', exchangeForm(subject, audience)));
  if (family === undefined) return;
  try {
    for (let generation = 0; generation < 1 + (number % 2); generation++) {
      if (!(await renew(caller, pick, family))) return;
    }
    if (number % 2 === 0) await end(caller, pick, family, number % 4 === 0 ? 'family' : 'access token');
  } finally {
    family.held = false;
  }
}

async function asking(
  caller: Caller,
  pick: Pick,
  ...[kind, form]: [Parameters<Caller['ask']>[0], Parameters<Caller['ask']>[2]]
): Promise<Told | undefined> {
  const target = await pick();
  return target && caller.ask(kind, target, form);
}

async function useOnce(caller: Caller, pick: Pick): Promise<void> {
  const form = singleUseForm(caller.clock());
  const first = await asking(caller, pick, 'single-use', form);
  const target = await pick();
  // A missing answer may have been a success.
  if (target !== undefined) await caller.ask('single-use', target, form, first?.status === 200 ? 'dead' : 'race');
}

/** @returns whether the family continues */
export async function renew(caller: Caller, pick: Pick, family: Family): Promise<boolean> {
  const target = await pick();
  if (target === undefined) return false;
  const sentAt = performance.now();
  const told = await caller.ask('refresh', target, refreshForm(headOf(family)));
  const next = refreshTokenIn(told);
  if (next !== undefined) {
    family.tokens.push(next);
    family.accessTokens.push(accessTokenIn(told) ?? '');
    return true;
  }
  family.lostAt = sentAt;
  return false;
}

/** Revokes the family or its last access token. After the 200 the node that answered refuses it. */
async function end(caller: Caller, pick: Pick, family: Family, what: 'family' | 'access token'): Promise<void> {
  const target = await pick();
  if (target === undefined) return;
  const accessToken = family.accessTokens.at(-1) ?? '';
  const form = tokenForm(what === 'family' ? headOf(family) : accessToken);
  const told = await caller.ask('revoke', target, form);
  if (what === 'family') family.state = told?.status === 200 ? 'revoked' : 'uncertain';
  if (told?.status !== 200) return;
  caller.ledger.revoked.push({ token: accessToken, url: target.url, at: performance.now() });
  if (!target.up) return;
  if (target.several === undefined) {
    await caller.ask('introspect', target, tokenForm(accessToken), 'dead');
    await caller.ask('exchange', target, exchangeForm(accessToken), 'dead');
  }
  if (what === 'family') await caller.ask('refresh', target, refreshForm(headOf(family)), 'dead');
}
