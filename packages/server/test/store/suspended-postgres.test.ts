// A node that was suspended, as a paused machine is, does not trust the tokens, clients and keys that it read before.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { withOperators } from '../support/admin-api.ts';
import { API } from '../support/basics.ts';
import { changed } from '../support/configuration.ts';
import { read } from '../support/harness.ts';
import { ISSUER } from '../support/life.ts';
import {
  eventually,
  exchangeAt,
  kidOf,
  own,
  revokeAt,
  type ServerNode,
  served,
  shared,
  startNode,
} from '../support/node.ts';
import { startPostgres } from '../support/postgres.ts';
import { startProxy } from '../support/proxy.ts';

const postgres = await startPostgres({ after });
const url = await postgres.database();
const proxy = await startProxy({ after }, postgres.port);
const there = new URL(url);
there.port = String(proxy.port);
const world = withOperators(shared(url), ISSUER);
const [one, two] = await Promise.all([
  startNode({ after }, world),
  startNode({ after }, changed(world, { store: there.href })),
]);

const tokenOf = ({ token }: Pick<ServerNode, 'token'>, client_id: string, client_secret = `${client_id}-secret`) =>
  token({ grant_type: 'client_credentials', client_id, client_secret });

async function admin(method: string, path: string, body?: unknown) {
  const { access_token: token } = (await tokenOf(one, 'operator')).body;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const ifMatch = method !== 'POST' && { 'if-match': '*' };
  const sent = {
    method,
    headers: { ...headers, ...ifMatch },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
  return served(async () => read(await fetch(`${one.url}/admin/v1${path}`, sent)));
}

const entry = { auth: 'client_secret_post', grants: ['client_credentials'], audiences: [API], scopes: ['read'] };

/** Registers clients and issues a token, all of which the second node accepts. */
async function prepare(name: string) {
  const secrets = new Map<string, string>();
  for (const id of [`${name}-disabled`, `${name}-deleted`, `${name}-bystander`]) {
    secrets.set(id, String((await admin('POST', '/clients', { id, ...entry })).body.secret));
  }
  const ask = (kind: string, node: Pick<ServerNode, 'token'> = two) =>
    tokenOf(node, `${name}-${kind}`, secrets.get(`${name}-${kind}`));
  const token = (await own(one)).body.access_token;
  for (const kind of ['disabled', 'deleted', 'bystander']) {
    await eventually(
      () => ask(kind),
      ({ status }) => status === 200,
    );
  }
  assert.equal((await exchangeAt(two, token)).status, 200);
  return { ask, token };
}

/** Revokes the token, disables and deletes clients, and retires the key, on the first node. @returns the id of the retired key */
async function removeAll(name: string, token: unknown): Promise<unknown> {
  assert.equal((await revokeAt(one, token)).status, 200);
  const disabled = await admin('PUT', `/clients/${name}-disabled`, { ...entry, disabled: true });
  assert.equal(disabled.status, 200, disabled.text);
  assert.equal((await admin('DELETE', `/clients/${name}-deleted`)).status, 204);
  const kid = kidOf((await own(one)).body.access_token);
  const retired = await admin('DELETE', `/keys/${kid}?replace=now`);
  assert.ok(retired.status < 300, retired.text);
  return kid;
}

for (const [title, { name, stop, resume }] of Object.entries({
  'a node that was suspended': {
    name: 'still',
    stop: () => two.signal('SIGSTOP'),
    resume: () => two.signal('SIGCONT'),
  },
  'a node that was cut off from the database': { name: 'cut', stop: () => proxy.cut(), resume: () => proxy.mend() },
})) {
  test(`${title} gives no token to a deleted client, does not sign with a retired key, and accepts no revoked token`, async () => {
    const { ask, token } = await prepare(name);
    stop();
    const kid = await removeAll(name, token);
    await wait(1500);
    // The requests wait in the socket while the node is suspended.
    const asking = [
      ...['disabled', 'deleted', 'bystander'].map((kind) => ask(kind, two.once)),
      exchangeAt(two.once, token),
    ];
    await wait(50);
    resume();
    const answers = await Promise.all(asking);
    for (const { status, headers, body } of answers) {
      if (status === 503) assert.equal(headers.get('retry-after'), '1');
      if (body.access_token !== undefined) assert.notEqual(kidOf(body.access_token), kid);
    }
    for (const index of [0, 1, 3]) assert.notEqual(answers[index]?.status, 200);
    // After the next successful poll, valid requests succeed and the others are refused with their reason.
    const served = await eventually(
      () => ask('bystander'),
      ({ status }) => status === 200,
    );
    assert.notEqual(kidOf(served.body.access_token), kid);
    assert.deepEqual([(await ask('disabled')).status, (await ask('deleted')).status], [401, 401]);
    assert.equal((await exchangeAt(two, token)).status, 400);
  });
}
