// Signing in through an upstream OpenID provider: the requests to it, and the checks of its answers.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { ConfigurationError } from '../../src/config/fault.ts';
import { parseConfiguration } from '../../src/config/load.ts';
import { createOutbound } from '../../src/outbound/outbound.ts';
import { Refusal } from '../../src/primitives/refusal.ts';
import {
  createUpstream,
  type UpstreamEntry,
  type UpstreamRequirements,
  type UpstreamReturn,
} from '../../src/sign-in/upstream.ts';
import { createUpstreamLimit } from '../../src/sign-in/upstream-limit.ts';
import { base64url, claimsOf } from '../support/harness.ts';
import {
  type Claims,
  DISCOVERY,
  type FakeIssuer,
  type FakeKey,
  JWKS,
  json,
  newKey,
  privateJwk,
  type SignOptions as Signing,
  startIssuer,
  status,
} from '../support/issuer.ts';

const REDIRECT = 'https://login.example/oauth/upstream';
const OWNER = { interaction: 'an-interaction-of-ours', browser: 'a-browser' };

interface SignOptions extends Signing {
  /** Replaces the provider in making the ID token from its claims. */
  readonly by?: ((claims: Claims) => string) | undefined;
}

/** Services as in a server: ids are used once, and failures of an address are counted. */
function around() {
  const used = new Set<string>();
  return {
    ...{ redirectUri: REDIRECT, secret: 'shared by the nodes', clock: Date.now },
    limit: createUpstreamLimit({ clock: Date.now }),
    useOnce: async (id: string) => !used.has(id) && used.add(id).has(id),
  };
}

/** A provider whose next ID token a test can change, and our side. */
async function begin(
  t: Pick<TestContext, 'after'>,
  requirements: UpstreamRequirements = {},
  change: Partial<UpstreamEntry> = {},
  algorithms = ['ES256'],
) {
  const idp = await startIssuer(t);
  const endpoints = { authorization_endpoint: `${idp.url}/authorize`, token_endpoint: `${idp.url}/token` };
  const about = { issuer: idp.url, jwks_uri: idp.url + JWKS, ...endpoints };
  const metadata = { ...about, id_token_signing_alg_values_supported: algorithms };
  idp.instead.set(DISCOVERY, json({ ...metadata, authorization_response_iss_parameter_supported: true }));
  const entry: UpstreamEntry = {
    ...{
      issuer: idp.url,
      name: 'idp',
      network: 'private',
      clientId: 'us',
      secret: 'secret',
      scope: 'openid email',
    },
    claims: [['email', ({ claims }) => ({ value: (claims as Claims).email })]],
    ...change,
  };
  const upstream = createUpstream(entry, { ...around(), outbound: createOutbound(entry.network) });
  let visits = 0;
  const asked = new URL(await upstream.begin(OWNER, requirements)).searchParams;
  return {
    idp,
    upstream,
    asked,
    /** Goes to the provider and returns from an address of its own, with an ID token of these claims. */
    complete: async (
      claims: Claims = {},
      answer: Readonly<Record<string, string>> = {},
      { by, ...options }: SignOptions = {},
      returned: Partial<UpstreamReturn> = {},
      /** Replaces the answer of the token endpoint. */
      behaviour: Parameters<FakeIssuer['instead']['set']>[1] | undefined = undefined,
    ) => {
      const fresh = new URL(await upstream.begin(OWNER, requirements)).searchParams;
      const good = { state: String(fresh.get('state')), code: 'a-code', iss: idp.url };
      const payload = { sub: 'ada', aud: 'us', nonce: fresh.get('nonce'), ...claims };
      const signed = idp.sign(payload, options);
      const id_token = by?.(claimsOf(signed)) ?? signed;
      idp.instead.set(
        '/token',
        behaviour ?? json({ access_token: 'x', token_type: 'Bearer', expires_in: 60, id_token }),
      );
      return upstream.complete(
        { ...OWNER, address: `10.0.0.${visits++}`, ...returned },
        new URLSearchParams({ ...good, ...answer }),
        requirements,
      );
    },
  };
}

const refusedAs =
  (reason: string, detail = /./) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.reason, reason);
    assert.match(error.detail ?? 'none', detail);
    return true;
  };

const tokenRequest = (idp: FakeIssuer) => idp.seen.find(({ path }) => path === '/token');

test('refuses a claim that a double would round', async (t) => {
  const mapped: Partial<UpstreamEntry> = { claims: [['uid', ({ claims }) => ({ value: (claims as Claims).uid })]] };
  const { complete } = await begin(t, {}, mapped);
  const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };
  for (const uid of ['9007199254740993', '1e400', '41.99999999999999999999'])
    await assert.rejects(complete({ uid: rawJSON(uid) }), refusedAs('upstream_failed'), uid);
  assert.equal((await complete({ uid: rawJSON('9007199254740991') })).claims.uid, 9007199254740991);
});

test('gives a person the provider’s prefix and the mapped claims', async (t) => {
  const { idp, asked, complete, upstream } = await begin(t, { prompt: 'login', loginHint: 'ada@idp' });
  assert.deepEqual(
    { ...Object.fromEntries(asked), state: '', nonce: '', code_challenge: '' },
    {
      ...{ client_id: 'us', response_type: 'code', redirect_uri: REDIRECT, scope: 'openid email' },
      ...{ state: '', nonce: '', code_challenge: '', code_challenge_method: 'S256' },
      ...{ prompt: 'login', login_hint: 'ada@idp' },
    },
  );
  const at = Math.floor(Date.now() / 1000) - 60;
  const person = await complete({
    email: 'ada@idp.example',
    name: 'Ada',
    auth_time: at,
    amr: ['pwd', 'otp'],
    acr: 'high',
  });
  assert.deepEqual(person, {
    sub: 'idp:ada',
    username: 'ada@idp.example',
    claims: { email: 'ada@idp.example' },
    authentication: { auth_time: at, amr: ['pwd', 'otp'], acr: 'high' },
  });
  assert.equal(upstream.interactionOf(asked), OWNER.interaction);
  const request = tokenRequest(idp);
  assert.equal(request?.headers.authorization, `Basic ${btoa('us:secret')}`);
  const form = new URLSearchParams(request?.body);
  assert.match(form.get('code_verifier') ?? '', /^[\w-]{43}$/);
  assert.deepEqual([form.get('code'), form.get('redirect_uri')], ['a-code', REDIRECT]);
});

test('uses a new state, nonce and challenge for each sign-in', async (t) => {
  const { upstream, asked } = await begin(t);
  const other = new URL(await upstream.begin(OWNER, {})).searchParams;
  for (const name of ['state', 'nonce', 'code_challenge']) assert.notEqual(asked.get(name), other.get(name), name);
});

test('refuses an ID token that is not valid for this sign-in (OI-13)', async (t) => {
  const { idp, complete } = await begin(t);
  const now = Math.floor(Date.now() / 1000);
  const faults: Readonly<Record<string, Claims>> = {
    'another nonce': { nonce: 'another' },
    'no nonce': { nonce: undefined },
    'another audience': { aud: 'them' },
    'another issuer': { iss: 'https://evil.example' },
    'no subject': { sub: undefined },
    'a subject that turns the writing': { sub: 'a\u202eda' },
    expired: { exp: now - 31 },
    'of tomorrow': { nbf: now + 3600 },
  };
  for (const [name, claims] of Object.entries(faults)) {
    await assert.rejects(complete(claims), refusedAs('upstream_failed'), name);
  }
  assert.equal((await complete()).sub, 'idp:ada');
  const foreign = newKey('ES256', idp.keys[0]?.kid);
  await assert.rejects(complete({}, {}, { key: foreign }), refusedAs('upstream_failed'), 'a foreign signature');
  await assert.rejects(complete({}, {}, { header: { alg: 'none' } }), refusedAs('upstream_failed'), 'no algorithm');
  assert.equal((await complete()).sub, 'idp:ada');
});

test('reads keys like those of issuers: ignores weak ones, and refuses an invalid set (OI-13, JW-03)', async (t) => {
  const text = (alg: string, claims: Claims): string =>
    `${base64url(JSON.stringify({ alg, kid: 'weak' }))}.${base64url(JSON.stringify(claims))}`;
  // Anyone can make these two: with the exponent 1 the padded digest is its own signature, and with a point of small order one
  // signature fits every message.
  const byExponentOne = (claims: Claims): string => {
    const input = text('RS256', claims);
    const digest = createHash('sha256').update(input).digest();
    const info = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest]);
    const padding = Buffer.alloc(256 - 3 - info.length, 0xff);
    return `${input}.${base64url(Buffer.concat([Buffer.from([0, 1]), padding, Buffer.from([0]), info]))}`;
  };
  const bySmallOrder = (claims: Claims): string =>
    `${text('Ed25519', claims)}.${base64url(Buffer.from(`01${'00'.repeat(63)}`, 'hex'))}`;
  const { n } = newKey('RS256').jwk;
  const point = base64url(Buffer.from(`01${'00'.repeat(31)}`, 'hex'));
  const cases: readonly [detail: RegExp, publish: (own: FakeKey) => readonly object[], by?: SignOptions['by']][] = [
    [/unknown_key/, () => [{ kty: 'RSA', n, e: 'AQ', kid: 'weak', alg: 'RS256' }], byExponentOne],
    [/unknown_key/, () => [{ kty: 'OKP', crv: 'Ed25519', x: point, kid: 'weak' }], bySmallOrder],
    [/private or symmetric/, ({ jwk }) => [jwk, { kty: 'oct', k: 'AAAA', kid: 'other' }]],
    [/private or symmetric/, (own) => [privateJwk(own)]],
    [/several keys/, ({ jwk, kid }) => [jwk, newKey('ES256', kid).jwk]],
    [/unknown_key/, ({ jwk }) => [{ ...jwk, use: 'enc' }]],
    [/unknown_key/, ({ jwk }) => [{ ...jwk, x: `${jwk.x}=` }]],
    [/keys is not a list/, () => Array.from({ length: 101 }, () => ({}))],
  ];
  for (const [detail, publish, by] of cases) {
    const { idp, complete } = await begin(t, {}, {}, ['ES256', 'RS256', 'Ed25519']);
    const [own = newKey()] = idp.keys;
    idp.instead.set(JWKS, json({ keys: publish(own) }));
    await assert.rejects(complete({}, {}, { by }), refusedAs('upstream_failed', detail), detail.source);
    assert.equal(idp.seen.filter(({ path }) => path === JWKS).length, 1);
  }
  const { idp, complete } = await begin(t);
  idp.instead.set(JWKS, json({ keys: [...idp.keys.map(({ jwk }) => jwk), { kty: 'unknown' }] }));
  assert.equal((await complete()).sub, 'idp:ada');
  // The key set is fetched again for an unknown key, as for issuers.
  const next = newKey();
  idp.instead.set(JWKS, json({ keys: [next.jwk] }));
  assert.equal((await complete({}, {}, { key: next })).sub, 'idp:ada');
});

test('refuses an answer to another sign-in, of another issuer, or without a promised iss (OI-13)', async (t) => {
  const { idp, asked, complete } = await begin(t);
  const state = String(asked.get('state'));
  const swapped = state.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  const answers: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ iss: 'https://evil.example' }, /iss/],
    [{ iss: '' }, /iss/],
    [{ error: 'server_error' }, /^server_error: /],
  ];
  for (const [answer, detail] of answers)
    await assert.rejects(complete({}, answer), refusedAs('upstream_failed', detail));
  assert.equal(tokenRequest(idp), undefined);
  const [, random = '', mac = ''] = state.split('.');
  const forged = [
    `another-interaction.${random}.${mac}`,
    `${OWNER.interaction}.${'A'.repeat(22)}.${mac}`,
    `${OWNER.interaction}.${random}`,
    `${state}.${mac}`,
    ...['nonsense', '', swapped, ` ${state}`],
  ];
  for (const one of forged) await assert.rejects(complete({}, { state: one }), refusedAs('interaction_unknown'), one);
  for (const other of [{ browser: 'another' }, { interaction: 'another-interaction' }])
    await assert.rejects(complete({}, {}, {}, other), refusedAs('interaction_unknown'), JSON.stringify(other));
  assert.equal(tokenRequest(idp), undefined, 'no request was sent to the provider');
  await assert.rejects(complete({}, { error: 'access_denied' }), refusedAs('upstream_denied'));
  assert.equal((await complete()).sub, 'idp:ada');
});

test('a state works once, for one answer at a time, and an address with many failures must wait (W26)', async (t) => {
  const { idp, upstream, complete } = await begin(t);
  const answerTo = async () => {
    const { searchParams } = new URL(await upstream.begin(OWNER, {}));
    return new URLSearchParams({ state: String(searchParams.get('state')), code: 'a-code', iss: idp.url });
  };
  const asked = () => idp.seen.filter(({ path }) => path === '/token').length;
  const here = { ...OWNER, address: '192.0.2.1' };
  idp.instead.set('/token', status(400));
  const answer = await answerTo();
  await assert.rejects(upstream.complete(here, answer, {}), refusedAs('upstream_failed'));
  await assert.rejects(upstream.complete(here, answer, {}), refusedAs('interaction_unknown', /before/));
  assert.equal(asked(), 1, 'the same answer is handled once');
  const many = await Promise.all(Array.from({ length: 5 }, answerTo));
  const results = await Promise.allSettled(many.map((one) => upstream.complete(here, one, {})));
  const reasons = results.map((result) => result.status === 'rejected' && (result.reason as Refusal).reason);
  assert.deepEqual(reasons, ['upstream_failed', ...Array(4).fill('interaction_unknown')]);
  assert.equal(asked(), 2, 'of several concurrent answers one is handled');
  // New interactions do not give an address more attempts.
  const others = Array.from({ length: 20 }, async (_, index) => {
    const owner = { interaction: `interaction-number-${index}`, browser: 'a-browser' };
    const { searchParams } = new URL(await upstream.begin(owner, {}));
    const answer = new URLSearchParams({ state: String(searchParams.get('state')), code: 'x', iss: idp.url });
    return upstream.complete({ ...owner, address: here.address }, answer, {});
  });
  const failed = (await Promise.allSettled(others)).map((one) => one.status === 'rejected' && one.reason.reason);
  assert.ok(failed.includes('upstream_rate'));
  assert.equal(asked(), 12, 'twelve failures a minute');
  assert.equal((await complete()).sub, 'idp:ada', 'another address is not affected');
  await assert.rejects(complete({}, {}, {}, here), refusedAs('upstream_rate', /none/));
});

test('requires a recent auth_time from the provider if the client sends max_age', async (t) => {
  const { asked, complete } = await begin(t, { maxAge: 300 });
  assert.equal(asked.get('max_age'), '300');
  const now = Math.floor(Date.now() / 1000);
  await assert.rejects(complete({ auth_time: now - 3600 }), refusedAs('upstream_failed'));
  await assert.rejects(complete(), refusedAs('upstream_failed'));
  assert.equal((await complete({ auth_time: now - 60 })).sub, 'idp:ada');
});

test('a provider that fails, redirects or has a forbidden address fails the sign-in, and is tried again later', async (t) => {
  const { idp, upstream, complete } = await begin(t);
  for (const behaviour of [status(500), status(302, { location: 'https://evil.example' }), json([])])
    await assert.rejects(complete({}, {}, {}, {}, behaviour), refusedAs('upstream_failed'));
  assert.equal((await complete()).sub, 'idp:ada');
  const good = idp.instead.get(DISCOVERY);
  const entry: UpstreamEntry = {
    ...{ issuer: idp.url, name: 'idp', network: 'private', clientId: 'us', secret: 's', scope: 'openid', claims: [] },
  };
  const another = createUpstream(entry, { ...around(), outbound: createOutbound('private') });
  const endpoints = { token_endpoint: `${idp.url}/token`, jwks_uri: idp.url + JWKS };
  const wrong = [
    { issuer: 'https://evil.example', authorization_endpoint: `${idp.url}/authorize`, ...endpoints },
    { issuer: idp.url, authorization_endpoint: 'http://evil.example/authorize', ...endpoints },
    { issuer: idp.url, authorization_endpoint: 'javascript:alert(1)', ...endpoints },
  ];
  for (const metadata of wrong) {
    idp.instead.set(DISCOVERY, json(metadata));
    await assert.rejects(another.begin(OWNER, {}), refusedAs('upstream_failed'));
  }
  idp.instead.set(DISCOVERY, good ?? status(404));
  assert.equal(new URL(await another.begin(OWNER, {})).pathname, '/authorize');
  const outside = createUpstream({ ...entry, network: 'public' }, { ...around(), outbound: createOutbound('public') });
  await assert.rejects(outside.begin(OWNER, {}), refusedAs('upstream_failed', /allowPrivateNetwork/));
  await idp.close();
  // Its metadata is still cached, but its token endpoint cannot be reached.
  assert.match(await upstream.begin(OWNER, {}), /authorize/);
  await assert.rejects(complete(), refusedAs('upstream_failed', /ECONNREFUSED/));
});

test('refuses an upstream that is this server itself or whose name is taken', async () => {
  const faultsOf = async (members: string, more = ''): Promise<readonly string[] | string | undefined> => {
    const upstream = `upstream: { clientId: us, secret: { plain: x }, ${members} }`;
    const text = `issuer: https://login.example\n${upstream}\n${more}`;
    try {
      return (await parseConfiguration(text, { file: 'cambio.yaml', environment: {} })).upstream?.name;
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return error.faults.map(({ line, path, message }) => `${line} ${path} ${message}`);
    }
  };
  const url = 'issuer: https://idp.example';
  const sameIssuer = 'issuers:\n  - { issuer: https://idp.example, name: corp, accepts: [jwt], audiences: [a] }';
  assert.equal(await faultsOf(url), 'idp.example');
  assert.equal(await faultsOf(`${url}, name: contoso, claims: { email: claims.email }`), 'contoso');
  // A token of that issuer and a sign-in there mean the same person.
  assert.equal(await faultsOf(url, sameIssuer), 'corp');
  assert.deepEqual(await faultsOf(`${url}, name: contoso`, sameIssuer), [
    '2 upstream.name the same provider has the name corp among issuers. Write that name here.',
  ]);
  assert.deepEqual(await faultsOf('issuer: https://other.example, name: corp', sameIssuer), [
    '2 upstream.name another issuer has the name corp. Give one of them another name.',
  ]);
  // A realm's URL may also be its SAML entity id. People may choose their NameID, so it must not match another person's sub.
  const sameSaml = (name: string): string =>
    `issuers:\n  - { saml: https://idp.example, name: ${name}, accepts: [saml2], audiences: [a], certificates: [idp.pem] }`;
  const ofSaml = async (members: string, name: string) =>
    [await faultsOf(members, sameSaml(name))].flat().filter((fault) => !fault?.includes('certificates'));
  const advice = 'and its NameID is not a sub. Give one of them another name.';
  assert.deepEqual(await ofSaml(`${url}, name: corp`, 'corp'), [
    `2 upstream.name a SAML issuer has the name corp, ${advice}`,
  ]);
  assert.deepEqual(await ofSaml(url, 'idp.example'), [
    `2 upstream.name a SAML issuer has the name idp.example, ${advice}`,
  ]);
  assert.deepEqual(await ofSaml(`${url}, name: corp`, 'corp-saml'), []);
  assert.deepEqual(await faultsOf('issuer: https://login.example'), [
    '2 upstream.issuer "https://login.example" is the issuer of this server. Write the issuer of another provider.',
  ]);
  assert.deepEqual(await faultsOf('issuer: http://127.0.0.1:9000, name: urn, scopes: [email]'), [
    '2 upstream.issuer "http://127.0.0.1:9000" is http, which is for loopback with allowPrivateNetwork: true only. Write https.',
    '2 upstream.name urn cannot be the name of an issuer. Set name to another one.',
    '2 upstream.scopes lacks openid, without which people cannot sign in. Add openid.',
  ]);
  assert.equal(await faultsOf('issuer: http://127.0.0.1:9000, name: local, allowPrivateNetwork: true'), 'local');
  const people = `clients:
  - { id: 'idp.example:x', auth: client_secret_post, secret: { plain: x }, grants: [client_credentials] }
accounts:
  - { username: 'idp.example:y', password: { plain: x } }`;
  assert.deepEqual(await faultsOf(`${url}, claims: { act: claims.act, email: 'claims.' }`, people), [
    '2 upstream.claims.act act is a claim that only this server sets. Remove it, or use another name.',
    '2 upstream.claims.email the expression ends too early. A part is missing after this.',
    '4 clients[idp.example:x].id "idp.example:x" could be a subject of the issuer idp.example, whose subjects begin with idp.example: here. Write a name that begins in another way.',
    '6 accounts[idp.example:y].username "idp.example:y" could be a subject of the issuer idp.example, whose subjects begin with idp.example: here. Write a name that begins in another way.',
  ]);
});
