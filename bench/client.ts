// npm run bench:client: what @cambio/client costs: a cached exchange, and a miss compared with fetch alone, and with oauth4webapi alone,
// to the same server on loopback. It fails beyond the limits.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as oauth from 'oauth4webapi';
import { cambio, clientSecret } from '../packages/client/src/index.ts';
import { readOptions } from './options.ts';

readOptions(
  { script: 'bench:client', purpose: 'Measures the client library, and prints; fails beyond the limits.' },
  {},
);

const MAX_HIT_MICROSECONDS = 5;
const MAX_MISS_MICROSECONDS = 100;
const HITS = 20_000;
const MISSES = 50;
const ROUNDS = 60;
const HIT_ROUNDS = 7;
const TIMEOUT_MS = 5000;
const WARM_UP = 1000;

const body = JSON.stringify({
  access_token: `eyJhbGciOiJFUzI1NiJ9.${btoa(JSON.stringify({ sub: 'x'.repeat(400) }))}.c2lnbmF0dXJl`,
  issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  token_type: 'Bearer',
  expires_in: 300,
});
const server = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(body));
});
// Longer than any pause of a busy machine.
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const options = {
  issuer,
  clientId: 'gateway',
  auth: clientSecret('a secret'),
  metadata: { token_endpoint: `${issuer}/oauth/token` },
};
const client = cambio(options);
/** Answers at once, without a network: what is left is the work of the program itself. */
const memory: typeof fetch = async (_url, init) => {
  String(init?.body);
  return new Response(body, { headers: { 'content-type': 'application/json' } });
};
const inMemory = cambio({ ...options, fetch: memory });
const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const INSECURE = { [oauth.allowInsecureRequests]: true };
const secret = oauth.ClientSecretBasic('a secret');
const request = { audience: 'https://orders.example.com', scope: ['orders:read'] };
/** As long as a token of Cambio. */
const LONG = 'a'.repeat(760);
const subjectOf = (n: number): string => `${LONG}${n}`;

/** Microseconds of processor time for one call, with that of the server: other work of the machine does not count. */
async function timeOf(count: number, work: (n: number) => Promise<unknown>): Promise<number> {
  const began = process.cpuUsage();
  for (let n = 0; n < count; n++) await work(n);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / count;
}

const formOf = (n: number): URLSearchParams =>
  new URLSearchParams({
    grant_type: GRANT,
    subject_token: subjectOf(n),
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: request.audience,
    scope: request.scope.join(' '),
  });

/** The same form and headers, the same time limit and the same JSON, without the package. */
async function fetchAlone(n: number, send = fetch): Promise<string> {
  const response = await send(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('gateway:a+secret')}`, accept: 'application/json' },
    body: formOf(n),
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

/** The package's dependency: it authenticates the client, and checks the answer. */
async function libraryAlone(n: number): Promise<string> {
  const [as, party, options] = [
    { issuer, token_endpoint: `${issuer}/oauth/token` },
    { client_id: 'gateway' },
    INSECURE,
  ];
  const response = await oauth.genericTokenEndpointRequest(as, party, secret, GRANT, formOf(n), {
    ...options,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return (await oauth.processGenericTokenEndpointResponse(as, party, response)).access_token;
}

/** Other work of a machine only ever adds to a time, so the lower quarter is nearest to the truth. */
const low = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 2] ?? 0;

try {
  const onBehalfOf = client.onBehalfOf(request);
  const [hits, prepared]: [number[], number[]] = [[], []];
  const [misses, alone, library]: [number[], number[], number[]] = [[], [], []];
  let subjects = 0;
  const miss = () => client.exchange(subjectOf(++subjects), request);
  const [memoryMisses, memoryAlone]: [number[], number[]] = [[], []];
  const memoryMiss = () => inMemory.exchange(subjectOf(++subjects), request);
  // The compiler of the runtime comes first.
  for (const work of [fetchAlone, libraryAlone, miss]) await timeOf(WARM_UP, work);
  const kept = subjectOf(subjects);
  await timeOf(HITS, () => onBehalfOf(kept));
  await timeOf(HITS, () => client.exchange(kept, request));
  for (let round = 0; round < ROUNDS; round++) {
    // They take turns, so that another load of the machine meets all.
    alone.push(await timeOf(MISSES, fetchAlone));
    library.push(await timeOf(MISSES, libraryAlone));
    misses.push(await timeOf(MISSES, miss));
  }
  for (const work of [(n: number) => fetchAlone(n, memory), memoryMiss]) await timeOf(WARM_UP, work);
  for (let round = 0; round < ROUNDS; round++) {
    memoryAlone.push(await timeOf(MISSES, (n) => fetchAlone(n, memory)));
    memoryMisses.push(await timeOf(MISSES, memoryMiss));
  }
  for (let round = 0; round < HIT_ROUNDS; round++) {
    hits.push(await timeOf(HITS, () => client.exchange(kept, request)));
    prepared.push(await timeOf(HITS, () => onBehalfOf(kept)));
  }
  const added = low(misses) - low(alone);
  const print = (what: string, microseconds: number): void => console.log(`${what}: ${microseconds.toFixed(1)} µs`);
  print('a cached exchange', low(hits));
  print('the same by onBehalfOf', low(prepared));
  print('fetch alone', low(alone));
  print('oauth4webapi alone', low(library));
  print('an exchange that is not cached', low(misses));
  print('what a miss adds to fetch alone', added);
  print('the same with a fetch in memory', low(memoryMisses) - low(memoryAlone));
  if (low(hits) > MAX_HIT_MICROSECONDS || added > MAX_MISS_MICROSECONDS) {
    console.error(`more than ${MAX_HIT_MICROSECONDS} µs for a hit, or ${MAX_MISS_MICROSECONDS} µs for a miss`);
    process.exitCode = 1;
  }
} finally {
  server.close();
  server.closeAllConnections();
}
