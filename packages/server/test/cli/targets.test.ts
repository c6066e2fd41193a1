// cambio targets lists the audiences that a client may request with a token.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  API,
  acting,
  actorToken,
  assertIssued,
  BACKEND,
  exchange,
  forgedToken,
  named,
  startBasic,
  subjectToken,
  withRules,
} from '../support/basics.ts';
import { beside, jsonOf } from '../support/command.ts';
import { changed } from '../support/configuration.ts';
import { start, type TestServer, writtenIn } from '../support/harness.ts';

const patient = { timeout: 120_000 };

interface Target {
  readonly audience: string;
  readonly scope: string;
  readonly lifetime: number;
  readonly rule: string;
}

const rules = withRules(
  `{ name: read the API, client: gateway, actor: { forbidden: true }, grant: { audiences: [${API}], scopes: [read], lifetime: 5m } }`,
  `{ name: agents write, client: gateway, actor: { required: true, clients: [agent] }, grant: { audiences: [${API}], scopes: [read, write] } }`,
  `{ name: anybody, client: gateway, actor: { clients: [agent] }, grant: { audiences: [${BACKEND}], scopes: [read, write] } }`,
  `{ name: agents only, client: agent, grant: { audiences: ['https://private.example'], scopes: [read] } }`,
);

test('lists each audience with its scope, lifetime and rule, as text and as JSON', patient, async (t) => {
  const server = await start(t, changed(rules, named('ada')));
  const subject = ['--client', 'gateway', '--subject-token', await forgedToken(server, { sub: 'ada' })];
  const before = writtenIn(server);
  const [text, json] = await Promise.all([
    beside(t, server, ['targets', ...subject]),
    beside(t, server, ['targets', ...subject, '--json']),
  ]);
  assert.deepEqual([text.code, json.code, text.stderr], [0, 0, '']);
  assert.equal(
    text.stdout,
    `AUDIENCE                 SCOPE  LIFETIME  RULE\n${API}      read   5 min     read the API\n${BACKEND}  read   10 min    anybody\n`,
  );
  assert.deepEqual(jsonOf(json), [
    { audience: API, scope: 'read', lifetime: 300, rule: 'read the API' },
    { audience: BACKEND, scope: 'read', lifetime: 600, rule: 'anybody' },
  ]);
  assert.deepEqual(writtenIn(server), before, 'nothing is written');
});

test('an exchange grants what targets lists, with and without an actor', patient, async (t) => {
  const server = await start(t, rules);
  const subject_token = await subjectToken(server);
  const actor = await acting(server);
  for (const form of [{ subject_token }, { subject_token, ...actor }]) {
    const args = ['--client', 'gateway', '--subject-token', subject_token, '--json'];
    const withActor = 'actor_token' in form ? ['--actor-token', String(actor.actor_token)] : [];
    const listed = jsonOf(await beside(t, server, ['targets', ...args, ...withActor])) as unknown as Target[];
    assert.equal(listed.length, 2);
    for (const { audience, scope, lifetime, rule } of listed) {
      const answer = await exchange(server, { ...form, audience });
      assertIssued(server, answer, audience);
      assert.deepEqual([answer.body.scope, server.audit(answer)?.rule], [scope, rule]);
      // The server has a fixed clock in this test; the command does not.
      const later = Number(answer.body.expires_in) - lifetime;
      assert.ok(later >= 0 && later < 120, `${answer.body.expires_in} and ${lifetime}`);
    }
  }
});

test('without any target, prints an empty list and exits with 0', patient, async (t) => {
  const server = await start(t, withRules(`{ client: stranger, grant: { audiences: [${API}], scopes: [read] } }`));
  const args = ['--client', 'gateway', '--subject-token', await subjectToken(server)];
  const text = await beside(t, server, ['targets', ...args]);
  assert.deepEqual([text.code, text.stdout], [0, '0 targets: cambio explain says why\n']);
  assert.deepEqual(jsonOf(await beside(t, server, ['targets', ...args, '--json'])), []);
});

test('describes why a client or a token is refused, and exits with 3 as explain does', patient, async (t) => {
  const server = await startBasic(t);
  const good = await subjectToken(server);
  const run = (client: string, token: string, ...more: string[]) =>
    beside(t, server, ['targets', '--client', client, '--subject-token', token, ...more]);
  for (const [outcome, said] of [
    [await run('stranger', good), /the grant is not in the client's entry/],
    [await run('nobody', good), /^cambio: there is no client with this id: nobody\. /],
    [await run('gatway', good), /^cambio: there is no client with this id: gatway\. Did you mean gateway\? /],
    [await run('gateway', `${good}x`), /the subject token/],
    [await run('gateway', good, '--actor-token', 'x.y.z'), /the actor token/],
    [
      await run('gateway', await forgedToken(server, { exp: 1 })),
      /^cambio: the subject token has expired: it expired \d+ d(?: \d+ (?:h|min|s))? ago \(exp 1970-01-01T00:00:01Z\)\. Get a new token/,
    ],
  ] as const) {
    assert.deepEqual([outcome.code, outcome.stdout], [3, '']);
    assert.match(outcome.stderr, said);
  }
  const json = await run('nobody', good, '--output', 'json');
  const { decision, reason, values } = jsonOf(json) as unknown as Record<string, unknown>;
  assert.deepEqual([json.code, json.stderr, decision, reason], [3, '', 'refused', 'client_unknown']);
  assert.match(JSON.stringify(values), /"name":"client_id","sent":"nobody"/);
  assert.equal((await run('gateway', good, '--actor-token', await actorToken(server))).code, 0);
});

test('refuses a command without a client or a subject token, and exits with 2', patient, async (t) => {
  const server: TestServer = await startBasic(t);
  for (const args of [
    ['--client', 'gateway'],
    ['--subject-token', 'x'],
    ['--client', 'gateway', '--subject-token', 'x', '--audience', API],
  ]) {
    const { code, stdout, stderr } = await beside(t, server, ['targets', ...args]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.notEqual(stderr, '');
  }
});
