// Entries of one identity provider that share a name, because the file says that their people are the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin } from '../support/admin-api.ts';
import { assertIssued } from '../support/basics.ts';
import type { Configuration } from '../support/configuration.ts';
import { claimsOf, start } from '../support/harness.ts';
import { entry, type FakeIssuer, startIssuer, trusting } from '../support/issuer.ts';
import { BESIDE, FOREIGN_BESIDE } from '../support/life.ts';
import { administeredLife } from '../support/nodes.ts';
import { present } from '../support/trusting.ts';

const shared = (idp: FakeIssuer, people: string | undefined = 'staff', subject?: string): Configuration =>
  entry(idp, { people, subject });

for (const subject of [undefined, '\'"idp:" + claims.sub\''])
  test(`a person has one name through both entries, and is revoked at both (${subject ?? 'by sub'})`, async (t) => {
    const [v1, v2] = [await startIssuer(t), await startIssuer(t)];
    const entries = [v1, v2].map((idp) => shared(idp, 'staff', subject));
    const server = await start(t, administeredLife([BESIDE, FOREIGN_BESIDE], entries));
    for (const idp of [v1, v2]) {
      const answer = await present(server, idp.sign({ sub: 'ada' }));
      assertIssued(server, answer);
      assert.equal(claimsOf(String(answer.body.access_token)).sub, 'idp:ada');
    }
    const issued = String((await present(server, v2.sign({ sub: 'ada' }))).body.access_token);
    const revoked = await admin(server, 'POST /revocations', { body: { subject: 'ada', issuer: v1.url } });
    assert.equal(revoked.status, 204, revoked.text);
    for (const token of [v1, v2].map((idp) => idp.sign({ sub: 'ada' })))
      assert.equal((await present(server, token)).status, 400);
    assert.equal((await present(server, issued)).status, 400);
    assertIssued(server, await present(server, v2.sign({ sub: 'bob' })));
  });

test('refuses a shared name of entries whose people differ, or that name a person in two ways', async (t) => {
  const [v1, v2] = [await startIssuer(t), await startIssuer(t)];
  const other = (people: string | undefined, subject?: string): Configuration => ({
    ...entry(v2, { subject }),
    people,
  });
  for (const second of [other(undefined), other('others'), other('staff', '\'"idp:" + claims.sub\'')])
    await assert.rejects(start(t, trusting([shared(v1), second])), /another issuer has the name idp/);
});
