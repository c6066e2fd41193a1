// Can the portable attacks be tried on another server, and do they find what is broken there?
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { API, client, configuration } from '../support/basics.ts';
import { added, changed } from '../support/configuration.ts';
import { start } from '../support/harness.ts';
import { repository, runProgram, temporaryFolder } from '../support/program.ts';
import { portable } from './portable/cases.ts';
import { type Adapter, createPeer } from './portable/peer.ts';
import { tryPeer } from './portable/run.ts';
import { rows } from './row.ts';

const adapterFor = (base: string, path = ''): Adapter => ({
  tokenEndpoint: `${base}${path}/token`,
  revocationEndpoint: `${base}${path}/revoke`,
  jwksUri: `${base}/.well-known/jwks.json`,
  client: { id: 'gateway', secret: 'gateway-secret', method: 'client_secret_post' },
  other: { id: 'partner', secret: 'partner-secret', method: 'client_secret_post' },
  subject: { grant_type: 'client_credentials', scope: 'read' },
  exchange: { audience: API },
  widerScope: 'write',
});

test('every portable row is a row of the table', () => {
  const ids = rows.map(({ id }) => id);
  assert.deepEqual(
    Object.keys(portable).filter((id) => !ids.includes(id)),
    [],
  );
});

test('this server, asked by an adapter as any other, holds every portable row', async (t) => {
  const server = await start(t, changed(configuration, { clients: added(client('partner')) }));
  const verdicts = await tryPeer(createPeer(adapterFor(server.issuer, '/oauth')));
  assert.deepEqual(
    verdicts.filter(({ verdict }) => !('held' in verdict)),
    [],
  );
});

/** A server that grants whatever it is asked. */
async function startCareless(t: { readonly after: (work: () => unknown) => void }): Promise<string> {
  const jwt = (claims: object): string =>
    `${[{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.x`;
  const answer = async (request: IncomingMessage): Promise<object> => {
    await text(request);
    return { access_token: jwt({ sub: 'anybody', exp: Math.floor(Date.now() / 1000) + 3600 }), token_type: 'Bearer' };
  };
  const server = createServer(async (request, response) => {
    const body = request.url?.includes('jwks') ? { keys: [] } : await answer(request);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a server that grants everything is broken by name, the command exits with 1, and other hosts are refused', async (t) => {
  const base = await startCareless(t);
  const file = join(temporaryFolder(t), 'peer.json');
  const run = async (adapter: object, ...args: string[]) => {
    writeFileSync(file, JSON.stringify(adapter));
    const program = join(repository, 'packages/server/test/attacks/main.ts');
    return runProgram(t, [process.execPath, '--conditions=source', program, '--against', file, ...args]);
  };
  const { code, stdout } = await run(adapterFor(base), '--only', 'T15,J05,N05');
  assert.equal(code, 1, stdout);
  assert.match(stdout, /^T15 +BROKEN .*\n +an actor token without its type: 200/m);
  assert.match(stdout, /^J05 +BROKEN .*\n +alg none: 200/m);
  assert.match(stdout, /^N05 +BROKEN .*\n +a token of another client: 200/m);
  const { other, widerScope, ...least } = adapterFor(base);
  assert.match(
    (await run(least, '--only', 'N05')).stdout,
    /not tried .*\n +the adapter has no other and no widerScope/,
  );
  for (const wrong of [
    { ...adapterFor(base), tokenEndpoint: 'https://login.example.com/token' },
    { tokenEndpoint: base },
  ]) {
    const { code: failed, stderr } = await run(wrong);
    assert.equal(failed, 1);
    assert.match(stderr, /peer\.json: .*(must be a URL on loopback|client)/s);
  }
});
