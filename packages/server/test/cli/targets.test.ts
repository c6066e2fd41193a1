// cambio targets: what a client may ask for with a token, and by which rule.
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
import { everythingIn, start, type TestServer } from '../support/harness.ts';

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

test(
  'each audience that would be granted, with its scope, its lifetime and the rule; as text and as JSON',
  patient,
  async (t) => {
    const server = await start(t, changed(rules, named('ada')));
    const subject = ['--client', 'gateway', '--subject-token', await forgedToken(server, { sub: 'ada' })];
    const before = everythingIn(server);
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
    assert.deepEqual(everythingIn(server), before, 'nothing is written');
  },
);

test('what is told is what an exchange then gives, with an actor too', patient, async (t) => {
  const server = await start(t, rules);
  const subject_token = await subjectToken(server);
  const actor = await acting(server);
  for (const form of [{ subject_token }, { subject_token, ...actor }]) {
    const args = ['--client', 'gateway', '--subject-token', subject_token, '--json'];
    const withActor = 'actor_token' in form ? ['--actor-token', String(actor.actor_token)] : [];
    const told = jsonOf(await beside(t, server, ['targets', ...args, ...withActor])) as unknown as Target[];
    assert.equal(told.length, 2);
    for (const { audience, scope, lifetime, rule } of told) {
      const answer = await exchange(server, { ...form, audience });
      assertIssued(server, answer, audience);
      assert.deepEqual([answer.body.scope, server.audit(answer)?.rule], [scope, rule]);
      // The clock of the server stands still in this test, that of the command does not.
      const later = Number(answer.body.expires_in) - lifetime;
      assert.ok(later >= 0 && later < 120, `${answer.body.expires_in} and ${lifetime}`);
    }
  }
});

test('with nothing to ask for it says so: exit 0, and an empty list', patient, async (t) => {
  const server = await start(t, withRules(`{ client: stranger, grant: { audiences: [${API}], scopes: [read] } }`));
  const args = ['--client', 'gateway', '--subject-token', await subjectToken(server)];
  const text = await beside(t, server, ['targets', ...args]);
  assert.deepEqual([text.code, text.stdout], [0, '0 targets: cambio explain says why\n']);
  assert.deepEqual(jsonOf(await beside(t, server, ['targets', ...args, '--json'])), []);
});

test('a client that may not exchange, or a token that is refused, is said so in words: exit 1', patient, async (t) => {
  const server = await startBasic(t);
  const good = await subjectToken(server);
  const told = (client: string, token: string, ...more: string[]) =>
    beside(t, server, ['targets', '--client', client, '--subject-token', token, ...more]);
  for (const [outcome, said] of [
    [await told('stranger', good), /the grant is not in the client's entry/],
    [await told('nobody', good), /there is no client with this id/],
    [await told('gateway', `${good}x`), /the subject token/],
    [await told('gateway', good, '--actor-token', 'x.y.z'), /the actor token/],
    [
      await told('gateway', await forgedToken(server, { exp: 1 })),
      /^cambio: the subject token has expired: it expired \d+ d \d+ h ago \(exp 1970-01-01T00:00:01Z\)\. Get a new token/,
    ],
  ] as const) {
    assert.deepEqual([outcome.code, outcome.stdout], [1, '']);
    assert.match(outcome.stderr, said);
  }
  assert.equal((await told('gateway', good, '--actor-token', await actorToken(server))).code, 0);
});

test('without a client or a subject token it is wrong usage: exit 2', patient, async (t) => {
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
