// Measures two regions on one machine: two PostgreSQL databases, 100 ms between the regions, and a cut.
// npm run bench:regions
import { configuration } from '../packages/server/test/support/basics.ts';
import { EXCHANGE, type Form, type TestServer, type } from '../packages/server/test/support/harness.ts';
import { startPostgres } from '../packages/server/test/support/postgres.ts';
import { newProver } from '../packages/server/test/support/prover.ts';
import { ISSUER, startWorld } from '../packages/server/test/support/regions.ts';
import { count, readOptions } from './options.ts';

const { rounds: ROUNDS } = readOptions(
  { script: 'bench:regions', purpose: 'Measures two regions, and what a cut between them does.' },
  { rounds: count(10, 'number of rounds') },
);
const ONE_WAY_MS = 50;
const API = 'https://api.example';

const endings: (() => Promise<void>)[] = [];
const t = { name: 'bench:regions', after: (end: () => Promise<void>) => void endings.push(end) };
const gateway = { client_id: 'gateway', client_secret: 'gateway-secret' };
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const own = async (server: TestServer, headers?: Record<string, string>): Promise<string> => {
  const form = { ...gateway, grant_type: 'client_credentials', audience: API };
  const { body, status, text } = await server.token(form, headers);
  if (status !== 200) throw new Error(`${status} ${text}`);
  return String(body.access_token);
};
const ask = (server: TestServer, path: string, token: string) =>
  server.post(path, new URLSearchParams({ ...gateway, token }).toString());
const exchange = (server: TestServer, token: string) =>
  server.token({
    ...gateway,
    grant_type: EXCHANGE,
    subject_token: token,
    subject_token_type: type('access_token'),
    audience: API,
  } as Form);

async function until(work: () => Promise<boolean>): Promise<number> {
  const began = performance.now();
  while (!(await work())) {
    if (performance.now() - began > 30_000) throw new Error('not so after 30 s');
    await pause(10);
  }
  return performance.now() - began;
}

function print(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const [median = 0, last = 0] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  process.stdout.write(`${what}: median ${median.toFixed(0)} ms, longest ${last.toFixed(0)} ms, of ${sorted.length}\n`);
}

async function repeat(work: () => Promise<number>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await pause(Math.random() * 500);
    times.push(await work());
  }
  return times;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function measure(): Promise<void> {
  const databases = [await startPostgres(t), await startPostgres(t)];
  const [eu = '', us = ''] = await Promise.all(databases.map((one) => one.database()));
  const sealed = { ...configuration, sealingKey: { plain: Buffer.alloc(32, 1).toString('base64') } };
  const world = await startWorld(t, { configuration: sealed, stores: { eu, us } });
  for (const way of [world.toEu, world.toUs]) way.delay(ONE_WAY_MS);
  const first = await own(world.us);
  await until(async () => (await exchange(world.eu, first)).status === 200);
  print(
    'a revocation in one region is in force in the other after',
    await repeat(async () => {
      const token = await own(world.us);
      if ((await ask(world.us, '/oauth/revoke', token)).status !== 200) throw new Error('not revoked');
      return until(async () => (await ask(world.eu, '/oauth/introspect', token)).body.active === false);
    }),
  );
  print(
    'a revocation of a token of the other region is answered after',
    await repeat(async () => {
      const token = await own(world.us);
      return timed(() => ask(world.eu, '/oauth/revoke', token));
    }),
  );
  const prover = newProver();
  for (const server of [world.eu, world.us])
    print(
      `a request with a proof, ${server === world.eu ? 'in the region of single-use ids' : 'in another region'}`,
      await repeat(() => {
        const dpop = prover.prove({ issuer: ISSUER, clock: server.clock });
        return timed(() => own(server, { DPoP: dpop }));
      }),
    );
  const token = await own(world.us);
  world.toUs.cut();
  let answeredOwn = 0;
  print('after a cut, tokens of the other region (staleAfter 3 s) are refused after', [
    await until(async () => {
      await own(world.eu);
      answeredOwn++;
      return (await exchange(world.eu.once, token)).status === 503;
    }),
  ]);
  process.stdout.write(`own tokens that were issued meanwhile: ${answeredOwn}, refused: 0\n`);
  world.toUs.mend();
  print('after the cut, they are accepted again after', [
    await until(async () => (await exchange(world.eu, token)).status === 200),
  ]);
}

try {
  await measure();
} finally {
  for (const end of endings.toReversed()) await end();
}
