// Every party of a token of ours must still exist: its subject, all actors, and the parties that they acted for. If the file
// removes one of them, the token and all its descendants are refused.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  ACTOR_REFUSED,
  API,
  actorToken,
  assertIssued,
  assertRefused,
  BACKEND,
  client,
  configuration,
  exchange,
  subjectToken,
} from '../support/basics.ts';
import { added, type Configuration, changed, edited, entries, without } from '../support/configuration.ts';
import { type Answer, claimsOf, everythingIn, type Form, start, type TestServer, type } from '../support/harness.ts';
import { entry, type FakeIssuer, startIssuer } from '../support/issuer.ts';
import { introspect, refresh } from '../support/life.ts';
import { assertSubjectRefused, freshToken } from '../support/trusting.ts';

const REFRESH = { grants: ['client_credentials', 'token_exchange', 'refresh_token'] };
const grant = {
  audiences: [API, BACKEND],
  scopes: ['read', 'write'],
  types: ['access_token', 'refresh_token'],
  refreshToken: true,
};
const types = ['access_token', 'refresh_token'];
const OWN = {
  name: 'own',
  client: 'gateway',
  subject: { issuer: 'self', clients: ['gateway', 'agent', 'helper'], types },
  actor: { issuer: 'self', clients: ['gateway', 'agent', 'helper'], delegated: 'allow', types },
  grant,
};
const foreign = (issuer: readonly string[]): readonly Configuration[] => [
  { name: 'foreign', client: 'gateway', subject: { issuer }, grant },
  {
    name: 'acts',
    client: 'gateway',
    subject: { issuer: 'self', clients: ['gateway', 'agent'] },
    actor: { issuer },
    grant,
  },
];

const base = changed(
  configuration,
  { clients: edited('gateway', REFRESH), rules: entries([OWN]) },
  { clients: added(client('helper')) },
);
const fileOf = (...issuers: readonly Configuration[]): Configuration => {
  const names = issuers.map(({ name }) => String(name));
  return changed(base, { issuers: entries(issuers), ...(names.length > 0 && { rules: added(...foreign(names)) }) });
};

type Issued = Readonly<Record<string, unknown>>;

const acts = (token: unknown, kind = 'access_token'): Form => ({
  actor_token: String(token),
  actor_token_type: type(kind),
});

async function issued(server: TestServer, form: Form): Promise<Issued> {
  const answer = await exchange(server, form);
  assertIssued(server, answer);
  return answer.body;
}

/** Tokens by each way in which a foreign party can be in a token, or behind an actor in it. */
async function issueThrough(server: TestServer, idp: FakeIssuer): Promise<ReadonlyMap<string, Issued>> {
  const subject_token = await subjectToken(server);
  const foreign = freshToken(server, idp);
  const own = await issued(server, { subject_token: foreign, subject_token_type: type('jwt') });
  const agent = await actorToken(server);
  const helper = await server.token({
    grant_type: 'client_credentials',
    client_id: 'helper',
    client_secret: 'helper-secret',
  });
  const acting = await issued(server, { subject_token, ...acts(own.access_token) });
  const foreignActs = await issued(server, { subject_token, ...acts(foreign, 'jwt') });
  const after = await issued(server, { subject_token: String(foreignActs.access_token), ...acts(agent) });
  const ownAfter = await issued(server, { subject_token: String(acting.access_token), ...acts(agent) });
  const actedFor = (actor: string, token: Issued) =>
    issued(server, { subject_token: actor, ...acts(token.access_token) });
  const agentActs = await actedFor(agent, own);
  const agentActsToo = await issued(server, { subject_token: agent, ...acts(foreign, 'jwt') });
  const hidden = await issued(server, { subject_token, ...acts(agentActs.access_token) });
  const foreignHidden = await issued(server, { subject_token, ...acts(agentActsToo.access_token) });
  const farther = await issued(server, {
    subject_token: String(helper.body.access_token),
    ...acts(hidden.access_token),
  });
  return new Map(
    Object.entries({
      'its own subject': own,
      'acts by its own token': foreignActs,
      'acts by an access token of ours': acting,
      'acts by a refresh token of ours': await issued(server, {
        subject_token,
        ...acts(own.refresh_token, 'refresh_token'),
      }),
      'acted before, by its own token': after,
      'acted before, by a token of ours': ownAfter,
      'acts for who acts, by a token of ours': hidden,
      'acts for who acts, by its own token': foreignHidden,
      'acts for who acts for who acts': farther,
    }),
  );
}

async function assertGood(server: TestServer, token: Issued, what: string): Promise<Answer> {
  assert.equal((await introspect(server, token.access_token)).body.active, true, what);
  assert.equal((await introspect(server, token.refresh_token)).body.active, true, what);
  assertIssued(server, await exchange(server, { subject_token: String(token.access_token), audience: BACKEND }), what);
  const again = await refresh(server, token.refresh_token);
  assertIssued(server, again, what);
  return again;
}

async function assertEnded(
  server: TestServer,
  token: Issued,
  fault: string,
  what: string,
  why = 'not_allowed',
): Promise<void> {
  const { access_token, refresh_token } = token;
  assert.equal((await introspect(server, access_token)).body.active, false, what);
  assert.equal((await introspect(server, refresh_token)).body.active, false, what);
  const form = { subject_token: String(access_token), audience: BACKEND };
  assertSubjectRefused(server, await exchange(server, form), fault, what);
  const asSubject = { subject_token: String(refresh_token), subject_token_type: type('refresh_token') };
  assertSubjectRefused(server, await exchange(server, asSubject), fault, what);
  const asActor = await exchange(server, acts(access_token));
  assertRefused(server, asActor, { ...ACTOR_REFUSED, reason: `actor_token_${fault}` }, what);
  const again = await refresh(server, refresh_token);
  assert.deepEqual([again.status, server.audit(again)?.reason], [400, `refresh_token_${why}`], what);
}

test('refuses tokens with a party that an untrusted issuer vouched for, or with one behind an actor', async (t) => {
  const [idp, next] = [await startIssuer(t), await startIssuer(t)];
  const both = fileOf(entry(idp));
  const server = await start(t, both);
  const tokens = new Map(await issueThrough(server, idp));
  const hop = claimsOf(tokens.get('acts by an access token of ours')?.access_token).act as Issued;
  assert.deepEqual(hop, {
    sub: 'idp:ada',
    iss: server.issuer,
    sub_id: { format: 'iss_sub', iss: idp.url, sub: 'ada' },
  });
  const said = (await introspect(server, tokens.get('acts by an access token of ours')?.refresh_token)).body;
  assert.deepEqual(said.act, hop, 'introspection returns its origin');
  const goOn = async (what: string): Promise<void> => {
    for (const [how, token] of tokens)
      tokens.set(how, { ...(await assertGood(server, token, `${what}: ${how}`)).body });
  };
  await goOn('the same file');
  const renewed = claimsOf(tokens.get('acts by an access token of ours')?.access_token).act;
  assert.deepEqual(renewed, hop, 'and so does the refreshed token');
  await server.reload(fileOf(entry(idp, { name: 'old' })));
  await goOn('its name changed');
  await server.reload(fileOf(entry(idp, { name: 'old' }), entry(next)));
  for (const how of [
    'its own subject',
    'acts by an access token of ours',
    'acts by a refresh token of ours',
    'acted before, by a token of ours',
  ])
    await assertEnded(server, tokens.get(how) ?? {}, 'name_taken', `its name is another's: ${how}`);
  for (const how of ['acts by its own token', 'acted before, by its own token'])
    tokens.set(how, {
      ...(await assertGood(server, tokens.get(how) ?? {}, `the name that it has itself is nobody else's: ${how}`)).body,
    });
  for (const [what, file] of Object.entries({
    'out of the file': fileOf(),
    'its name given to another issuer': fileOf(entry(next)),
  })) {
    await server.reload(file);
    for (const [how, token] of tokens) await assertEnded(server, token, 'unknown_issuer', `${what}: ${how}`, 'revoked');
  }
  await server.reload(both);
  for (const [how, token] of tokens) await assertEnded(server, token, 'revoked', `trusted again: ${how}`, 'revoked');
});

test('refuses all tokens of a removed client, like those of a disabled one: issued to it, about it, and with it as the actor', async (t) => {
  const file = fileOf();
  const first = await start(t, file);
  const subject_token = await subjectToken(first);
  const agent = await actorToken(first);
  const acting = await issued(first, { subject_token, ...acts(agent) });
  const tokens = { about: await issued(first, { subject_token: agent }), acting };
  await first.close();
  const again = (t: TestContext, next: Configuration): Promise<TestServer> =>
    start(t, changed(next, { issuer: first.issuer }), { folder: first.folder, now: first.clock.now });
  for (const [fault, clients] of [
    ['client_disabled', edited('agent', { disabled: true })],
    ['party_gone', without('agent')],
  ] as const) {
    const server = await again(t, changed(file, { clients, rules: edited('own', withoutAgent) }));
    for (const [what, token] of Object.entries(tokens)) await assertEnded(server, token, fault, `${fault}: ${what}`);
    await server.close();
  }
  const kept = await again(t, file);
  for (const [what, token] of Object.entries(tokens)) await assertGood(kept, token, what);
});

const withoutAgent = { subject: { clients: ['gateway', 'helper'] }, actor: { clients: ['gateway', 'helper'] } };

test('treats a client removed at a reload as deleted: a new client with its id gets none of its tokens', async (t) => {
  const file = fileOf();
  const gone = changed(file, { clients: without('agent'), rules: edited('own', withoutAgent) });
  const asAccount = changed(gone, { accounts: [{ username: 'agent', password: { plain: 'a password' } }] });
  for (const steps of [[gone], [asAccount], [gone, asAccount]]) {
    const server = await start(t, file);
    const subject_token = await subjectToken(server);
    const agent = await actorToken(server);
    const acting = await issued(server, { subject_token, ...acts(agent) });
    const helper = { client_id: 'helper', client_secret: 'helper-secret' };
    const helpers = await server.token({ grant_type: 'client_credentials', ...helper });
    const twin = await issued(server, { subject_token });
    const tokens = {
      about: await issued(server, { subject_token: agent }),
      acting,
      'acted before': await issued(server, {
        subject_token: String(acting.access_token),
        ...acts(helpers.body.access_token),
      }),
    };
    for (const [what, token] of Object.entries(tokens))
      Object.assign(token, (await assertGood(server, token, what)).body);
    for (const step of steps) await server.reload(step);
    const rows = everythingIn(server).audit as { personal: string }[];
    const told = rows.filter(({ personal }) => personal.includes('clients removed from the file'));
    assert.deepEqual(
      told.map(({ personal }) => JSON.parse(personal).removed),
      [[{ iss: server.issuer, sub: 'agent' }]],
    );
    await server.reload(file);
    for (const [what, { access_token, refresh_token }] of Object.entries(tokens)) {
      assertSubjectRefused(server, await exchange(server, { subject_token: String(access_token) }), 'revoked', what);
      assert.equal((await introspect(server, access_token)).body.active, false, what);
      const again = await refresh(server, refresh_token);
      assert.deepEqual([again.status, server.audit(again)?.reason], [400, 'refresh_token_revoked'], what);
    }
    const own = await exchange(server, { subject_token, ...acts(agent) });
    assertRefused(server, own, { ...ACTOR_REFUSED, reason: 'actor_token_revoked' });
    await assertGood(server, twin, 'tokens of others stay valid');
    const anew = await issued(server, { subject_token, ...acts(await actorToken(server)) });
    await assertGood(server, anew, 'and its new tokens are valid');
    await server.close();
  }
});
