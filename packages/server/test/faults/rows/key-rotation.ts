// F12: two nodes rotate the signing key every second under load. Time passes sixty times as fast, so that a key set may be cached
// for five seconds instead of five minutes. Processes are not faster.
import { setTimeout as wait } from 'node:timers/promises';
import { loadConfiguration, openOperator } from '../../../src/app.ts';
import { beginEvent } from '../../../src/audit/event.ts';
import { newId } from '../../../src/primitives/random.ts';
import { get } from '../caller.ts';
import { configuration } from '../cast.ts';
import { startClocked } from '../clocked.ts';
import { timeOf } from '../clocked-server.ts';
import { openStore } from '../cluster.ts';
import type { Bench, Fault, Outcome } from '../fault.ts';
import { accessTokenIn, type Ledger } from '../ledger.ts';
import { ALWAYS, type Session, underLoad } from '../session.ts';
import { openVerifier } from '../verifier.ts';

const SPEED = 60;
/** Milliseconds of real time in the ten-minute lifetime of a token. */
const NEARLY_EXPIRED = 8500;
/** Keys are visible within this many milliseconds of their creation. */
const EVERYWHERE = 900;

async function rotate(bench: Bench): Promise<Outcome> {
  const rotations = bench.times(60, 10);
  const store = await openStore('PostgreSQL', bench);
  const yaml = configuration(store.location, { keys: '{ rotateEvery: 7m, publishAhead: 5m }' });
  const setting = { since: Date.now(), told: Date.now(), speed: SPEED };
  const clock = (): number => timeOf(setting);
  const members = [await startClocked(bench, yaml, setting), await startClocked(bench, yaml, setting)];
  const operators = await Promise.all(
    members.map(async ({ file }) => openOperator(await loadConfiguration(file, { PORT: '1' }), clock)),
  );
  bench.after(async () => {
    for (const operator of operators) await operator.close();
  });
  const kids = new Set<string>();
  const plan = { store, members, lives: 4, pause: 20, failures: 'excused', clock, verifiers: 5 } as const;
  const outcome = await underLoad(plan, async (session) => {
    const late = verifyLate(session, clock);
    for (let rotation = 0; rotation < rotations; rotation++) {
      const until = performance.now() + 1000;
      await Promise.all(
        operators.map(({ services: { admin } }) => {
          const event = beginEvent({ time: clock(), requestId: newId(), address: 'command line', action: 'admin' });
          return admin.commit(event, admin.keys.rotate('ES256').write);
        }),
      );
      await wait(EVERYWHERE);
      await checkPublished(session, kids, clock);
      await wait(Math.max(0, until - performance.now()));
    }
    // From here on both nodes rotate by schedule, until the keys made by command are retired and there are two new ones.
    await wait(bench.times(24_000, 2000));
    await late.stop();
  });
  const [ledger] = outcome.ledgers;
  return {
    ...outcome,
    repetitions: rotations,
    checked: [...ALWAYS, 'I9', 'Z'],
    note: `${kidsIn(ledger).size} keys signed, ${kids.size} were published; each token seen by 5 verifiers at once, and some by another shortly before they expired`,
  };
}

/** I9: both nodes publish the keys that will sign. */
async function checkPublished(
  { store, members, blame }: Session,
  seen: Set<string>,
  clock: () => number,
): Promise<void> {
  const before = clock() - EVERYWHERE * SPEED;
  const rows = await store.sql(
    `select kid from signing_keys where activates_at > ${clock()} and created_at < ${before}`,
  );
  for (const { url } of members) {
    const answer = await get(`${url}/.well-known/jwks.json`);
    const published = new Set(((answer?.body.keys ?? []) as { kid: string }[]).map(({ kid }) => kid));
    for (const kid of published) seen.add(kid);
    for (const { kid } of rows) if (!published.has(String(kid))) blame('I9', `${url} does not publish ${kid}`);
  }
}

/** I6: a token still verifies shortly before it expires, with the current key set. */
function verifyLate({ ledger, members, blame }: Session, clock: () => number): { readonly stop: () => Promise<void> } {
  let stopped = false;
  let done = 0;
  const running = (async () => {
    while (!stopped) {
      await wait(500);
      const verifier = openVerifier(() => members.map(({ url }) => url), clock);
      const due = performance.now() - NEARLY_EXPIRED;
      const { attempts } = ledger;
      let checked = 0;
      for (; attempts[done] !== undefined && (attempts[done]?.sentAt ?? 0) < due; done++) {
        const token = accessTokenIn(attempts[done]?.told);
        if (attempts[done]?.kind !== 'own' || !token?.startsWith('ey') || checked++ > 10) continue;
        const complaint = await verifier.complaint(token);
        if (complaint !== undefined) blame('I6', `shortly before it expired: ${complaint}`);
      }
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

const kidsIn = ({ attempts }: Ledger): Set<string> =>
  new Set(
    attempts
      .map(({ told }) => accessTokenIn(told))
      .filter((token) => token?.startsWith('ey'))
      .map((token) => JSON.parse(Buffer.from(token?.split('.')[0] ?? '', 'base64url').toString()).kid),
  );

export const keyRotation: Fault = {
  id: 'F12',
  title: 'key rotation each second by two nodes, time at 60 times its speed, PostgreSQL',
  run: rotate,
};
