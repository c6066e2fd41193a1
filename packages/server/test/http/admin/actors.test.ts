// POST /actors/suspend and /actors/resume, and the commands: every token that names a suspended party is refused, on every node,
// until the party is resumed.
import assert from 'node:assert/strict';
import { hostname, userInfo } from 'node:os';
import { test } from 'node:test';
import { eventOf } from '../../../src/audit/row.ts';
import { admin, adminToken, withOperators } from '../../support/admin-api.ts';
import { assertGood, verifyStored } from '../../support/audit.ts';
import { API, assertIssued, assertRefused, exchange, subjectToken } from '../../support/basics.ts';
import { createBrowser } from '../../support/browser.ts';
import { beside } from '../../support/command.ts';
import { changed } from '../../support/configuration.ts';
import {
  type Answer,
  claimsOf,
  EXCHANGE,
  everythingIn,
  type Form,
  start,
  type TestServer,
  type,
} from '../../support/harness.ts';
import { entry, lifeOf, startIssuer } from '../../support/issuer.ts';
import { BESIDE, basic, ISSUER, introspect, other, refresh } from '../../support/life.ts';
import { administeredLife, comesTrue, startPair } from '../../support/nodes.ts';
import { authorizeAs, configuration as people, redeem } from '../../support/people.ts';

const OURS = type('access_token');
const active = async (server: TestServer, token: unknown): Promise<unknown> =>
  (await introspect(server, token, {}, basic('api'))).body.active || (await introspect(server, token)).body.active;
const own = async (server: TestServer, id: string): Promise<string> =>
  String(
    (
      await server.token(
        {
          grant_type: 'client_credentials',
          ...(id === 'agent' ? {} : { client_id: id, client_secret: `${id}-secret` }),
        },
        id === 'agent' ? basic(id) : {},
      )
    ).body.access_token,
  );
const by = async (server: TestServer, subject: string, actor: string): Promise<string> => {
  const answer = await exchange(server, { subject_token: subject, actor_token: actor, actor_token_type: OURS });
  assertIssued(server, answer, answer.text);
  return String(answer.body.access_token);
};
const suspend = async (server: TestServer, body: object): Promise<Answer> => {
  const answer = await admin(server, 'POST /actors/suspend', { body });
  assert.equal(answer.status, 204, answer.text);
  return answer;
};
const resume = async (server: TestServer, body: object): Promise<void> =>
  assert.equal((await admin(server, 'POST /actors/resume', { body })).status, 204);

test('refuses every token in which a suspended actor acts, at any hop and at every endpoint, until it is resumed', async (t) => {
  const [server, elsewhere] = await startPair(t, 25);
  const ada = await subjectToken(server);
  const agents = await own(server, 'agent');
  const first = await by(server, ada, agents);
  // The agent is one hop deeper here: the gateway itself acts last.
  const deeper = await by(server, await own(server, 'other'), agents).then(async (one) =>
    String(
      (await exchange(server, { subject_token: one, actor_token: ada, actor_token_type: OURS })).body.access_token,
    ),
  );
  assert.equal((claimsOf(deeper).act as { act?: { sub?: string } }).act?.sub, 'agent');
  const { refresh_token } = (
    await exchange(server, { subject_token: ada, actor_token: agents, actor_token_type: OURS })
  ).body;
  const innocent = await exchange(server);
  for (const token of [first, deeper, agents, refresh_token, innocent.body.access_token])
    assert.equal(await active(server, token), true);

  const suspended = await suspend(server, { subject: 'agent', reason: 'it leaks orders' });
  const { change, outcome, operation } = server.audit(suspended) ?? {};
  assert.deepEqual(change, { what: 'suspend', after: { subject: 'agent', reason: 'it leaks orders' } });
  assert.deepEqual([outcome, operation], ['changed', 'suspend-actor']);
  for (const node of [server, elsewhere]) {
    for (const token of [first, deeper, agents, refresh_token]) await comesTrue(() => active(node, token), false);
    const asSubject = await exchange(node, { subject_token: deeper });
    assert.equal(node.audit(asSubject)?.reason, 'subject_token_suspended');
    const asActor = await exchange(node, { subject_token: ada, actor_token: agents, actor_token_type: OURS });
    assert.equal(node.audit(asActor)?.reason, 'actor_token_suspended');
    assertRefused(node, await refresh(node, refresh_token), {
      error: 'invalid_grant',
      description: 'The provided refresh token is invalid or expired',
      reason: 'refresh_token_suspended',
    });
    assertRefused(node, await node.token({ grant_type: 'client_credentials' }, basic('agent')), {
      error: 'unauthorized_client',
      description: 'The client may not use this grant_type',
      reason: 'client_suspended',
    });
    // Others go on.
    assert.equal(await active(node, innocent.body.access_token), true);
    assertIssued(node, await exchange(node));
  }
  await resume(elsewhere, { subject: 'agent' });
  for (const node of [elsewhere, server]) {
    for (const token of [first, deeper, agents, refresh_token]) await comesTrue(() => active(node, token), true);
    assertIssued(node, await exchange(node, { subject_token: deeper }));
  }
  assertIssued(server, await refresh(server, refresh_token));
});

test('refuses a rule that would make a suspended client the actor, and the client as caller', async (t) => {
  const acts = changed(BESIDE, { name: 'acts', act: 'client', subject: { clients: ['plain'] }, client: ['other'] });
  const server = await start(t, administeredLife([acts, BESIDE]));
  const subject_token = await own(server, 'plain');
  const form = { grant_type: EXCHANGE, ...other, subject_token, subject_token_type: OURS };
  const before = await server.token(form);
  assertIssued(server, before);
  const { access_token, refresh_token } = before.body;
  assert.equal((claimsOf(access_token).act as { sub?: string }).sub, 'other');
  await suspend(server, { subject: 'other' });
  assert.equal(server.audit(await server.token(form))?.reason, 'client_suspended');
  assert.equal(server.audit(await refresh(server, refresh_token, other))?.reason, 'client_suspended');
  const { body: explained } = await admin(server, 'POST /explain', { body: { client: 'other', subject_token } });
  assert.deepEqual([explained.decision, explained.reason], ['refused', 'client_suspended']);
  assert.equal(await active(server, access_token), false);
  assertIssued(server, await exchange(server, { subject_token }));
  await resume(server, { subject: 'other' });
  assertIssued(server, await server.token(form));
  assertIssued(server, await refresh(server, refresh_token, other));
});

test('suspends a workload by its issuer and subject, under each name that it has, also behind the actor of a token', async (t) => {
  const idp = await startIssuer(t);
  const foreign = {
    ...{ name: 'foreign', client: 'gateway' },
    subject: { issuer: ['self', 'idp'], types: ['access_token', 'jwt'], clients: undefined },
    actor: { issuer: ['self', 'idp'], types: ['access_token', 'jwt'], delegated: 'allow' },
    grant: { audiences: [API], scopes: ['read'], maxDepth: 5 },
  };
  const server = await start(t, administeredLife([foreign], [entry(idp)]));
  const jwt = (sub: string) => idp.sign({ ...lifeOf(server.clock.now), sub });
  const exchanged = async (form: Form): Promise<string> => {
    const answer = await exchange(server, { audience: API, ...form });
    assertIssued(server, answer, `${answer.text} ${server.audit(answer)?.reason}`);
    return String(answer.body.access_token);
  };
  const about = (text: string, kind = type('jwt')) => ({ subject_token: text, subject_token_type: kind });
  const actor = (text: string, kind = type('jwt')) => ({ actor_token: text, actor_token_type: kind });
  const runner = await exchanged(about(jwt('runner')));
  const acting = await exchanged({ ...about(jwt('ada')), ...actor(jwt('runner')) });
  const byName = await exchanged({ ...about(jwt('ada')), ...actor(runner, OURS) });
  const behind = await exchanged({
    ...about(jwt('eve')),
    ...actor(await exchanged({ ...about(jwt('helper')), ...actor(runner, OURS) }), OURS),
  });
  const names: { subject: string; issuer?: string }[] = [
    { subject: 'runner', issuer: idp.url },
    { subject: 'idp:runner' },
  ];
  for (const name of names) {
    await suspend(server, name);
    for (const token of [runner, acting, byName, behind])
      assert.equal(await active(server, token), false, name.subject);
    assert.equal(server.audit(await exchange(server, about(jwt('runner'))))?.reason, 'subject_token_suspended');
    assertIssued(server, await exchange(server, { audience: API, ...about(jwt('ada')), ...actor(jwt('helper')) }));
    await resume(server, name);
    for (const token of [runner, acting, byName, behind]) assert.equal(await active(server, token), true, name.subject);
  }
});

test('refuses codes, sessions and admin tokens of a suspended party', async (t) => {
  const server = await start(t, withOperators(people));
  const code = await authorizeAs(server, {}, createBrowser(server.issuer));
  await suspend(server, { subject: 'ada' });
  const refused = await redeem(server, code);
  assertRefused(server, refused, {
    error: 'invalid_grant',
    description: 'The provided code is invalid or expired',
    reason: 'code_suspended',
  });
  await resume(server, { subject: 'ada' });
  assertIssued(server, await redeem(server, code));
  const token = await adminToken(server, 'auditor');
  assert.equal((await admin(server, 'GET /clients', { token })).status, 200);
  await suspend(server, { subject: 'auditor' });
  assert.equal((await admin(server, 'GET /clients', { token })).status, 401);
  await resume(server, { subject: 'auditor', issuer: server.issuer });
  assert.equal((await admin(server, 'GET /clients', { token })).status, 200);
});

test('also revokes with revoke, and refuses an unknown name, a party that is not suspended, and an operator who may only read', async (t) => {
  const server = await start(t, administeredLife());
  const token = await subjectToken(server);
  await suspend(server, { subject: 'gateway', revoke: true });
  await resume(server, { subject: 'gateway' });
  assert.equal(await active(server, token), false);
  assert.equal(await active(server, await subjectToken(server)), true);
  const strange = await admin(server, 'POST /actors/suspend', { body: { subject: 'agnet' } });
  assert.deepEqual([strange.status, server.audit(strange)?.reason], [404, 'admin_item_unknown']);
  assert.match(String(strange.body.detail), /Did you mean agent\?/);
  const nowhere = { subject: 'x', issuer: 'https://nowhere.example' };
  assert.equal((await admin(server, 'POST /actors/suspend', { body: nowhere })).status, 404);
  assert.equal((await admin(server, 'POST /actors/suspend', { body: { ...nowhere, unknown: true } })).status, 204);
  assert.equal((await admin(server, 'POST /actors/resume', { body: { subject: 'agent' } })).status, 404);
  const reader = await adminToken(server, 'auditor');
  assert.equal(
    (await admin(server, 'POST /actors/suspend', { body: { subject: 'agent' }, token: reader })).status,
    403,
  );
  const secret = { subject: 'agent', reason: token };
  assert.equal((await admin(server, 'POST /actors/suspend', { body: secret })).status, 422);
  const { body } = await admin(server, 'GET /actors/suspended', { token: reader });
  assert.deepEqual(
    (body.items as { subject: string; issuer?: string }[]).map(({ subject, issuer }) => [subject, issuer]),
    [['x', 'https://nowhere.example']],
  );
});

test('suspends, lists and resumes by command', async (t) => {
  const server = await start(t, administeredLife());
  const run = (...args: string[]) => beside(t, server, args);
  const token = await subjectToken(server);
  assert.equal((await run('actors list')).stdout, 'nobody is suspended\n');
  const done = await run('actors suspend', 'gateway', '--reason', 'too eager');
  assert.deepEqual([done.code, done.stderr], [0, '']);
  assert.match(done.stdout, /^gateway is suspended\. Every node knows within a second\. .* until they expire\.\n$/);
  await comesTrue(() => active(server, token), false);
  assert.equal((await run('actors suspend', 'gateway')).code, 0, 'the reason stays');
  const list = await run('actors list', '--output', 'json');
  const [found] = JSON.parse(list.stdout) as Record<string, string>[];
  assert.deepEqual([found?.subject, found?.reason], ['gateway', 'too eager']);
  const doubled = await run('actors suspend', 'gateway', '--issuer', 'https://idp.example');
  assert.deepEqual([doubled.code, /give either a name, or --issuer and --subject/.test(doubled.stderr)], [2, true]);
  assert.equal((await run('actors resume', 'gateway')).code, 0);
  await comesTrue(() => active(server, token), true);
  const again = await run('actors resume', 'gateway');
  assert.deepEqual([again.code, again.stderr], [1, 'cambio: gateway is not suspended\n']);
});

test('the row of a command says who ran it and what it read, and its party is found as subject and erased like one', async (t) => {
  const server = await start(t, administeredLife(), { recorded: true });
  const run = async (...args: string[]) => {
    const outcome = await beside(t, server, args);
    assert.equal(outcome.code, 0, outcome.stderr);
    return outcome.stdout;
  };
  const rows = () =>
    (everythingIn(server).audit as { event: string; personal: string | null }[])
      .map(eventOf)
      .filter(({ by }) => by !== undefined);
  const inForce = server.audit(await exchange(server))?.configuration;
  await run('actors suspend', 'agent', '--reason', 'leak');
  await run('actors resume', 'agent');
  await run('tokens revoke', '--subject', 'ada', '--yes');
  await run('keys rotate');
  for (const { by, configuration } of rows()) {
    assert.deepEqual(by, { user: userInfo().username, host: hostname(), pid: process.pid });
    assert.equal(configuration, inForce);
  }
  assert.equal(rows().length, 4);
  const found = async (...filter: string[]): Promise<unknown[]> =>
    (await run('audit search', ...filter, '--output', 'json'))
      .trim()
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line).operation]));
  assert.deepEqual(await found('--subject', 'agent'), ['resume-actor', 'suspend-actor']);
  assert.deepEqual(await found('--subject', 'ada', '--issuer', ISSUER), ['revoke-tokens']);
  assert.deepEqual(await found('--subject', 'ada', '--issuer', 'https://elsewhere.example'), []);
  const who = `${userInfo().username}@${hostname()}`;
  const table = await run('audit search', '--subject', 'agent');
  assert.match(table, new RegExp(`suspend-actor +- +agent .* ${who} +suspend: reason leak `));
  const suspension = rows().find(({ operation }) => operation === 'suspend-actor');
  const explained = await run('explain', '--request', String(suspension?.requestId));
  assert.match(explained, new RegExp(`^Request \\S+: admin at \\S+, from command line, by ${who}$`, 'm'));
  for (const line of [
    `client +${who}, process ${process.pid}, by a command on the database`,
    'request +runs a command by the operation suspend-actor',
    'person +is about agent',
    'result +changed, suspend: reason leak',
  ])
    assert.match(explained, new RegExp(`^  ✓ ${line}$`, 'm'));
  await run('audit erase', '--subject', 'ada', '--yes');
  assert.deepEqual(await found('--subject', 'ada'), []);
  assert.deepEqual(
    rows().map(({ action, configuration }) => [action, configuration]),
    [...Array(4).fill('admin'), 'erase'].map((action) => [action, inForce]),
  );
  // A configuration that no server had in force: its text is kept with the row.
  await beside(t, server, ['actors suspend', 'agent'], { env: { PORT: '1' } });
  const other = rows().at(-1)?.configuration;
  assert.notEqual(other, inForce);
  await run('policy diff', String(other), String(other));
  assertGood(await verifyStored(server));
});
