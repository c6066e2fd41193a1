// Does a person's agreement in the browser become the right tokens, and only those?
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { API } from './basics.ts';
import { claimsOf, type TestServer } from './harness.ts';
import { authorizeAs, redeem, startPeople } from './people.ts';

suite('authorization code', () => {
  const undo: (() => void | Promise<void>)[] = [];
  let server: TestServer;
  before(async () => {
    server = await startPeople({ after: (work) => void undo.unshift(work as () => void) });
  });
  after(async () => {
    for (const work of undo) await work();
  });

  test('a person signs in, agrees, and the client gets tokens that say who they are and what they agreed to', async () => {
    const at = await authorizeAs(server);
    assert.deepEqual([at.searchParams.get('state'), at.searchParams.get('iss')], ['the-state', server.issuer]);
    const answer = await redeem(server, at);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(claimsOf(answer.body.access_token).aud, API);
  });
});
