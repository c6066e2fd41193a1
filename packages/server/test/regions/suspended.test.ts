// Three regions that all read each other: suspensions, and revocations beside a region that is cut off from one of the two others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, withOperators } from '../support/admin-api.ts';
import { API, configuration } from '../support/basics.ts';
import { changed, edited } from '../support/configuration.ts';
import { type Answer, EXCHANGE, type TestServer, type } from '../support/harness.ts';
import { eventually as until } from '../support/node.ts';
import { ISSUER, startRegions } from '../support/regions.ts';

const base = withOperators(
  changed(configuration, { clients: edited('gateway', { grants: ['client_credentials', 'token_exchange'] }) }),
  ISSUER,
);
const gateway = { client_id: 'gateway', client_secret: 'gateway-secret' };
const ask = (server: TestServer): Promise<Answer> =>
  server.token({ ...gateway, grant_type: 'client_credentials', audience: API });
const own = async (server: TestServer): Promise<string> => {
  const { body, text } = await ask(server);
  assert.ok(body.access_token, text);
  return String(body.access_token);
};
const exchange = (server: TestServer, token: string): Promise<Answer> =>
  server.token({
    ...gateway,
    grant_type: EXCHANGE,
    subject_token: token,
    subject_token_type: type('access_token'),
    audience: API,
  });
const answered = (status: number) => (answer: Answer) => answer.status === status;
const suspend = async (server: TestServer, body: object): Promise<void> =>
  assert.equal((await admin(server, 'POST /actors/suspend', { body })).status, 204);
const resume = (server: TestServer, subject: string) => admin(server, 'POST /actors/resume', { body: { subject } });
const listed = async (server: TestServer): Promise<readonly object[]> => {
  const { body } = await admin(server, 'GET /actors/suspended');
  return (body as { items: readonly object[] }).items;
};

test('three regions', async (t) => {
  const { at, way } = await startRegions(t, ['eu', 'us', 'ap'], base);
  const all = [at.eu, at.us, at.ap];
  for (const from of all)
    for (const to of all) {
      const token = await own(from);
      await until(() => exchange(to, token), answered(200));
    }

  await t.test('a token of one region that another one revokes is refused in the third', async () => {
    const [revoked, kept] = [await own(at.us), await own(at.us)];
    const derived = String((await exchange(at.ap, revoked)).body.access_token);
    const form = new URLSearchParams({ ...gateway, token: revoked }).toString();
    assert.equal((await at.eu.post('/oauth/revoke', form)).status, 200);
    for (const server of all) await until(() => exchange(server, revoked), answered(400));
    for (const server of all) await until(() => exchange(server, derived), answered(400));
    for (const server of all) assert.equal((await exchange(server, kept)).status, 200);
  });

  await t.test(
    'a region that cannot read one of the others refuses the tokens of that one, and hears of its revocations from nobody else',
    async () => {
      const [theirs, others] = [await own(at.us), await own(at.ap)];
      way('eu', 'us').cut();
      await until(() => exchange(at.eu, theirs), answered(503));
      assert.equal((await exchange(at.eu, others)).status, 200);
      assert.equal((await exchange(at.ap, theirs)).status, 200);
      way('eu', 'us').mend();
      await until(() => exchange(at.eu, theirs), answered(200));
    },
  );

  await t.test('a party that one region suspends is suspended in all, until that region resumes it', async () => {
    const token = await own(at.eu);
    await suspend(at.us, { subject: 'gateway', reason: 'leaked' });
    for (const server of all) {
      const refused = await until(() => ask(server), answered(400));
      assert.equal(server.audit(refused)?.reason, 'client_suspended');
    }
    const [{ since, ...here } = { since: '' }, ...rest] = (await listed(at.us)) as { since: string }[];
    assert.deepEqual([here, rest], [{ subject: 'gateway', reason: 'leaked' }, []]);
    const there = [{ ...here, since, region: 'us' }];
    assert.deepEqual(await listed(at.eu), there);
    assert.deepEqual(await listed(at.ap), there);
    // Only the region that suspended it says when that ends.
    const refused = await resume(at.eu, 'gateway');
    assert.equal(refused.status, 404);
    assert.match(at.eu.audit(refused)?.detail ?? '', /Resume it in the region that suspended it: us$/);
    assert.equal((await resume(at.us, 'gateway')).status, 204);
    for (const server of all) await until(() => ask(server), answered(200));
    await until(() => exchange(at.eu, token), answered(200));
  });

  await t.test('a party that two regions suspend is suspended until both have resumed it', async () => {
    await suspend(at.us, { subject: 'gateway' });
    await until(() => ask(at.eu), answered(400));
    await suspend(at.eu, { subject: 'gateway' });
    await until(
      () => listed(at.ap),
      ({ length }) => length === 2,
    );
    assert.equal((await resume(at.eu, 'gateway')).status, 204);
    assert.deepEqual(
      (await listed(at.eu)).map((one) => 'region' in one && one.region),
      ['us'],
    );
    assert.equal((await ask(at.eu)).status, 400);
    assert.equal((await resume(at.us, 'gateway')).status, 204);
    for (const server of all) await until(() => ask(server), answered(200));
  });

  await t.test(
    'a party that was suspended again while a region was cut off has the new reason and time there',
    async () => {
      await suspend(at.us, { subject: 'gateway', reason: 'leaked' });
      await suspend(at.us, { subject: 'other', unknown: true });
      await until(() => ask(at.ap), answered(400));
      way('ap', 'us').cut();
      assert.equal((await resume(at.us, 'gateway')).status, 204);
      await suspend(at.us, { subject: 'gateway' });
      const there = (await listed(at.us)).map((one) => ({ ...one, region: 'us' }));
      assert.deepEqual(
        there.map((one) => 'reason' in one),
        [false, false],
      );
      way('ap', 'us').mend();
      await until(
        () => listed(at.ap),
        (list) => JSON.stringify(list) === JSON.stringify(there),
      );
      for (const subject of ['gateway', 'other']) assert.equal((await resume(at.us, subject)).status, 204);
      for (const server of all) await until(() => ask(server), answered(200));
    },
  );

  await t.test(
    'a list of suspended parties that cannot be read is a warning, and refuses no token of the region',
    async () => {
      const warning = async (): Promise<string | undefined> => {
        const { body } = await admin(at.eu, 'GET /status');
        const { faults } = body as { faults: readonly { kind: string; details: readonly string[] }[] };
        return faults.find(({ kind }) => kind === 'regions_unread')?.details.join();
      };
      const token = await own(at.us);
      await until(() => exchange(at.eu, token), answered(200));
      const [id, reason] = ['A'.repeat(43), 'x'.repeat(5000)];
      at.us.sql(
        `insert into suspensions (id, subject, names, reason, suspended_at) values ('${id}', 'x', '[]', '${reason}', 1)`,
      );
      await suspend(at.us, { subject: 'other', unknown: true });
      assert.match(
        (await until(warning, (found) => found !== undefined)) ?? '',
        /^us: its suspended parties cannot be read: /,
      );
      assert.equal((await exchange(at.eu, token)).status, 200);
      at.us.sql(`delete from suspensions where id = '${id}'`);
      assert.equal((await resume(at.us, 'other')).status, 204);
      await until(warning, (found) => found === undefined);
    },
  );

  await t.test('a suspension in a region that is cut off reaches the others when the link is back', async () => {
    way('ap', 'us').cut();
    await suspend(at.us, { subject: 'gateway' });
    await until(() => ask(at.eu), answered(400));
    assert.equal((await ask(at.ap)).status, 200);
    way('ap', 'us').mend();
    await until(() => ask(at.ap), answered(400));
    assert.equal((await resume(at.us, 'gateway')).status, 204);
    for (const server of all) await until(() => ask(server), answered(200));
  });

  await t.test('a region reads another one that has suspended many parties with long names', async () => {
    const rows = Array.from({ length: 120 }, (_, number) => {
      const name = `${number}`.padEnd(1024, '\u6f22');
      const names = JSON.stringify([{ kind: 'subject', name }]);
      return `('${`${number}`.padEnd(43, 'A')}', null, '${name}', '${names}', '${name}', 1)`;
    });
    at.us.sql(`insert into suspensions (id, issuer, subject, names, reason, suspended_at) values ${rows.join(', ')}`);
    await suspend(at.us, { subject: 'gateway' });
    await until(() => ask(at.eu), answered(400));
    const { body } = await admin(at.eu, 'GET /actors/suspended?limit=100');
    assert.equal((body as { items: readonly object[] }).items.length, 100);
    assert.equal((await resume(at.us, 'gateway')).status, 204);
    await until(() => ask(at.eu), answered(200));
  });
});
