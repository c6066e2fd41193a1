// Limits of clients and actors (`limits`): requests in a minute and in a day, tokens that are valid at once, and the time of a delegation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, withOperators } from '../support/admin-api.ts';
import { API, assertIssued, assertRefused, exchange, subjectToken } from '../support/basics.ts';
import { createBrowser } from '../support/browser.ts';
import { type Configuration, changed, edited, entries } from '../support/configuration.ts';
import {
  type Answer,
  claimsOf,
  EXCHANGE,
  everythingIn,
  type Form,
  start,
  type TestServer,
  type,
} from '../support/harness.ts';
import { entry, startIssuer } from '../support/issuer.ts';
import { BESIDE, basic, exchanged, FOREIGN_BESIDE, refresh } from '../support/life.ts';
import { eventually, served } from '../support/node.ts';
import { administeredLife, startPair } from '../support/nodes.ts';
import { authorizeAs, configuration as people, redeem, web } from '../support/people.ts';

const OURS = type('access_token');

const limited = (id: string, limits: Configuration, base = administeredLife()): Configuration =>
  changed(base, { clients: edited(id, { limits }) });

const agentToken = async (server: TestServer): Promise<string> =>
  String((await server.token({ grant_type: 'client_credentials' }, basic('agent'))).body.access_token);
const by = (actor: string): Form => ({ actor_token: actor, actor_token_type: OURS });

const LIMITED = {
  status: 429,
  error: 'temporarily_unavailable',
  error_description: 'Too many requests: try again later',
};

/** One row stands for the refusals of a second, and its time is the first of them. */
const assertRecorded = async (server: TestServer, reason: string): Promise<void> => {
  await eventually(
    async () => (everythingIn(server).audit as { reason: string | null }[]).map((row) => row.reason),
    (reasons) => reasons.includes(reason),
  );
};

function assertLimited(answer: Answer, waits: number): void {
  const { status, body, headers } = answer;
  assert.deepEqual({ status, ...body }, { ...LIMITED, request_id: body.request_id });
  assert.equal(Number(headers.get('retry-after')), waits);
}

test('refuses a client and an actor beyond a limit a minute, also where another client sends the request, and gives way after Retry-After', async (t) => {
  const server = await start(t, limited('agent', { perMinute: 3 }));
  const agent = await agentToken(server);
  const ada = await subjectToken(server);
  const start0 = server.clock.now;
  const ask = (form: Form = by(agent)) => exchange(server, { subject_token: ada, ...form });
  const first = await ask();
  assertIssued(server, first);
  assert.deepEqual(server.audit(first)?.limitedBy, ['client agent']);
  server.clock.now += 10_000;
  assertIssued(server, await ask());
  // The agent is one hop deeper here.
  const deeper = String(first.body.access_token);
  assertIssued(server, await exchange(server, { subject_token: deeper }));
  assertLimited(await ask(), 50);
  assertLimited(await exchange(server, { subject_token: deeper }), 50);
  assertIssued(server, await exchange(server), 'others go on');
  server.clock.now = start0 + 59_999;
  assertLimited(await ask(), 1);
  server.clock.now = start0 + 60_000;
  assertIssued(server, await ask());
  assertLimited(await ask(), 10);
  await assertRecorded(server, 'actor_limit_minute');
});

test('counts a day in any 24 hours, and each refused request not at all', async (t) => {
  const server = await start(t, limited('gateway', { perDay: 4 }));
  const begin = server.clock.now;
  const HOUR = 3_600_000;
  for (let index = 0; index < 4; index++) {
    assertIssued(server, await exchange(server));
    server.clock.now += HOUR;
  }
  for (let index = 0; index < 3; index++) assertLimited(await exchange(server), 20 * 3600);
  server.clock.now = begin + 24 * HOUR;
  assertIssued(server, await exchange(server));
  assertLimited(await exchange(server), 3600);
  await assertRecorded(server, 'actor_limit_day');
});

test('counts exactly on two nodes whose clocks differ, however many requests come at once', async (t) => {
  const nodes = await startPair(t, 20, limited('gateway', { perMinute: 10 }));
  const tokens = await Promise.all(nodes.map((node) => subjectToken(node)));
  const answers = await Promise.all(
    // A node that is too busy answers 503, and counts nothing: its caller asks again.
    Array.from({ length: 40 }, (_, index) =>
      served(() => exchange(nodes[index % 2] as TestServer, { subject_token: tokens[index % 2] })),
    ),
  );
  assert.equal(answers.filter(({ status }) => status === 200).length, 10);
  assert.equal(answers.filter(({ status }) => status === 429).length, 30);
});

test('an entry of actors is one actor under all of its names, and with each: true one actor for each name', async (t) => {
  const idp = await startIssuer(t);
  const foreign = changed(FOREIGN_BESIDE, {
    actor: { issuer: ['self', 'idp'], types: ['access_token', 'jwt'], clients: undefined },
  });
  const actors = (each: boolean): Configuration => ({
    actors: [
      { name: 'runners', clients: ['plai*'], issuer: 'idp', subjects: ['runner-*'], each, limits: { perMinute: 2 } },
    ],
  });
  const server = await start(t, changed(administeredLife([BESIDE, foreign], [entry(idp)]), actors(false)));
  const jwt = (sub: string) => idp.sign({ sub });
  const about = (text: string): Form => ({ subject_token: text, subject_token_type: type('jwt') });
  const asPlain = async () =>
    server.token({
      ...{ grant_type: EXCHANGE, client_id: 'plain', client_secret: 'plain-secret' },
      ...{ subject_token: await subjectToken(server), subject_token_type: OURS },
    });
  const acting = (sub: string) =>
    exchange(server, { ...about(jwt('ada')), actor_token: jwt(sub), actor_token_type: type('jwt') });
  assertIssued(server, await acting('runner-1'));
  const runner = await exchange(server, about(jwt('runner-2')));
  assertIssued(server, runner);
  assertLimited(await acting('runner-3'), 60);
  // Under its name here, with the origin beside it, and as the client of the same entry.
  const named = { actor_token: String(runner.body.access_token), actor_token_type: OURS };
  assertLimited(await exchange(server, { ...about(jwt('ada')), ...named }), 60);
  assertLimited(await asPlain(), 60);
  assertIssued(server, await acting('walker'));
  await server.reload(changed(administeredLife([BESIDE, foreign], [entry(idp)]), actors(true)));
  for (const sub of ['runner-1', 'runner-2']) {
    assertIssued(server, await acting(sub));
    assertIssued(server, await acting(sub));
    assertLimited(await acting(sub), 60);
  }
  assertIssued(server, await asPlain());
});

test('limits the valid tokens that an actor has a part in; one that expires or is revoked makes room', async (t) => {
  const acts = changed(BESIDE, { grant: { refreshToken: false } });
  const server = await start(t, limited('agent', { descendants: 3 }, administeredLife([acts])));
  const ada = await subjectToken(server);
  const agent = await agentToken(server);
  const ask = (form: Form = by(agent)) => exchange(server, { subject_token: ada, ...form });
  const first = await ask();
  server.clock.now += 600_000;
  const second = await ask();
  const child = await exchange(server, { subject_token: String(second.body.access_token) });
  for (const answer of [first, second, child]) assertIssued(server, answer);
  assertLimited(await ask(), 3000);
  // Revoking a token revokes its descendants, so that there is room for two.
  await assertRecorded(server, 'actor_limit_descendants');
  const { body } = second;
  assert.equal((await admin(server, 'POST /revocations', { body: { id: body.access_token } })).status, 204);
  const more = [await ask(), await ask()];
  for (const answer of more) assertIssued(server, answer);
  assertLimited(await ask(), 3000);
  assert.equal((await admin(server, 'POST /revocations', { body: { client: 'gateway' } })).status, 204);
  assertIssued(server, await exchange(server, { ...by(agent), subject_token: await subjectToken(server) }));
});

test('a refresh family counts as a valid token, and each refresh as a request', async (t) => {
  const server = await start(t, limited('gateway', { perDay: 3, descendants: 4 }));
  const issued = await exchange(server);
  assertIssued(server, issued);
  const renewed = await refresh(server, issued.body.refresh_token);
  assertIssued(server, renewed);
  const again = await refresh(server, renewed.body.refresh_token);
  assertIssued(server, again);
  assertLimited(await refresh(server, again.body.refresh_token), 86_400);
  // A refused refresh does not rotate.
  server.clock.now += 3_700_000;
  await server.reload(limited('gateway', { descendants: 2 }));
  assertIssued(server, await refresh(server, again.body.refresh_token));
});

test('counts what derives from its tokens, also where no actor is recorded', async (t) => {
  const server = await start(t, limited('other', { perMinute: 2 }));
  const subject = { subject_token: await subjectToken(server), subject_token_type: OURS };
  const other = { grant_type: EXCHANGE, client_id: 'other', client_secret: 'other-secret' };
  const made = await server.token({ ...other, ...subject });
  assertIssued(server, made);
  assert.equal(claimsOf(made.body.access_token).act, undefined);
  const derived = await exchanged(server, made.body.access_token);
  const refused = await exchange(server, { subject_token: derived });
  assertLimited(refused, 60);
  assertIssued(server, await exchange(server));
});

test('counts what derives from its tokens as an actor token, and from its ID tokens', async (t) => {
  const rule = changed(BESIDE, {
    actor: { issuer: 'self', types: ['access_token'], clients: ['agent', 'other', 'plain'], delegated: 'allow' },
  });
  const server = await start(t, limited('other', { perMinute: 3 }, administeredLife([rule])));
  const ada = await subjectToken(server);
  const as = (id: string): Form => ({ client_id: id, client_secret: `${id}-secret` });
  const plain = String((await server.token({ grant_type: 'client_credentials', ...as('plain') })).body.access_token);
  const form = { grant_type: EXCHANGE, subject_token: plain, subject_token_type: OURS };
  const made = await server.token({ ...form, ...as('other') });
  const actor = String(made.body.access_token);
  const ask = (form: Form) => exchange(server, { subject_token: ada, ...form });
  const first = await ask(by(actor));
  assert.deepEqual(server.audit(first)?.limitedBy, ['client other']);
  assertIssued(server, await exchange(server, { subject_token: String(first.body.access_token) }));
  assertLimited(await ask(by(actor)), 60);
  assertIssued(server, await ask(by(plain)), 'a token that it did not make');
  const rules = [
    {
      name: 'what web got',
      client: 'agent',
      subject: { issuer: 'self', clients: ['web'], types: ['access_token', 'id_token'] },
      grant: { audiences: [API], scopes: ['read'] },
    },
  ];
  const base = changed(withOperators(people), { rules: entries(rules) });
  const signedIn = await start(t, limited('web', { perMinute: 2 }, base));
  const browser = createBrowser(signedIn.issuer);
  const issued = await redeem(signedIn, await authorizeAs(signedIn, { scope: 'openid read' }, browser));
  const take = (token: unknown, kind: string) =>
    signedIn.token({
      ...{ grant_type: EXCHANGE, audience: API, subject_token: String(token), subject_token_type: type(kind) },
      ...as('agent'),
    });
  assertIssued(signedIn, await take(issued.body.id_token, 'id_token'));
  assertLimited(await take(issued.body.id_token, 'id_token'), 60);
  assertLimited(await take(issued.body.access_token, 'access_token'), 60);
});

test('ends a delegation at its limit: at every hop, in every refresh, and with every token of the chain', async (t) => {
  const server = await start(t, limited('agent', { delegation: '40m' }));
  const ada = await subjectToken(server);
  const begin = server.clock.now;
  const agent = await agentToken(server);
  const first = await exchange(server, { subject_token: ada, ...by(agent) });
  assertIssued(server, first);
  const end = Math.floor(begin / 1000) + 2400;
  assert.equal(claimsOf(first.body.access_token).exp, end);
  server.clock.now += 1_200_000;
  const deeper = await exchange(server, { subject_token: String(first.body.access_token) });
  assertIssued(server, deeper);
  assert.equal(claimsOf(deeper.body.access_token).exp, end);
  const renewed = await refresh(server, first.body.refresh_token);
  assertIssued(server, renewed);
  assert.equal(claimsOf(renewed.body.access_token).exp, end);
  // The same first token again: the delegation does not begin anew.
  const again = await exchange(server, { subject_token: ada, ...by(agent) });
  assert.equal(claimsOf(again.body.access_token).exp, end);
  server.clock.now = (end + 1) * 1000;
  assertRefused(server, await refresh(server, renewed.body.refresh_token), {
    error: 'invalid_grant',
    description: 'The provided refresh token is invalid or expired',
    reason: 'refresh_token_expired',
  });
  const late = await exchange(server, { subject_token: ada, ...by(await agentToken(server)) });
  assertRefused(server, late, {
    error: 'invalid_grant',
    description: 'The provided subject token is invalid or expired',
    reason: 'delegation_over',
  });
  assert.match(
    String(server.audit(late)?.detail),
    /^it began 40 min 1 s ago, and limits\.delegation of client agent is 40 min$/,
  );
  assertIssued(server, await exchange(server, { subject_token: ada }), 'without the agent');
});

test('refuses a delegation whose beginning cannot be told', async (t) => {
  const idp = await startIssuer(t);
  const delegatable = changed(FOREIGN_BESIDE, { actor: { clients: ['agent'] } });
  const base = administeredLife([BESIDE, delegatable], [entry(idp)]);
  const server = await start(t, base);
  const before = await exchanged(server, await exchanged(server, await subjectToken(server)));
  await server.reload(limited('agent', { delegation: '40m' }, base));
  const agent = await agentToken(server);
  const ask = async (subject_token: string, kind: string) =>
    exchange(server, { subject_token, subject_token_type: type(kind), ...by(agent) });
  const reasonOf = async (token: string, kind = 'jwt') => server.audit(await ask(token, kind))?.reason;
  assert.equal(await reasonOf(before, 'access_token'), 'delegation_cannot_be_told');
  assert.equal(await reasonOf(idp.sign({ act: { sub: 'someone' } })), 'delegation_cannot_be_told');
  assert.equal(
    await reasonOf(idp.sign({ act: { sub: 'someone' }, auth_time: Math.floor(server.clock.now / 1000) })),
    'delegation_cannot_be_told',
  );
  assert.equal(await reasonOf(idp.sign({ iat: undefined })), 'delegation_cannot_be_told');
  assert.equal(await reasonOf(idp.sign()), undefined);
  assert.equal(await reasonOf(idp.sign({ auth_time: Math.floor(server.clock.now / 1000) - 2401 })), 'delegation_over');
  assert.equal(await reasonOf(await subjectToken(server), 'access_token'), undefined);
});

test('counts codes and device codes, and ends their delegation by the sign-in of the person', async (t) => {
  const limits = { perMinute: 1, delegation: '30m' };
  const server = await start(t, changed(withOperators(people), { clients: edited('web', { limits }) }));
  const browser = createBrowser(server.issuer);
  const signedIn = Math.floor(server.clock.now / 1000);
  const issued = await redeem(server, await authorizeAs(server, { scope: 'openid read offline_access' }, browser));
  assertIssued(server, issued);
  assert.equal(claimsOf(issued.body.access_token).exp, signedIn + 1800);
  const second = await redeem(server, await authorizeAs(server, {}, browser));
  assertLimited(second, 60);
  server.clock.now += 1_000_000;
  const renewed = await server.token({
    grant_type: 'refresh_token',
    ...web,
    refresh_token: String(issued.body.refresh_token),
  });
  assertIssued(server, renewed);
  assert.equal(claimsOf(renewed.body.access_token).exp, signedIn + 1800);
  server.clock.now += 900_000;
  const late = await redeem(server, await authorizeAs(server, {}, browser));
  assert.equal(server.audit(late)?.reason, 'code_delegation');
});
