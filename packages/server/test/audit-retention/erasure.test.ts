// Erasure of a person whom an operator, or a new configuration file, names: the person is found in every such row, and nothing
// in the table has the name afterwards.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin } from '../support/admin-api.ts';
import { assertGood, verifyStored } from '../support/audit.ts';
import { beside } from '../support/command.ts';
import { changed } from '../support/configuration.ts';
import { everythingIn, start, type TestServer } from '../support/harness.ts';
import { ISSUER } from '../support/life.ts';
import { administeredLife, comesTrue } from '../support/nodes.ts';

const PERSON = 'ada.lovelace';
const OTHER = 'grace.hopper';
const password = { plain: 'a password of hers' };

type Row = Readonly<Record<string, unknown>> & { readonly event: string; readonly personal: string | null };
const rowsIn = (server: TestServer): readonly Row[] => everythingIn(server).audit as Row[];
const naming = (rows: readonly unknown[], name: string): readonly unknown[] =>
  rows.filter((row) => JSON.stringify(row).includes(name));

/** The operations of an operator that name a party. Each is done by the API and as a command. */
const OPERATIONS: readonly (readonly [string, object, readonly string[]])[] = [
  ['POST /revocations', {}, ['tokens revoke', '--subject']],
  ['POST /revocations', { issuer: 'https://nobody.example', unknown: true }, ['tokens revoke', '--subject']],
  ['POST /actors/suspend', { reason: 'leak', unknown: true }, ['actors suspend', '--unknown', '--reason', 'leak']],
  ['POST /actors/resume', {}, ['actors resume']],
];

test('a person whom an operator or a new file names is found as subject, and nothing of the name is left after the erasure', async (t) => {
  const own = administeredLife();
  const accounts = [PERSON, OTHER].map((username) => ({ username, password }));
  const server = await start(t, changed(own, { accounts }), { recorded: true });
  const run = (...args: string[]) => beside(t, server, args);
  const found = async (name: string): Promise<readonly string[]> =>
    (await run('audit search', '--subject', name, '--output', 'json')).stdout.split('\n').filter(Boolean);
  await server.reload(own);
  for (const name of [PERSON, OTHER]) {
    for (const [what, more] of OPERATIONS)
      assert.equal((await admin(server, what, { body: { subject: name, ...more } })).status, 204, what);
    // A refusal has the name, too.
    assert.equal((await admin(server, 'POST /actors/suspend', { body: { subject: name } })).status, 404);
    assert.equal((await admin(server, 'POST /actors/resume', { body: { subject: name } })).status, 404);
    const unknown = { subject: name, issuer: 'https://nobody.example' };
    assert.equal((await admin(server, 'POST /revocations', { body: unknown })).status, 404);
  }
  for (const name of [PERSON, OTHER]) {
    for (const [, , command] of OPERATIONS) {
      const { code, stderr } = await run(...command, name);
      assert.equal(code, 0, stderr);
    }
  }
  const before = naming(rowsIn(server), PERSON).length;
  assert.equal(before, 1 + 2 * OPERATIONS.length + 3);
  assert.equal((await found(PERSON)).length, before);
  assert.equal(naming(rowsIn(server), OTHER).length, before);
  const table = (await run('audit search', '--subject', OTHER)).stdout;
  assert.match(table, /suspend-actor +operator +grace\.hopper /);
  assert.doesNotMatch(table, /operator +operator /);
  const indexed = () => naming(everythingIn(server).audit_index as unknown[], PERSON).length;
  await comesTrue(async () => indexed() > 0, true);

  const { code, stdout } = await run('audit erase', '--subject', PERSON, '--yes');
  assert.deepEqual([code, stdout.split(' ')[0]], [0, String(before)]);
  assert.deepEqual(naming(rowsIn(server), PERSON), []);
  assert.equal(indexed(), 0);
  assert.deepEqual(await found(PERSON), []);
  // The row of both removed accounts was erased as a whole. The other rows of the other person are there.
  assert.equal((await found(OTHER)).length, before - 1);
  assert.equal((await found('operator')).length > 0, true);
  assertGood(await verifyStored(server));
  const { stdout: reindexed } = await run('audit reindex');
  assert.match(reindexed, / 0 missing entries were added, and 0 entries without a row were removed/);
  assertGood(await verifyStored(server));
});

test('a revocation names in its chained part the token, the client or all, and no subject', async (t) => {
  const server = await start(t, administeredLife());
  const revoked = async (body: object): Promise<unknown> => {
    const answer = await admin(server, 'POST /revocations', { body });
    assert.equal(answer.status, 204, answer.text);
    const event = server.audit(answer);
    assert.equal(event?.outcome, 'revoked');
    return event.revoked;
  };
  assert.equal(await revoked({ subject: PERSON }), undefined);
  // Our own issuer is the one that is meant without an issuer.
  assert.equal(await revoked({ subject: PERSON, issuer: ISSUER }), undefined);
  assert.equal(await revoked({ client: 'gateway' }), 'gateway');
  assert.equal(await revoked({ all: true }), 'all');
});
