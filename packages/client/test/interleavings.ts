// Properties over random interleavings, for interleavings.test.ts: does anybody ever get another subject's token?
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TokenCache } from '../src/cache.ts';
import { createClient } from '../src/client.ts';
import { digest } from '../src/digest-node.ts';
import { digest as digestWeb } from '../src/digest-web.ts';
import { none } from '../src/index.ts';
import { Token } from '../src/token.ts';

const SUBJECTS = ['ada', 'grace', 'alan'];
const tokenFor = (text: string, expires_in = 300): Token =>
  new Token({ access_token: text, token_type: 'bearer', expires_in, issued_token_type: 'x' }, 0, undefined);

/** What happens to a cache, in an order that fast-check chooses. Numbers choose among what is there. */
type Step =
  | readonly ['ask', string]
  | readonly ['answer', number]
  | readonly ['fail', number]
  | readonly ['abort', number]
  | readonly ['forget', string]
  | readonly ['wait', number]
  | readonly ['jump', number];

const subject = fc.constantFrom(...SUBJECTS);
const which = fc.nat(9);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('ask'), subject) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('answer'), which) },
  fc.tuple(fc.constant('fail'), which),
  { weight: 2, arbitrary: fc.tuple(fc.constant('abort'), which) },
  fc.tuple(fc.constant('forget'), subject),
  fc.tuple(fc.constant('wait'), fc.nat(200_000)),
  fc.tuple(fc.constant('jump'), fc.integer({ min: -1_000_000, max: 1_000_000 })),
) as fc.Arbitrary<Step>;

const MAX = 2;
const LIFE_MS = 300_000;

interface Flight {
  readonly subject: string;
  readonly begun: number;
  readonly wall: number;
  readonly settle: (outcome: Token | Error) => void;
  isOver: boolean;
}

interface Asked {
  readonly subject: string;
  readonly at: number;
  readonly leaving: AbortController;
  readonly outcome: Promise<PromiseSettledResult<Token>>;
  hasLeft: boolean;
}

/** Plays the steps, and checks what holds after each and at the end. */
async function play(steps: readonly Step[]): Promise<void> {
  let [wall, elapsed, count] = [1_000_000, 0, 0];
  const cache = new TokenCache(MAX, { now: () => wall, elapsed: () => elapsed });
  const flights: Flight[] = [];
  const asked: Asked[] = [];
  /** When each token was issued, and by the clock that never jumps. */
  const issuedAt = new Map<string, number>();
  const forgottenAt = new Map<string, number>();
  const underWay = (n: number): Flight | undefined => {
    const open = flights.filter(({ isOver }) => !isOver);
    return open[n % Math.max(1, open.length)];
  };
  const run: { readonly [Kind in Step[0]]: (value: never) => void } = {
    ask: (who: string) => {
      const leaving = new AbortController();
      const work = ({ signal }: AbortController): Promise<Token> =>
        new Promise((resolve, reject) => {
          const flight: Flight = {
            subject: who,
            begun: elapsed,
            wall,
            isOver: false,
            settle: (outcome) => {
              flight.isOver = true;
              if (outcome instanceof Error) reject(outcome);
              else resolve(outcome);
            },
          };
          signal.addEventListener('abort', () => flight.settle(new Error('aborted')));
          flights.push(flight);
        });
      const promise = cache.share({ key: who, parties: [`of ${who}`], ends: [] }, work, leaving.signal);
      const outcome = Promise.allSettled([promise]).then(([one]) => one);
      asked.push({ subject: who, at: elapsed, leaving, outcome, hasLeft: false });
    },
    answer: (n: number) => {
      const flight = underWay(n);
      if (flight === undefined) return;
      const text = `${flight.subject}/${++count}`;
      issuedAt.set(text, flight.begun);
      const answer = { access_token: text, token_type: 'bearer', expires_in: LIFE_MS / 1000 };
      flight.settle(new Token(answer, flight.wall, undefined));
    },
    fail: (n: number) => underWay(n)?.settle(new Error('failed')),
    abort: (n: number) => {
      const one = asked[n % Math.max(1, asked.length)];
      if (one === undefined) return;
      one.hasLeft = true;
      one.leaving.abort(new Error('left'));
    },
    forget: (who: string) => {
      forgottenAt.set(who, elapsed);
      cache.forget([`token of ${who}`], [`of ${who}`]);
      assert.equal(cache.get(who), undefined, 'forgotten');
    },
    wait: (ms: number) => {
      wall += ms;
      elapsed += ms;
    },
    jump: (ms: number) => {
      wall += ms;
    },
  };
  for (const [kind, value] of steps) {
    run[kind](value as never);
    for (let i = 0; i < 8; i++) await undefined;
    assert.ok(cache.size <= MAX, 'bounded');
    for (const who of SUBJECTS) {
      const { token = `${who}/0` } = cache.get(who) ?? {};
      assert.ok(token.startsWith(`${who}/`), `${token} for ${who}`);
      assert.ok(elapsed - (issuedAt.get(token) ?? elapsed) < LIFE_MS, 'no jump lengthens its life');
    }
  }
  for (const flight of flights) flight.settle(new Error('the end'));
  for (const { subject: who, outcome, hasLeft } of asked) {
    const one = await outcome;
    if (one.status === 'fulfilled') assert.ok(one.value.token.startsWith(`${who}/`), `${one.value.token} for ${who}`);
    // A caller ends only by its own abort, or with the exchange that it waits for.
    else assert.ok(hasLeft || ['failed', 'the end'].includes(one.reason.message), one.reason.message);
  }
}

/** Under 10,000 interleavings, no subject gets the token of another, none lives longer, and no abort reaches others. */
async function cacheKeepsSubjectsApart(): Promise<void> {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), play), { numRuns: 10_000 });
}

/** While an exchange is under way, there is one for each subject. */
async function oneExchangeForEachSubject(): Promise<void> {
  const property = fc.asyncProperty(fc.array(subject, { minLength: 1, maxLength: 12 }), async (subjects) => {
    const cache = new TokenCache(8, { now: () => 0, elapsed: () => 0 });
    let begun = 0;
    const tokens = await Promise.all(
      subjects.map((who) =>
        cache.share({ key: who, parties: [], ends: [] }, async () => {
          begun++;
          await undefined;
          return tokenFor(who);
        }),
      ),
    );
    assert.deepEqual(
      tokens.map(({ token }) => token),
      subjects,
    );
    assert.equal(begun, new Set(subjects).size);
  });
  await fc.assert(property, { numRuns: 500 });
}

/** A whole client gives each caller the token for its subject, actor and audience, with both digests. */
async function clientKeepsCallersApart(): Promise<void> {
  const ask = fc.record({
    subject,
    actor: fc.option(subject, { nil: undefined }),
    audience: fc.array(fc.constantFrom('a', 'b', 'ab', '1:a'), { minLength: 1, maxLength: 2 }),
  });
  for (const hash of [digest, digestWeb]) {
    const property = fc.asyncProperty(
      fc.scheduler(),
      fc.array(ask, { minLength: 2, maxLength: 8 }),
      async (scheduler, asks) => {
        const answer = async (_url: unknown, { body }: { body: URLSearchParams }): Promise<Response> => {
          const access_token = btoa(
            JSON.stringify([body.get('subject_token'), body.get('actor_token'), body.getAll('audience')]),
          );
          return Response.json({ access_token, token_type: 'Bearer', expires_in: 300, issued_token_type: 'urn:x:y' });
        };
        const client = createClient(
          {
            issuer: 'https://login.example',
            clientId: 'c',
            auth: none(),
            metadata: { token_endpoint: 'https://login.example/token' },
            fetch: scheduler.scheduleFunction(answer) as never,
          },
          hash,
        );
        const all = asks.map(async ({ subject: who, actor, audience }) => {
          const { token } = await client.exchange(who, { audience, ...(actor !== undefined && { actor }) });
          assert.deepEqual(JSON.parse(atob(token)), [who, actor ?? null, audience]);
        });
        await scheduler.waitFor(Promise.all(all));
      },
    );
    await fc.assert(property, { numRuns: 150 });
  }
}

await cacheKeepsSubjectsApart();
await oneExchangeForEachSubject();
await clientKeepsCallersApart();
