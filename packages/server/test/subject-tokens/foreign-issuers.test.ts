// Exchanges tokens with the claims that real issuers write, under the configuration files of examples/issuers.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { check } from '../../src/cli/check.ts';
import { assertIssued } from '../support/basics.ts';
import { all, changed, dataOf, withTexts } from '../support/configuration.ts';
import { AUDIENCE, type Shape, shapes } from '../support/foreign-shapes.ts';
import { claimsOf, EXCHANGE, type Form, start, type TestServer, type } from '../support/harness.ts';
import { type Claims, type FakeIssuer, newKey, startIssuer } from '../support/issuer.ts';
import { repository } from '../support/program.ts';
import { assertSubjectRefused } from '../support/trusting.ts';

const EXAMPLES = join(repository, 'examples/issuers');
for (const shape of shapes) {
  test(`exchanges a token of ${shape.name} declared as ${shape.declared}, and evaluates the rule of the example`, async (t) => {
    const [idp, server] = await startExample(t, shape);
    const now = Math.floor(server.clock.now / 1000);
    const sign = (claims: Claims): string =>
      idp.signAll({ ...shape.claims(idp.url, now), ...claims }, shape.header && { header: shape.header });
    const ask = (token: string) => server.token({ ...presenting(shape, token) }, basic(shape.client));
    const answer = await ask(sign({}));
    assertIssued(server, answer, shape.name);
    const said = claimsOf(answer.body.access_token);
    assert.deepEqual(Object.fromEntries(Object.keys(shape.becomes).map((name) => [name, said[name]])), shape.becomes);
    for (const [claims, reason] of shape.others) {
      const refused = await ask(sign(claims));
      assert.deepEqual([refused.status, server.audit(refused)?.reason], [400, reason], JSON.stringify(claims));
    }
  });
}

test('accepts a JWT-SVID with typ JWT, JOSE or none, and refuses one with typ at+jwt (JWT-SVID section 2.3)', async (t) => {
  const shape = shapes.find(({ name }) => name === 'spiffe') as Shape;
  const [idp, server] = await startExample(t, shape);
  const claims = shape.claims(idp.url, Math.floor(server.clock.now / 1000));
  const ask = (typ: string | undefined) =>
    server.token(presenting(shape, idp.signAll(claims, { header: { typ } })), basic(shape.client));
  for (const typ of ['JWT', 'JOSE', undefined]) assertIssued(server, await ask(typ), typ);
  for (const typ of ['at+jwt', 'wit+jwt']) assertSubjectRefused(server, await ask(typ), 'wrong_type', typ);
});

test("introspects an opaque token at its issuer, as the issuer's entry says", async (t) => {
  const real = [['https://idp.example.com', '']] as const;
  const shape: Shape = {
    name: 'introspection',
    real,
    client: 'gateway',
    declared: 'access_token',
    claims: () => ({}),
    becomes: {},
    others: [],
  };
  const [idp, server] = await startExample(t, shape);
  const now = Math.floor(server.clock.now / 1000);
  const good = {
    active: true,
    iss: idp.url,
    sub: 'ada',
    aud: AUDIENCE,
    client_id: 'web',
    exp: now + 300,
    scope: 'read',
  };
  const ask = (token: string) => server.token(presenting(shape, token), basic('gateway'));
  idp.opaque.set('good', good);
  const answer = await ask('good');
  assertIssued(server, answer);
  assert.equal(claimsOf(answer.body.access_token).sub, 'idp:ada');
  const [request] = idp.seen;
  assert.deepEqual([request?.method, request?.body], ['POST', 'token=good&token_type_hint=access_token']);
  assert.equal(request?.headers.authorization, `Basic ${btoa('cambio:change-me')}`);
});

test('cambio check accepts every file of examples/issuers', async (t) => {
  const said = t.mock.method(console, 'error', () => undefined);
  t.mock.method(console, 'log', () => undefined);
  for (const name of readdirSync(EXAMPLES))
    assert.equal(await check.run({ config: join(EXAMPLES, name) }, []), 0, name);
  assert.equal(said.mock.callCount(), 0);
});

/** The example on loopback, with the fake issuer instead of the real one. */
async function startExample(t: Parameters<typeof start>[0], shape: Shape): Promise<[FakeIssuer, TestServer]> {
  const issuerPath = shape.name === 'keycloak' ? '/realms/shop' : '';
  const idp = await startIssuer(t, { path: issuerPath });
  idp.keys.splice(0, 1, newKey('RS256'));
  const base = { ...idp, url: idp.url.slice(0, idp.url.length - issuerPath.length) };
  const example = dataOf(readFileSync(join(EXAMPLES, `${shape.name}.yaml`), 'utf8'));
  const ofReal = (text: string): string =>
    shape.real.reduce((whole, [url, at]) => whole.replaceAll(url, base.url + at), text);
  const here = changed(withTexts(example, ofReal), {
    server: { port: `\${PORT}` },
    store: 'sqlite:cambio.db',
    issuers: all({ allowPrivateNetwork: true }),
  });
  return [base, await start(t, here)];
}

const presenting = ({ declared }: Shape, subject_token: string): Form => ({
  grant_type: EXCHANGE,
  subject_token,
  subject_token_type: type(declared),
});

const basic = (client: string) => ({ authorization: `Basic ${btoa(`${client}:change-me`)}` });
