// Each published flaw, as its report describes it.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { act, readAct } from '../../../support/actors.ts';
import { admin, adminToken, withOperators } from '../../../support/admin-api.ts';
import {
  API,
  acting,
  actorToken,
  BACKEND,
  client,
  exchange,
  forgedToken,
  gateway,
  subjectToken,
} from '../../../support/basics.ts';
import { createBrowser } from '../../../support/browser.ts';
import { added, type Configuration, changed, edited, without } from '../../../support/configuration.ts';
import { claimsOf, EXCHANGE, start, type TestServer, type } from '../../../support/harness.ts';
import {
  entry,
  type FakeIssuer,
  type FakeKey,
  hmacJws,
  lifeOf,
  startIssuer,
  trusting,
} from '../../../support/issuer.ts';
import { basic, introspect, revoke } from '../../../support/life.ts';
import {
  authorizationUrl,
  goThrough,
  configuration as people,
  redeem,
  startPeople,
  web,
} from '../../../support/people.ts';
import { present } from '../../../support/trusting.ts';
import type { Case, Cases, Undo } from '../../group.ts';

interface World {
  readonly server: TestServer;
  readonly configuration: Configuration;
  readonly idp: FakeIssuer;
  /** Trusted, but no rule names it. */
  readonly other: FakeIssuer;
}

const own = (clients: readonly string[], members: Configuration = {}): Configuration => ({
  client: 'gateway',
  subject: { issuer: 'self', types: ['access_token'], clients },
  actor: { issuer: 'self', types: ['access_token'], clients: ['agent'] },
  grant: { audiences: [API, BACKEND], scopes: ['read', 'write'] },
  ...members,
});

const RULES: readonly Configuration[] = [
  own(['gateway', 'partner']),
  {
    client: 'gateway',
    subject: { issuer: 'idp', types: ['jwt'], when: '!("admin" in subject.claims.roles)' },
    actor: { issuer: 'self', types: ['access_token'], clients: ['agent'] },
    grant: { audiences: [API], scopes: ['read'] },
  },
];

export async function open(undo: Undo): Promise<World> {
  const [idp, other] = [await startIssuer(undo), await startIssuer(undo)];
  const base = withOperators(trusting([entry(idp), entry(other, { name: 'other' })], RULES));
  const configuration = changed(base, { clients: added(client('partner'), client('api', { resource: API })) });
  return { server: await start(undo, configuration), configuration, idp, other };
}

const partner = { client_id: 'partner', client_secret: 'partner-secret' };
const user = { roles: ['user'] };
const foreign = (server: TestServer, idp: FakeIssuer, claims: Record<string, unknown> = user): string =>
  idp.sign({ ...lifeOf(server.clock.now), ...claims });

/** Starts another configuration on the same database. */
const restarted = (
  after: Undo['after'],
  { server, configuration }: World,
  ...changes: readonly Configuration[]
): Promise<TestServer> =>
  start({ after }, changed(configuration, { issuer: server.issuer }, ...changes), {
    folder: server.folder,
    now: server.clock.now,
  });

const renewed: Case<World> = async (_, { attempt, twin, after }) => {
  // A server of its own, because its database is reused.
  const world = await open({ after });
  const { server } = world;
  let subject_token = await subjectToken(server);
  const { exp } = claimsOf(subject_token);
  for (let hop = 1; hop <= 4; hop++) {
    server.clock.now += 60_000;
    const answer = await attempt(`hop ${hop}`, exchange(server, { subject_token }));
    subject_token = String(answer.body.access_token);
    assert.ok(Number(claimsOf(subject_token).exp) <= Number(exp), `hop ${hop} lives longer`);
  }
  const theirs = await subjectToken(server, partner);
  await twin(exchange(server, { subject_token: theirs }));
  const second = await restarted(after, world, { clients: edited('partner', { disabled: true }) });
  const refused = await attempt('of a client that was disabled', exchange(second, { subject_token: theirs }));
  assert.equal(refused.status, 400);
};

export const published: Cases<World> = {
  N01: renewed,

  N02: async ({ server }, { attempt, twin }) => {
    const marked = await forgedToken(server, { act: act('agent') });
    const kept = await attempt('with act, without actor token', exchange(server, { subject_token: marked }));
    assert.deepEqual(readAct(claimsOf(kept.body.access_token).act, server.issuer), ['agent']);
    const permitted = await forgedToken(server, { may_act: { iss: server.issuer, sub: 'agent' } });
    const bound = await attempt('with may_act, without actor token', exchange(server, { subject_token: permitted }));
    assert.equal(bound.status, 400);
    await twin(exchange(server, { subject_token: permitted, ...(await acting(server)) }));
  },

  N03: async ({ server, idp }, { attempt, twin }) => {
    const [{ kid, jwk, privateKey }] = idp.keys as [FakeKey];
    const publicKey = createPublicKey(privateKey);
    const payload = JSON.stringify({ ...lifeOf(server.clock.now), iss: idp.url, ...user });
    const secrets = {
      'its PEM': publicKey.export({ type: 'spki', format: 'pem' }),
      'its DER': publicKey.export({ type: 'spki', format: 'der' }),
      'its JWK': JSON.stringify(jwk),
    };
    for (const [what, secret] of Object.entries(secrets))
      for (const alg of ['HS256', 'HS384', 'HS512'])
        await attempt(`${alg} keyed by ${what}`, present(server, hmacJws({ alg, kid }, payload, secret)));
    await twin(present(server, foreign(server, idp)));
  },

  N04: async (_, { attempt, twin, after }) => {
    const world = await open({ after });
    const { server, idp } = world;
    const token = foreign(server, idp);
    const { access_token: issued } = (await twin(present(server, token))).body;
    const { other } = world;
    const only = { issuers: () => [entry(other, { name: 'other' })], rules: () => [own(['gateway'])] };
    const second = await restarted(after, world, only);
    await attempt('a token of an issuer that is trusted no more', present(second, token));
    const form = { subject_token: String(issued) };
    await attempt('what was issued for it', exchange(second, form));
    const heir = { ...only, issuers: () => [entry(other)] };
    const third = await restarted(after, world, heir);
    await attempt('what was issued for it, where another issuer has its name', exchange(third, form));
  },

  N05: async ({ server }, { attempt, twin }) => {
    const stranger = { client_id: 'stranger', client_secret: 'stranger-secret' };
    const theirs = await subjectToken(server, stranger);
    await attempt('a token of another client', exchange(server, { subject_token: theirs }));
    const narrow = await subjectToken(server, { scope: 'read' });
    await attempt('more scope than it has', exchange(server, { subject_token: narrow, scope: 'write' }));
    await attempt('more scope, beside what it has', exchange(server, { subject_token: narrow, scope: 'read write' }));
    await twin(exchange(server, { subject_token: narrow, scope: 'read' }));
  },

  N06: async ({ server, idp }, { attempt, twin }) => {
    const cases = {
      'an administrator': { roles: ['user', 'admin'] },
      'roles unknown': {},
      'roles as text': { roles: 'admin' },
    };
    for (const [what, claims] of Object.entries(cases)) {
      await attempt(what, present(server, foreign(server, idp, claims)));
      await attempt(`${what}, by an actor`, present(server, foreign(server, idp, claims), await acting(server)));
    }
    await twin(present(server, foreign(server, idp), await acting(server)));
  },

  N07: async ({ server, idp, other }, { attempt, twin, after }) => {
    const unknown = await startIssuer({ after });
    await attempt('of an issuer that no rule names', present(server, foreign(server, other)));
    await attempt('of an issuer that is not trusted', present(server, foreign(server, unknown)));
    await attempt(
      "by another issuer's key",
      present(server, other.sign({ ...lifeOf(server.clock.now), ...user, iss: idp.url })),
    );
    await twin(present(server, foreign(server, idp)));
  },

  N08: async ({ server }, { attempt, twin }) => {
    const subject_token = await subjectToken(server);
    const derived = await twin(exchange(server, { subject_token }));
    assert.equal((await revoke(server, subject_token)).status, 200);
    await attempt('the revoked token', exchange(server, { subject_token }));
    await attempt('what derives from it', exchange(server, { subject_token: String(derived.body.access_token) }));
  },

  N09: async ({ server }, { attempt, twin }) => {
    const form = {
      grant_type: EXCHANGE,
      subject_token: await subjectToken(server),
      subject_token_type: type('access_token'),
    };
    const agent = basic('agent');
    await attempt('Basic of one, client_id of another', server.token({ ...form, client_id: 'gateway' }, agent));
    await attempt('Basic of one, credentials of another', server.token({ ...form, ...gateway }, agent));
    await attempt('client_id twice', server.token({ ...form, ...gateway, client_id: ['gateway', 'partner'] }));
    await attempt('secret of one, client_id of another', server.token({ ...form, ...gateway, client_id: 'partner' }));
    await twin(server.token({ ...form, ...gateway }));
  },

  N10: async ({ server }, { attempt, twin }) => {
    const token = await adminToken(server);
    const end = async (body: object): Promise<void> => {
      const { status } = await admin(server, 'POST /revocations', { token, body });
      assert.equal(status, 204, JSON.stringify(body));
    };
    const ways: Readonly<Record<string, (subject: string) => readonly object[]>> = {
      'its id': (subject) => [{ id: claimsOf(subject).jti }],
      'its subject': () => [{ subject: 'partner' }],
      'its client': () => [{ client: 'partner' }],
      'its subject, then its client': () => [{ subject: 'partner' }, { client: 'partner' }],
      'its client, then an id of another': () => [{ client: 'partner' }, { id: 'another', unknown: true }],
    };
    for (const [what, bodies] of Object.entries(ways)) {
      // Later than the revocations of the cases before.
      server.clock.now += 120_000;
      const subject = await subjectToken(server, partner);
      const derived = await twin(exchange(server, { subject_token: subject }));
      assert.equal((await introspect(server, subject, partner)).body.active, true, what);
      for (const body of bodies(subject)) await end(body);
      const answer = await attempt(what, introspect(server, subject, partner));
      assert.equal(answer.body.active, false, what);
      if (what !== 'its client') continue;
      // Tokens that others obtained by exchange stay valid: docs/reference/admin-api.md.
      assert.equal((await introspect(server, derived.body.access_token)).body.active, true, what);
    }
  },

  N11: async ({ server, idp }, { attempt, twin }) => {
    const agent = await actorToken(server);
    await attempt('an actor token as subject', exchange(server, { subject_token: agent }));
    const stolen = { actor_token: foreign(server, idp), actor_token_type: type('jwt') };
    await attempt('a subject token as actor', exchange(server, stolen));
    const first = await twin(
      present(server, foreign(server, idp), { actor_token: agent, actor_token_type: type('access_token') }),
    );
    assert.deepEqual(readAct(claimsOf(first.body.access_token).act, server.issuer), ['agent']);
    const hop = await twin(
      exchange(server, { subject_token: String(first.body.access_token), ...(await acting(server)) }),
    );
    // The same actor continues to act.
    assert.deepEqual(readAct(claimsOf(hop.body.access_token).act, server.issuer), ['agent']);
  },

  N12: async (_, { attempt, twin, after }) => {
    const server = await startPeople({ after });
    const signIn = async (username: string, password: string): Promise<unknown> => {
      const browser = createBrowser(server.issuer);
      const page = await browser.get(authorizationUrl());
      const { leftTo } = await goThrough(browser, page, { username, password });
      const answer = await twin(redeem(server, leftTo as URL));
      return answer.body.access_token;
    };
    const isActive = async (token: unknown): Promise<unknown> => (await introspect(server, token, web)).body.active;
    const [ada, bob] = [await signIn('ada', 'lovelace'), await signIn('bob', 'builder')];
    assert.deepEqual([await isActive(ada), await isActive(bob)], [true, true]);
    await server.reload(changed(people, { accounts: without('ada') }));
    assert.equal(await isActive(ada), false);
    await server.reload(people);
    const again = await attempt('once there is an account of that name again', introspect(server, ada, web));
    assert.deepEqual([again.body.active, await isActive(bob)], [false, true]);
    assert.equal(await isActive(await signIn('ada', 'lovelace')), true, 'the new person');
  },
};
