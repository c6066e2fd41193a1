// Exchanges tokens with the claims that real issuers write, under the configuration files of examples/issuers.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { check } from '../../src/cli/check.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { assertIssued } from '../support/basics.ts';
import { all, changed, dataOf, withTexts } from '../support/configuration.ts';
import { AUDIENCE, shapes } from '../support/foreign-shapes.ts';
import { claimsOf, EXCHANGE, type Form, start, type TestServer, type } from '../support/harness.ts';
import { type Claims, DISCOVERY, type FakeIssuer, JWKS, json, newKey, startIssuer } from '../support/issuer.ts';
import { blocksOfIssuers, issuerPages, type Shape } from '../support/issuer-pages.ts';
import { repository } from '../support/program.ts';
import { assertSubjectRefused } from '../support/trusting.ts';

const EXAMPLES = join(repository, 'examples/issuers');
for (const shape of shapes) {
  test(`exchanges a token of ${shape.name} declared as ${shape.declared}, and evaluates the rule of the example`, async (t) => {
    const [idp, server] = await startExample(t, shape);
    const now = Math.floor(server.clock.now / 1000);
    const sign = (claims: Claims): string =>
      idp.signAll(
        withTexts({ ...shape.claims(idp.url, now), ...claims }, substituting(shape, idp.url)),
        shape.header && { header: shape.header },
      );
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

test('cambio check accepts every file of examples/issuers, and warns only of clientIds', async (t) => {
  t.mock.method(console, 'log', () => undefined);
  t.mock.method(console, 'error', () => undefined);
  const warned: (readonly [file: string, path: string])[] = [];
  for (const name of readdirSync(EXAMPLES)) {
    const config = join(EXAMPLES, name);
    assert.equal(await check.run({ config }, []), 0, name);
    const { warnings } = await loadConfiguration(config, {});
    warned.push(...warnings.map(({ path }) => [name, path] as const));
  }
  assert.deepEqual(warned, [['cognito.yaml', 'issuers[cognito].clientIds']]);
});

test('the page of an issuer shows its example, a token that was tried, and reasons that were seen', () => {
  const tokens = blocksOfIssuers('json');
  for (const { page, name, block } of blocksOfIssuers('yaml'))
    assert.ok(readFileSync(join(EXAMPLES, `${name}.yaml`), 'utf8').includes(block), `${page}: ${name}`);
  for (const [page, text] of issuerPages) {
    const names = tokens.filter((one) => one.page === page).map(({ name }) => name);
    const seen = shapes.filter(({ token, name }) => names.includes(token ?? name));
    const reasons = new Set(seen.flatMap(({ others }) => others.map(([, reason]) => reason)));
    const told = text.match(/\b(?:subject|no_rule)_\w+/g) ?? [];
    assert.deepEqual(
      [names.length > 0, told.length > 0, told.filter((one) => !reasons.has(one))],
      [true, true, []],
      page,
    );
  }
});

/** The example on loopback, with the fake issuer instead of the real one. */
async function startExample(t: Parameters<typeof start>[0], shape: Shape): Promise<[FakeIssuer, TestServer]> {
  const { path = '' } = shape;
  const idp = await startIssuer(t, { path: path.replace(/\/$/, '') });
  idp.keys.splice(0, 1, KEY);
  const base = { ...idp, url: new URL(idp.url).origin };
  // The issuer of some ends in a slash.
  if (path.endsWith('/'))
    idp.instead.set(
      `${idp.url.slice(base.url.length)}${DISCOVERY}`,
      json({ issuer: `${idp.url}/`, jwks_uri: idp.url + JWKS }),
    );
  const example = dataOf(readFileSync(join(EXAMPLES, `${shape.name}.yaml`), 'utf8'));
  const here = changed(withTexts(example, substituting(shape, base.url)), {
    server: { port: `\${PORT}` },
    store: 'sqlite:cambio.db',
    issuers: all({ allowPrivateNetwork: true }),
  });
  return [base, await start(t, here)];
}

/** One for all: an RSA key takes long to make. */
const KEY = newKey('RS256');

/** Replaces the URLs of the real issuer by those of the fake one. */
const substituting =
  ({ real }: Shape, base: string) =>
  (text: string): string =>
    real.reduce((whole, [url, at]) => whole.replaceAll(url, base + at), text);

const presenting = ({ declared }: Shape, subject_token: string): Form => ({
  grant_type: EXCHANGE,
  subject_token,
  subject_token_type: type(declared),
});

const basic = (client: string) => ({ authorization: `Basic ${btoa(`${client}:change-me`)}` });
