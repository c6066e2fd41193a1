// Regions on PostgreSQL, in the middle of a rotation of their secret.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import pg from 'pg';
import { codeTagOf } from '../../src/regions/tag.ts';
import { API, configuration } from '../support/basics.ts';
import { changed, edited } from '../support/configuration.ts';
import { type Answer, claimsOf, EXCHANGE, type TestServer, type } from '../support/harness.ts';
import { eventually } from '../support/node.ts';
import { query, startPostgres } from '../support/postgres.ts';
import { SECRET, startWorld } from '../support/regions.ts';

const postgres = await startPostgres({ after });
const NEXT = 'the next secret of all regions, 32 characters';
const gateway = { client_id: 'gateway', client_secret: 'gateway-secret' };
const sealingKey = { plain: Buffer.alloc(32, 7).toString('base64') };
const base = changed(configuration, {
  sealingKey,
  clients: edited('gateway', {
    grants: ['client_credentials', 'token_exchange', 'authorization_code'],
    redirectUris: ['https://gateway.example/callback'],
  }),
});

const own = async (server: TestServer): Promise<string> => {
  const { body, text } = await server.token({ ...gateway, grant_type: 'client_credentials', audience: API });
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
const revoke = (server: TestServer, token: string): Promise<Answer> =>
  server.post('/oauth/revoke', new URLSearchParams({ ...gateway, token }).toString());
/** Up to which number of us eu has all revocations. */
const position = async (url: string): Promise<number> => {
  const [row] = await query(url, "select position from regions where place = 'peer'");
  return Number(row?.position);
};
const answered = (status: number) => (answer: Answer) => answer.status === status;

test('regions on PostgreSQL', async (t) => {
  const [old, next] = [{ plain: SECRET }, { plain: NEXT }];
  const stores = { eu: await postgres.database(), us: await postgres.database() };
  const { eu, us } = await startWorld(t, {
    configuration: base,
    stores,
    regions: { eu: { secret: [next, old] }, us: { secret: [old, next] } },
  });
  await t.test(
    'a region that sends with the next secret and one that sends with the old one read each other',
    async () => {
      for (const [from, to] of [
        [eu, us],
        [us, eu],
      ] as const) {
        const [revoked, other] = [await own(from), await own(from)];
        for (const token of [revoked, other]) await eventually(() => exchange(to, token), answered(200));
        assert.equal((await revoke(to, revoked)).status, 200);
        for (const server of [from, to]) await eventually(() => exchange(server, revoked), answered(400));
        assert.equal((await exchange(to, other)).status, 200);
      }
    },
  );

  await t.test('a revocation that is committed after later ones reaches the other region', async () => {
    const [late, early] = [await own(us), await own(us)];
    for (const token of [late, early]) await eventually(() => exchange(eu, token), answered(200));
    const client = new pg.Client({ connectionString: stores.us });
    await client.connect();
    await client.query('begin');
    await client.query(`insert into revocations (id, revoked_at, kind) values ($1, 1, 'token')`, [claimsOf(late).jti]);
    assert.equal((await revoke(us, early)).status, 200);
    await eventually(() => exchange(eu, early), answered(400));
    // It reads us some times more, and must not go past the number of the row that is not there yet.
    const before = await position(stores.eu);
    assert.equal((await exchange(eu, late)).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal(await position(stores.eu), before);
    await client.query('commit');
    await client.end();
    await eventually(() => exchange(eu, late), answered(400));
    await eventually(
      () => position(stores.eu),
      (after) => after > before,
    );
  });

  await t.test('an authorization code belongs to the region that issued it: another answers 421', async () => {
    const redeem = (server: TestServer, code: string) =>
      server.token({
        ...gateway,
        grant_type: 'authorization_code',
        code,
        redirect_uri: 'https://gateway.example/callback',
        code_verifier: 'v'.repeat(43),
      });
    const code = codeTagOf('us') + 'x'.repeat(40);
    const misdirected = await redeem(eu, code);
    assert.equal(misdirected.status, 421, misdirected.text);
    const unknown = await redeem(us, code);
    assert.deepEqual([unknown.status, unknown.body.error], [400, 'invalid_grant'], unknown.text);
  });
});
