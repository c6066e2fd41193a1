// Tokens of this server end when the issuer that vouched for one of their parties is removed from the file.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { API, assertIssued, BACKEND, exchange } from '../support/basics.ts';
import { beside } from '../support/command.ts';
import { type Configuration, changed, type Entry } from '../support/configuration.ts';
import { claimsOf, start, type TestServer } from '../support/harness.ts';
import { entry, type FakeIssuer, startIssuer, trusting } from '../support/issuer.ts';
import { introspect } from '../support/life.ts';
import { presentSaml, idp as provider, signedFor, startSaml, versions } from '../support/saml-exchange.ts';
import { assertSubjectRefused, freshToken, present, presentActor } from '../support/trusting.ts';

const grant = { audiences: [API, BACKEND], scopes: ['read', 'write'] };
const OWN = { client: 'gateway', subject: { issuer: 'self', clients: ['gateway'] }, grant };

const rulesFor = (issuers: readonly Entry[], name: string): Configuration =>
  trusting(issuers, [OWN, ...(issuers.length > 0 ? [{ client: 'gateway', subject: { issuer: name }, grant }] : [])]);

async function again(
  t: TestContext,
  first: TestServer,
  configuration: Configuration,
): Promise<{ readonly server: TestServer; readonly present: (token: unknown) => ReturnType<typeof exchange> }> {
  const server = await start(t, changed(configuration, { issuer: first.issuer }), {
    folder: first.folder,
    now: first.clock.now,
  });
  return { server, present: (token) => exchange(server, { subject_token: String(token), audience: BACKEND }) };
}

/** The changed file, and the effect on the tokens. */
const after = (idp: FakeIssuer, next: FakeIssuer): Readonly<Record<string, [Configuration, string | undefined]>> => ({
  'the same file': [rulesFor([entry(idp)], 'idp'), undefined],
  'its name changed': [rulesFor([entry(idp, { name: 'old' })], 'old'), undefined],
  'out of the file': [rulesFor([], ''), 'unknown_issuer'],
  'its name given to another issuer': [rulesFor([entry(next)], 'idp'), 'unknown_issuer'],
  'its name changed, and the old one given to another issuer': [
    rulesFor([entry(idp, { name: 'old' }), entry(next)], 'idp'),
    'name_taken',
  ],
});

test('refuses a token whose subject an untrusted issuer vouched for', async (t) => {
  const [idp, next] = [await startIssuer(t), await startIssuer(t)];
  const first = await start(t, rulesFor([entry(idp)], 'idp'));
  const { access_token: token } = (await present(first, freshToken(first, idp))).body;
  const { access_token: derived } = (await exchange(first, { subject_token: String(token) })).body;
  await first.close();
  for (const [what, [configuration, fault]] of Object.entries(after(idp, next))) {
    const { server, present } = await again(t, first, configuration);
    for (const one of [token, derived]) {
      const answer = await present(one);
      if (fault === undefined) assertIssued(server, answer, what);
      else assertSubjectRefused(server, answer, fault, what);
      assert.equal((await introspect(server, one)).body.active, fault === undefined, what);
    }
    await server.close();
  }
});

test('refuses a token in which a subject of an untrusted issuer acts', async (t) => {
  const idp = await startIssuer(t);
  const acted = { ...OWN, actor: { issuer: 'idp' } };
  const both = changed(trusting(entry(idp), [acted, OWN]));
  const first = await start(t, both);
  const answer = await presentActor(first, freshToken(first, idp));
  assertIssued(first, answer);
  const token = answer.body.access_token;
  assert.equal((claimsOf(token).act as { iss?: string }).iss, idp.url);
  await first.close();
  const kept = await again(t, first, both);
  assertIssued(kept.server, await kept.present(token));
  await kept.server.close();
  const lost = await again(t, first, rulesFor([], ''));
  assertSubjectRefused(lost.server, await lost.present(token), 'unknown_issuer');
});

for (const version of versions)
  test(`${version}: refuses a token that was issued for an assertion of an untrusted provider`, async (t) => {
    const own = { name: 'own', ...OWN };
    const first = await startSaml(t);
    const token = (await presentSaml(first, version, signedFor(first, version, {}))).body.access_token;
    assert.equal((claimsOf(token).sub_id as { iss?: string }).iss, provider.entityId);
    const lost = await again(t, first, trusting([], [own]));
    assertSubjectRefused(lost.server, await lost.present(token), 'unknown_issuer');
  });

test('an issuer removed at a reload, or revoked by an operator, ends what came of it for good', async (t) => {
  const idp = await startIssuer(t);
  const both = trusting(entry(idp), [
    { ...OWN, actor: { issuer: 'idp' } },
    OWN,
    { client: 'gateway', subject: { issuer: 'idp' }, grant },
  ]);
  const server = await start(t, both);
  const ours = async (): Promise<Readonly<Record<string, unknown>>> => {
    const acted = (await presentActor(server, freshToken(server, idp))).body.access_token;
    return {
      subject: (await present(server, freshToken(server, idp))).body.access_token,
      actor: acted,
      derived: (await exchange(server, { subject_token: String(acted), audience: BACKEND })).body.access_token,
    };
  };
  const ends = [
    async (_ended: Readonly<Record<string, unknown>>) => {
      await server.reload(rulesFor([], ''));
      await server.reload(both);
    },
    async (ended: Readonly<Record<string, unknown>>) => {
      const unknown = await beside(t, server, ['tokens revoke', '--issuer', 'https://nobody.example']);
      assert.match(unknown.stderr, /there is no issuer https:\/\/nobody\.example\./);
      const itself = await beside(t, server, ['tokens revoke', '--issuer', server.issuer, '--unknown']);
      assert.match(itself.stderr, /is this server itself\. To revoke all of its tokens, give all \(--all\)/);
      const { code, stdout } = await beside(t, server, ['tokens revoke', '--issuer', idp.url]);
      assert.deepEqual(
        [code, stdout.split('. ')[0]],
        [0, `Revoked all that was issued so far by the word of ${idp.url}`],
      );
      // The server learns of it by its next poll.
      const first = Object.values(ended)[0];
      while ((await introspect(server, first)).body.active === true) await wait(50);
    },
  ];
  for (const end of ends) {
    const foreign = freshToken(server, idp);
    const before = await ours();
    for (const [what, token] of Object.entries(before))
      assert.equal((await introspect(server, token)).body.active, true, what);
    await end(before);
    for (const [what, token] of Object.entries(before)) {
      assert.equal((await introspect(server, token)).body.active, false, what);
      const answer = await exchange(server, { subject_token: String(token), audience: BACKEND });
      assertSubjectRefused(server, answer, 'revoked', what);
    }
    assertIssued(server, await present(server, foreign), 'the word of the issuer counts again');
    for (const [what, token] of Object.entries(await ours()))
      assert.equal((await introspect(server, token)).body.active, true, what);
  }
});
