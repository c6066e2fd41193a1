// Two nodes that share only a PostgreSQL database behave like one.
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { after, type TestContext, test } from 'node:test';
import { loadConfiguration } from '../../src/config/load.ts';
import { textDigest } from '../../src/config/text-digest.ts';
import { REFRESH_GRACE_MS } from '../../src/issuing/refresh-token.ts';
import { API, gateway } from '../support/basics.ts';
import { type Browser, createBrowser, formOf, type Page } from '../support/browser.ts';
import { asserting, assertion, jwksOf } from '../support/client-credentials.ts';
import { cambio } from '../support/command.ts';
import { added, all, changed, edited, yamlOf } from '../support/configuration.ts';
import { type Answer, EXCHANGE, fetchAnswer, type } from '../support/harness.ts';
import { entry, newKey, startIssuer } from '../support/issuer.ts';
import { BESIDE, FOREIGN_BESIDE, ISSUER, life } from '../support/life.ts';
import {
  answersOfOne,
  eventually,
  exchangeAt,
  isActiveAt,
  kidOf,
  kidsAt,
  outcomesOf,
  own,
  refreshAt,
  revokeAt,
  type ServerNode,
  shared,
  startNode,
} from '../support/node.ts';
import { authorizationUrl, CALLBACK, VERIFIER, web } from '../support/people.ts';
import { query, startPostgres } from '../support/postgres.ts';
import { PROGRAM, runProgram } from '../support/program.ts';
import { newProver } from '../support/prover.ts';

const postgres = await startPostgres({ after });
const url = await postgres.database();
const idp = await startIssuer({ after: after as TestContext['after'] });
const key = newKey();
const batch = `{ id: batch, auth: private_key_jwt, ${jwksOf(key)}, grants: [client_credentials], audiences: [${API}], scopes: [read] }`;
const people = `{ id: web, auth: client_secret_post, secret: { plain: web-secret }, grants: [authorization_code], redirectUris: [${CALLBACK}], audiences: [${API}], scopes: [openid, read] }`;
const issuers = [entry(idp, { reuse: 'never' })];
const world = changed(shared(url, life([BESIDE, FOREIGN_BESIDE], issuers)), {
  accounts: [{ username: 'ada', password: { plain: 'lovelace' } }],
  clients: added(batch, people),
  server: { dpopNonces: true },
});
// Start both at the same time, on an empty database.
const [one, two] = await Promise.all([startNode({ after }, world), startNode({ after }, world)]);

test("two nodes that start together on an empty database have one key set, and accept each other's tokens", async () => {
  const keys = await kidsAt(one);
  assert.equal(keys.length, 1);
  assert.deepEqual(await kidsAt(two), keys);
  const issued = await own(one);
  assert.equal(kidOf(issued.body.access_token), keys[0]);
  const exchanged = await exchangeAt(two, issued.body.access_token);
  assert.equal(exchanged.status, 200, exchanged.text);
  assert.equal((await refreshAt(one, exchanged.body.refresh_token)).status, 200);
  assert.deepEqual(await query(url, 'select count(*)::int as rows from signing_keys'), [{ rows: 1 }]);
});

test('a revocation on one node revokes the token and its descendants on the other', async () => {
  const ancestor = await exchangeAt(one);
  const derived = await exchangeAt(two, ancestor.body.access_token);
  const bystander = await exchangeAt(two);
  assert.equal(await isActiveAt(two, derived.body.access_token), true);
  assert.equal((await revokeAt(one, ancestor.body.access_token)).status, 200);
  await eventually(
    () => isActiveAt(two, derived.body.access_token),
    (active) => active === false,
  );
  for (const refused of [
    await exchangeAt(two, derived.body.access_token),
    await refreshAt(two, derived.body.refresh_token),
  ]) {
    assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant']);
  }
  assert.equal(await isActiveAt(two, bystander.body.access_token), true);
});

test("a node accepts the other's nonces, and of two that get one proof at the same time one issues (B06, B07)", async () => {
  const prover = newProver();
  const prove = (nonce: string | null): Record<string, string> => ({
    dpop: prover.prove({ issuer: ISSUER, clock: { now: Date.now() } }, { nonce }),
  });
  const form = { grant_type: 'client_credentials', ...gateway };
  const first = await one.token(form, prove(null));
  assert.equal(first.body.error, 'use_dpop_nonce');
  for (let round = 0; round < 5; round++) {
    const answers = await answersOfOne(async () => {
      const proof = prove(first.headers.get('dpop-nonce'));
      return [one, two, one, two].map((node) => () => node.once.token(form, proof));
    });
    assert.deepEqual(outcomesOf(answers), ['200', ...Array(3).fill('400 invalid_dpop_proof')]);
  }
});

test('a hundred uses of one refresh token over both nodes give one current token (R02)', async () => {
  /** As many at a time as the nodes have connections. */
  const useOften = async () => {
    const { body } = await exchangeAt(one);
    const began = performance.now();
    const lanes = Array.from({ length: 20 }, async (_, lane) => {
      const own: Answer[] = [];
      while (own.length < 5) own.push(await refreshAt(lane % 2 ? one : two, body.refresh_token));
      return own;
    });
    const answers = (await Promise.all(lanes)).flat();
    return { body, answers, tookMs: performance.now() - began };
  };
  // Later uses than those of the grace period are reuse. A busy machine may need longer.
  const { body, answers } = await eventually(useOften, ({ tookMs }) => tookMs < REFRESH_GRACE_MS);
  assert.deepEqual([...new Set(outcomesOf(answers))], ['200']);
  const successors = new Set(answers.map((answer) => answer.body.refresh_token));
  assert.equal(successors.size, 1);
  const next = await refreshAt(two, [...successors][0]);
  assert.equal(next.status, 200);
  // The next token was used, so using the previous one is reuse: the family is revoked on every node.
  assert.equal((await refreshAt(one, body.refresh_token)).status, 400);
  assert.equal((await refreshAt(two, next.body.refresh_token)).status, 400);
});

test('a single-use id is accepted once over both nodes', async () => {
  for (let round = 0; round < 3; round++) {
    const answers = await answersOfOne(async () => {
      const form = { grant_type: EXCHANGE, ...gateway, subject_token: idp.sign(), subject_token_type: type('jwt') };
      return Array.from({ length: 20 }, (_, index) => () => (index % 2 ? one : two).once.token(form));
    });
    assert.deepEqual(outcomesOf(answers), ['200', ...Array(19).fill('400 invalid_grant')]);
  }
});

test('a client assertion that is sent to both nodes at the same time authenticates one request (C13)', async () => {
  const answers = await answersOfOne(async () => {
    const signed = assertion({ issuer: ISSUER, clock: { now: Date.now() } }, key);
    const form = { grant_type: 'client_credentials', ...asserting(signed) };
    return Array.from({ length: 20 }, (_, index) => () => (index % 2 ? one : two).once.token(form));
  });
  assert.deepEqual(outcomesOf(answers), ['200', ...Array(19).fill('401 invalid_client')]);
});

test('a sign-in works across nodes, and of two that get one code at the same time one issues, in vain (OA-16)', async () => {
  const browsers = [createBrowser(one.url), createBrowser(two.url)];
  const submitAtOther = (browser: Browser, page: Page | undefined): Promise<Page> => {
    if (page === undefined) return browser.get(authorizationUrl());
    if (page.leftTo !== undefined) return browser.get(page.leftTo.pathname + page.leftTo.search);
    const { action, hidden } = formOf(page);
    return browser.post(action, { ...hidden, username: 'ada', password: 'lovelace', agree: 'yes' });
  };
  /** Sends each step to the other node. */
  const codeFor = async (): Promise<string> => {
    let page: Page | undefined;
    let cookies = new Map<string, string>();
    while (page?.leftTo === undefined || page.leftTo.origin === ISSUER) {
      const browser = browsers.reverse()[0] ?? assert.fail();
      for (const [name, value] of cookies) browser.cookies.set(name, value);
      page = await submitAtOther(browser, page);
      assert.equal(page.status < 400, true, page.text);
      cookies = browser.cookies;
    }
    return page.leftTo.searchParams.get('code') ?? '';
  };
  const redeemAt = (node: Pick<ServerNode, 'token'>, code: string) =>
    node.token({ grant_type: 'authorization_code', ...web, code, redirect_uri: CALLBACK, code_verifier: VERIFIER });
  const [redeemed] = await answersOfOne(async () => {
    const code = await codeFor();
    return [() => redeemAt(two.once, code)];
  });
  assert.equal(redeemed?.status, 200, redeemed?.text);
  const userinfoStatusAt = async ({ url: home }: ServerNode, token: unknown): Promise<number> =>
    (await fetchAnswer(`${home}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } })).status;
  for (const node of [one, two]) assert.equal(await userinfoStatusAt(node, redeemed?.body.access_token), 200);
  for (let round = 0; round < 3; round++) {
    const answers = await answersOfOne(async () => {
      const code = await codeFor();
      return [one, two, one, two].map((node) => () => redeemAt(node.once, code));
    });
    assert.deepEqual(outcomesOf(answers), ['200', ...Array(3).fill('400 invalid_grant')]);
    // Either may have stolen the code: the tokens of the first are revoked on every node.
    const got = answers.find(({ status }) => status === 200)?.body.access_token;
    for (const node of [one, two]) {
      await eventually(
        () => userinfoStatusAt(node, got),
        (status) => status === 401,
      );
    }
  }
});

test('after the 200 of a revocation, nothing works that a concurrent refresh returned (R05)', async () => {
  for (let round = 0; round < 10; round++) {
    const { body } = await exchangeAt(one);
    const racing = Promise.all(
      Array.from({ length: 6 }, (_, index) => refreshAt(index % 2 ? one : two, body.refresh_token)),
    );
    assert.equal((await revokeAt(one, body.refresh_token)).status, 200);
    const after = await refreshAt(one, body.refresh_token);
    assert.deepEqual([after.status, after.body.error], [400, 'invalid_grant']);
    for (const { status, body: issued } of await racing) {
      if (status !== 200) continue;
      assert.equal((await refreshAt(two, issued.refresh_token)).status, 400);
      assert.equal(await isActiveAt(one, issued.access_token), false);
      await eventually(
        () => isActiveAt(two, issued.access_token),
        (active) => active === false,
      );
    }
  }
});

test('after the 200 of a revocation, nothing works that concurrent exchanges of a descendant returned', async () => {
  const bystander = await exchangeAt(two);
  for (let round = 0; round < 3; round++) {
    const ancestor = (await own(one)).body.access_token;
    const exchanged = await exchangeAt(two, ancestor);
    assert.equal(exchanged.status, 200, exchanged.text);
    const parent = exchanged.body.access_token;
    const racing = Promise.all(Array.from({ length: 6 }, (_, index) => exchangeAt(index % 2 ? one : two, parent)));
    assert.equal((await revokeAt(one, ancestor)).status, 200);
    assert.deepEqual((await exchangeAt(one, parent)).body.error, 'invalid_grant');
    const got = (await racing).filter(({ status }) => status === 200).map(({ body }) => body.access_token);
    for (const token of [parent, ...got]) {
      assert.equal(await isActiveAt(one, token), false);
      await eventually(
        () => isActiveAt(two, token),
        (active) => active === false,
      );
      for (const node of [one, two]) assert.equal((await exchangeAt(node, token)).body.error, 'invalid_grant');
    }
  }
  assert.equal(await isActiveAt(one, bystander.body.access_token), true);
});

test('both nodes publish a rotated key and remove a retired key', async (t) => {
  const cambio = (...args: string[]) =>
    runProgram(t, [process.execPath, PROGRAM, 'keys', ...args, '--config', one.file], { env: { PORT: '1' } });
  const [old = ''] = await kidsAt(one);
  const before = await own(two);
  const rotated = await cambio('rotate');
  assert.equal(rotated.code, 0, rotated.stderr);
  for (const node of [one, two]) {
    await eventually(
      () => kidsAt(node),
      (kids) => kids.length === 2,
    );
    assert.equal(kidOf((await own(node)).body.access_token), old, 'the new key is published before it signs');
  }
  const retired = await cambio('retire', old, '--yes');
  assert.equal(retired.code, 0, retired.stderr);
  for (const node of [one, two]) {
    await eventually(
      () => kidsAt(node),
      (kids) => !kids.includes(old),
    );
    const signed = await own(node);
    assert.ok((await kidsAt(node)).includes(String(kidOf(signed.body.access_token))));
    const refused = await exchangeAt(node, before.body.access_token);
    assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant']);
    assert.equal((await exchangeAt(node, signed.body.access_token)).status, 200);
  }
  const rows = await query(url, "select personal from audit where outcome = 'changed' order by sequence");
  assert.deepEqual(
    rows.map(({ personal }) => JSON.parse(String(personal)).change.what),
    ['key ES256', `key ${old}`],
  );
});

test('nodes whose files differ by the value of a variable agree, and explain takes the configuration of each as in force', async (t) => {
  const count = 'select count(distinct configuration)::int as texts, count(distinct kept)::int as kept from nodes';
  await eventually(
    () => query(url, count),
    ([{ texts, kept } = {}]) => texts === 1 && kept === 2,
  );
  for (const node of [one, two]) {
    const request = (await exchangeAt(node)).headers.get('x-request-id') ?? '';
    const explained = await cambio(t, ['explain', '--request', request, '--config', node.file, '--output', 'json'], {
      env: { PORT: String(node.port) },
    });
    const { decidedBy } = JSON.parse(explained.stdout) as { decidedBy: Record<string, unknown> };
    assert.deepEqual([decidedBy.inForce, decidedBy.changes], [true, undefined]);
  }
  // A plain digest would give away a short secret of the file.
  const digest = textDigest(await loadConfiguration(one.file, { PORT: '1' }));
  const [{ same } = {}] = await query(url, `select count(*)::int as same from nodes where configuration = '${digest}'`);
  assert.equal(same, 0);
});

test('each node reloads its own file when it changes and at SIGHUP, and ignores an invalid one', async () => {
  const scopes = ['read'];
  const narrow = changed(world, { clients: edited('gateway', { scopes }), rules: all({ grant: { scopes } }) });
  const narrower = yamlOf(narrow);
  const ready = async (node: ServerNode) => (await node.get('/readyz')).body;
  await eventually(
    () => ready(two),
    ({ nodes }) => nodes === 2,
  );
  assert.equal((await ready(two)).configurations, 'same');
  const scopeAt = async (node: ServerNode): Promise<unknown> => (await own(node)).body.scope;
  assert.equal(await scopeAt(two), 'read write');
  // Like an editor: write another file, then rename it.
  writeFileSync(`${one.file}.new`, narrower);
  renameSync(`${one.file}.new`, one.file);
  await eventually(
    () => scopeAt(one),
    (scope) => scope === 'read',
  );
  assert.equal(await scopeAt(two), 'read write', 'a node reads its own file');
  const differing = await eventually(
    () => ready(two),
    ({ configurations }) => configurations === 'different',
  );
  const { warnings, ...stated } = differing as { warnings: readonly { reason: string }[] };
  assert.deepEqual(stated, { status: 'ok', nodes: 2, configurations: 'different' });
  assert.deepEqual(
    warnings.map(({ reason }) => reason),
    ['configurations_differ'],
  );
  two.signal('SIGHUP');
  await two.prints('again');
  writeFileSync(two.file, yamlOf(changed(narrow, { rules: undefined, rulez: narrow.rules })));
  assert.match(await two.prints('keeping the previous configuration'), /rulez/);
  assert.equal(await scopeAt(two), 'read write');
  writeFileSync(two.file, narrower);
  two.signal('SIGHUP');
  await eventually(
    () => scopeAt(two),
    (scope) => scope === 'read',
  );
  await eventually(
    () => ready(one),
    ({ configurations }) => configurations === 'same',
  );
});

test('a node that is stopping is not ready, still answers, and the other node is not affected', async () => {
  const { body } = await exchangeAt(one);
  const answers = await Promise.all(Array.from({ length: 10 }, () => own(two)));
  two.signal('SIGTERM');
  const { headers } = await eventually(
    () => two.get('/readyz'),
    ({ status }) => status === 503,
  );
  assert.equal(headers.get('connection'), 'close', 'clients that keep connections reconnect to another node');
  answers.push(await own(two));
  assert.equal(await two.exited, 0, await two.output);
  assert.ok(answers.every(({ status }) => status === 200));
  assert.equal((await refreshAt(one, body.refresh_token)).status, 200);
});
