// Durability: no token is issued without its audit row, and a server that is stopped by SIGKILL loses nothing that it answered.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { sql } from 'kysely';
import { openSqlite } from '../../src/store/sqlite.ts';
import { linkToThread } from '../../src/store/sqlite-link.ts';
import { assertGood, verifyStored } from '../support/audit.ts';
import { exchange, gateway, subjectToken } from '../support/basics.ts';
import type { Configuration } from '../support/configuration.ts';
import { type Answer, EXCHANGE, start, type TestServer, type } from '../support/harness.ts';
import { entry, startIssuer } from '../support/issuer.ts';
import { BESIDE, FOREIGN_BESIDE, life, refresh, revoke } from '../support/life.ts';
import {
  eventually,
  exchangeAt,
  isActiveAt,
  own,
  refreshAt,
  revokeAt,
  type ServerNode,
  shared,
  startNode,
} from '../support/node.ts';
import { query, startPostgres } from '../support/postgres.ts';
import { temporaryFolder } from '../support/program.ts';

const postgres = await startPostgres({ after });

/** Makes one kind of write fail until it is undone. */
interface Sabotage {
  readonly fail: (table: string, event: 'insert' | 'update') => Promise<void>;
  readonly mend: (table: string) => Promise<void>;
}

const stores = {
  sqlite: async (t: TestContext, source: Configuration): Promise<{ server: TestServer } & Sabotage> => {
    const server = await start(t, source);
    return {
      server,
      fail: async (table, event) =>
        server.sql(`create trigger sabotage before ${event} on ${table} begin select raise(abort, 'sabotaged'); end`),
      mend: async () => server.sql('drop trigger sabotage'),
    };
  },
  postgres: async (t: TestContext, source: Configuration): Promise<{ server: TestServer } & Sabotage> => {
    const url = await postgres.database();
    const raise = `create or replace function sabotage() returns trigger language plpgsql as $$ begin raise exception 'sabotaged'; end $$`;
    return {
      server: await start(t, shared(url, source)),
      fail: async (table, event) =>
        void (await query(
          url,
          `${raise}; create trigger sabotage before ${event} on ${table} for each row execute function sabotage()`,
        )),
      mend: async (table) => void (await query(url, `drop trigger sabotage on ${table}`)),
    };
  },
};

function assertNothingLeft(what: string, { status, body, headers, text }: Answer): void {
  assert.deepEqual([what, status, body.error], [what, 503, 'temporarily_unavailable']);
  assert.equal(headers.get('retry-after'), '1');
  assert.doesNotMatch(text, /token|sabotaged/);
}

for (const [kind, open] of Object.entries(stores)) {
  test(`${kind}: issues, rotates and revokes nothing if the audit row cannot be written`, async (t) => {
    const { server, fail, mend } = await open(t, life());
    const subject_token = await subjectToken(server);
    const { body } = await exchange(server, { subject_token });
    await fail('audit', 'insert');
    const presented = { grant_type: 'client_credentials', ...gateway };
    assertNothingLeft('client credentials', await server.once.token(presented));
    assertNothingLeft('exchange', await exchange(server.once, { subject_token }));
    assertNothingLeft('opaque', await exchange(server.once, { subject_token, audience: 'https://vault.example' }));
    assertNothingLeft('refresh', await refresh(server.once, body.refresh_token));
    assertNothingLeft('revoke', await revoke(server.once, body.refresh_token));
    assertNothingLeft('a refusal', await server.once.token({ ...presented, client_secret: 'wrong' }));
    await mend('audit');
    const first = await refresh(server, body.refresh_token);
    assert.equal(first.status, 200, 'neither rotated nor revoked');
    assert.equal((await refresh(server, first.body.refresh_token)).status, 200);
  });

  test(`${kind}: issues nothing if the family cannot be rotated, and the same token works afterwards`, async (t) => {
    const { server, fail, mend } = await open(t, life());
    const { body } = await exchange(server);
    await fail('refresh_families', 'update');
    assertNothingLeft('refresh', await refresh(server.once, body.refresh_token));
    assert.equal((await exchange(server)).status, 200, 'requests that do not rotate succeed');
    await mend('refresh_families');
    const next = await refresh(server, body.refresh_token);
    assert.equal(next.status, 200);
    assert.equal((await refresh(server, next.body.refresh_token)).status, 200);
  });

  test(`${kind}: issues nothing if a single-use id cannot be written, and the id is not used up`, async (t) => {
    const idp = await startIssuer(t);
    const { server, fail, mend } = await open(t, life([FOREIGN_BESIDE], [entry(idp, { reuse: 'never' })]));
    const form = { grant_type: EXCHANGE, ...gateway, subject_token: idp.sign(), subject_token_type: type('jwt') };
    await fail('used_ids', 'insert');
    assertNothingLeft('exchange', await server.once.token(form));
    await mend('used_ids');
    assert.equal((await server.token(form)).status, 200);
    assert.equal((await server.token(form)).status, 400);
  });

  test(`${kind}: does not confirm a revocation that cannot be written, and it works when repeated (RV-06)`, async (t) => {
    const { server, fail, mend } = await open(t, life());
    const { body } = await exchange(server);
    await fail('revocations', 'insert');
    assertNothingLeft('revoke', await revoke(server.once, body.refresh_token));
    await mend('revocations');
    assert.equal((await revoke(server, body.refresh_token)).status, 200);
    assert.equal((await refresh(server, body.refresh_token)).status, 400);
  });
}

/** The answers that clients got, kept outside of the server. */
interface Ledger {
  readonly requestIds: string[];
  readonly refreshTokens: unknown[];
  readonly revoked: unknown[];
}

/** Sends requests without a pause until the server stops. */
async function load(node: ServerNode, ledger: Ledger): Promise<void> {
  const record = (answer: Answer): Answer => {
    if (answer.status === 200) ledger.requestIds.push(answer.headers.get('x-request-id') ?? '');
    return answer;
  };
  try {
    for (;;) {
      const { body } = record(await exchangeAt(node, record(await own(node)).body.access_token));
      const next = record(await refreshAt(node, body.refresh_token));
      if (next.status === 200) ledger.refreshTokens.push(next.body.refresh_token);
      if (record(await revokeAt(node, body.access_token)).status === 200) ledger.revoked.push(body.access_token);
    }
  } catch {
    // The server has stopped.
  }
}

test('a server that gets SIGKILL under load has lost nothing that it answered', async (t) => {
  const own = t as { after: (work: () => Promise<void>) => void };
  const ledger: Ledger = { requestIds: [], refreshTokens: [], revoked: [] };
  let node = await startNode(own, life());
  for (const milliseconds of [150, 400, 275]) {
    const before = ledger.requestIds.length;
    const loading = Promise.all(Array.from({ length: 8 }, () => load(node, ledger)));
    await eventually(
      async () => ledger.requestIds.length,
      (count) => count > before + 20,
    );
    await wait(milliseconds);
    node.signal('SIGKILL');
    await loading;
    await node.exited;
    node = await startNode(own, life(), node);
  }
  const database = new DatabaseSync(join(node.folder, 'cambio.db'), { readOnly: true });
  const statement = database.prepare('select count(*) as rows from audit where request_id = ?');
  for (const id of ledger.requestIds) assert.deepEqual({ ...statement.get(id) }, { rows: 1 }, id);
  assert.deepEqual({ ...database.prepare('pragma integrity_check').get() }, { integrity_check: 'ok' });
  database.close();
  assertGood(await verifyStored({ folder: node.folder, issuer: node.url, clock: { now: Date.now() } }));
  assert.ok(ledger.refreshTokens.length > 10 && ledger.revoked.length > 10);
  t.diagnostic(
    `${ledger.requestIds.length} answers, ${ledger.refreshTokens.length} refresh tokens, ${ledger.revoked.length} revocations`,
  );
  for (const token of ledger.refreshTokens.slice(-50)) assert.equal((await refreshAt(node, token)).status, 200);
  for (const token of ledger.revoked) assert.equal(await isActiveAt(node, token), false);
});

/** The threads that are started meanwhile, which are of the database. */
async function threadsOf<T>(t: TestContext, work: () => Promise<T>): Promise<readonly [T, Worker[]]> {
  const threads: Worker[] = [];
  const note = (thread: Worker) => void threads.push(thread);
  process.on('worker', note);
  t.after(() => void process.off('worker', note));
  return [await work(), threads];
}

test('a transaction whose thread of the database ended does not go on in another one', async (t) => {
  const file = join(temporaryFolder(t), 'cambio.db');
  const [store, threads] = await threadsOf(t, async () => openSqlite(file, 'write', { report: () => undefined }));
  const insert = (into: typeof store, name: string) =>
    into.insertInto('revisions').values({ name, number: 1 }).execute();
  await sql`create table revisions (name text primary key, number bigint)`.execute(store);
  /** @param between the two halves of the transaction */
  const inTwo = (between: () => Promise<unknown>) =>
    store.transaction().execute(async (transaction) => {
      await insert(transaction, 'first half');
      await between();
      await insert(transaction, 'second half');
    });
  const namesOf = async () => (await store.selectFrom('revisions').select('name').execute()).map(({ name }) => name);
  // Another thread starts after half a second.
  const endThread = async () => {
    await threads[0]?.terminate();
    await wait(600);
  };
  await assert.rejects(inTwo(endThread), /the thread of the database has ended/);
  assert.deepEqual(await namesOf(), []);
  await inTwo(async () => undefined);
  assert.deepEqual(await namesOf(), ['first half', 'second half']);
  await store.destroy();
});

test('a request that cannot be sent to the thread of the database takes no reply of another one', async (t) => {
  const link = linkToThread(join(temporaryFolder(t), 'cambio.db'), 'write', assert.fail);
  const cannotBeSent = (() => undefined) as unknown as null;
  await assert.rejects(link.ask({ sql: 'select ?', parameters: [cannotBeSent] }), /could not be cloned/);
  const [one, two] = [1, 2].map((number) => link.ask({ sql: `select ${number} as number`, parameters: [] }));
  assert.deepEqual(JSON.stringify([await one, await two]).match(/\d/g), ['1', '2']);
  await link.ask('close');
});

for (const [index, use] of ['writes', 'reads'].entries())
  test(`a thread of the database that ends while it ${use} is a failed dependency, and another one starts`, async (t) => {
    const [server, threads] = await threadsOf(t, () => start(t, life()));
    const { body } = await exchange(server);
    assert.equal(threads.length, 2);
    await threads[index]?.terminate();
    assertNothingLeft('refresh', await refresh(server.once, body.refresh_token));
    assert.equal((await fetch(`${server.issuer}/readyz`)).status, 503);
    assert.equal((await fetch(`${server.issuer}/livez`)).status, 200);
    await eventually(
      async () => (await fetch(`${server.issuer}/readyz`)).status,
      (status) => status === 200,
    );
    assert.equal(threads.length, 3);
    assert.equal((await refresh(server, body.refresh_token)).status, 200, 'neither lost nor used');
    await server.close();
    assertGood(await verifyStored(server));
  });

test('while another process holds the lock of the database, answers that need no commit do not wait, and none is given twice', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, life([FOREIGN_BESIDE], [entry(idp, { reuse: 'never' })]));
  const form = { grant_type: EXCHANGE, ...gateway, subject_token: idp.sign(), subject_token_type: type('jwt') };
  const other = new DatabaseSync(join(server.folder, 'cambio.db'), { timeout: 5000 });
  other.exec('begin immediate');
  const order: string[] = [];
  const noting = async (what: string, answer: Promise<{ readonly status: number }>) => {
    const { status } = await answer;
    order.push(`${what} ${status}`);
  };
  const exchanging = noting('exchange', server.once.token(form));
  // The first answer comes when the exchange waits for its commit.
  for (const path of ['/nowhere', '/livez']) await noting(path, fetch(server.issuer + path));
  await exchanging;
  other.exec('rollback');
  other.close();
  assert.deepEqual(order, ['/nowhere 404', '/livez 200', 'exchange 503']);
  const answers = await Promise.all(Array.from({ length: 8 }, () => server.token(form)));
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array(7).fill(400)]);
});

test('requests that arrive together are committed together, and each is decided by itself', async (t) => {
  const idp = await startIssuer(t);
  const server = await start(t, life([BESIDE, FOREIGN_BESIDE], [entry(idp, { reuse: 'never' })]));
  const tokens = Array.from({ length: 4 }, () => idp.sign());
  const families = await Promise.all(tokens.map(async () => (await exchange(server)).body.refresh_token));
  const useOnce = (subject_token: string) =>
    server.token({ grant_type: EXCHANGE, ...gateway, subject_token, subject_token_type: type('jwt') });
  const twice = [...tokens, ...tokens].map(useOnce);
  const refreshed = [...families, ...families].map((token) => refresh(server, token));
  const used = await Promise.all(twice);
  assert.deepEqual(used.map(({ status }) => status).toSorted(), [...Array(4).fill(200), ...Array(4).fill(400)]);
  const answers = await Promise.all(refreshed);
  for (const [index, { status, body }] of answers.entries()) {
    assert.equal(status, 200, 'within the grace period');
    assert.equal(body.refresh_token, answers[(index + 4) % 8]?.body.refresh_token, 'one successor');
  }
  const issued = [...used, ...answers].filter(({ status }) => status === 200);
  for (const answer of issued) assert.equal(server.audit(answer)?.outcome, 'issued');
  await server.close();
  assertGood(await verifyStored(server));
});

const limits = process.platform === 'linux';
test('answers 503 while the disk is full, damages nothing, and recovers', { skip: !limits }, async (t) => {
  const node = await startNode(t as { after: (work: () => Promise<void>) => void }, life());
  const held = await exchangeAt(node);
  const { size } = statSync(join(node.folder, 'cambio.db-wal'));
  // The system refuses writes beyond this size, as a full disk does.
  const limit = (bytes: string) => execFileSync('prlimit', ['--pid', String(node.pid), `--fsize=${bytes}:`]);
  limit(String(size + 16_384));
  const answers: Answer[] = [];
  await eventually(
    async () => {
      answers.push(await own(node.once));
      return answers.at(-1);
    },
    (answer) => answer?.status === 503,
  );
  for (const answer of [
    await own(node.once),
    await exchangeAt(node.once, held.body.access_token),
    await refreshAt(node.once, held.body.refresh_token),
  ]) {
    assertNothingLeft('full', answer);
  }
  assert.equal((await node.get('/livez')).status, 200);
  assert.equal((await node.get('/.well-known/jwks.json')).status, 200);
  limit('unlimited');
  assert.equal((await refreshAt(node, held.body.refresh_token)).status, 200);
  assert.equal((await own(node)).status, 200);
  const database = new DatabaseSync(join(node.folder, 'cambio.db'), { readOnly: true });
  assert.deepEqual({ ...database.prepare('pragma integrity_check').get() }, { integrity_check: 'ok' });
  for (const { headers } of answers.filter(({ status }) => status === 200)) {
    const id = headers.get('x-request-id') ?? '';
    assert.deepEqual(
      { ...database.prepare('select count(*) as rows from audit where request_id = ?').get(id) },
      { rows: 1 },
    );
  }
  database.close();
});
