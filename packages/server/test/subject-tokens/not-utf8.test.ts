// Bytes that are not UTF-8 are refused everywhere. If they were repaired, the subjects `ad\xff` and `ad\xfe` would be equal.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigurationError } from '../../src/config/fault.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { decodeUtf8 } from '../../src/primitives/utf8.ts';
import { admin, administered, adminToken } from '../support/admin-api.ts';
import { API, assertIssued, configuration, exchange, gateway } from '../support/basics.ts';
import { added, changed, yamlOf } from '../support/configuration.ts';
import { read, start, type } from '../support/harness.ts';
import {
  bytes,
  DISCOVERY,
  entry,
  INTROSPECT,
  JWKS,
  lifeOf,
  newKey,
  signJws,
  startIssuer,
  trusting,
} from '../support/issuer.ts';
import { temporaryFolder } from '../support/program.ts';
import { assertSubjectRefused, assertUnavailable, present } from '../support/trusting.ts';

/** A lone start byte, a lone continuation byte, an overlong NUL, a surrogate, a code point beyond the last, a Latin-1 letter. */
const BROKEN = ['\xff', '\xfe', '\xc3', '\x80', '\xc0\x80', '\xed\xa0\x80', '\xf4\x90\x80\x80', '\xe9'];
/** JSON with these bytes in a string. */
const around = (value: unknown, text: string): Buffer =>
  Buffer.concat(
    JSON.stringify(value)
      .split('BROKEN')
      .flatMap((part, at) => (at === 0 ? [Buffer.from(part)] : [Buffer.from(text, 'latin1'), Buffer.from(part)])),
  );
/** The same string in UTF-8. */
const WHOLE = Buffer.from('é').toString('latin1');

test('decodes UTF-8 without loss, and nothing else', () => {
  for (const broken of BROKEN)
    for (const text of [broken, `ad${broken}`, `${broken}a`])
      assert.equal(decodeUtf8(Buffer.from(text, 'latin1')), undefined);
  for (const text of ['', 'ada', '\ufeffada', 'é', '\ufffd', '\u{10ffff}', '\0'])
    assert.equal(decodeUtf8(Buffer.from(text)), text);
});

test('refuses an introspection answer, a key set and discovery metadata as a failed dependency', async (t) => {
  const idp = await startIssuer(t);
  const introspection = `{ endpoint: "${idp.url}${INTROSPECT}", client: us, secret: { plain: secret } }`;
  const server = await start(t, trusting(entry(idp, { accepts: '[access_token, jwt]', introspection })));
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n';
  const opaque = { ...lifeOf(server.clock.now), iss: idp.url, client_id: 'web', active: true, sub: 'adBROKEN' };
  const ask = (text: string) => {
    idp.instead.set(INTROSPECT, bytes(head, around(opaque, text)));
    return exchange(server, { subject_token: 'token', subject_token_type: type('access_token') });
  };
  for (const broken of BROKEN) assertUnavailable(server, await ask(broken), JSON.stringify(broken));
  assertIssued(server, await ask(WHOLE));
  const keys = { keys: idp.keys.map(({ jwk }) => jwk), name: 'BROKEN' };
  const metadata = { issuer: idp.url, jwks_uri: idp.url + JWKS, name: 'BROKEN' };
  for (const [path, value] of [
    [JWKS, keys],
    [DISCOVERY, metadata],
  ] as const) {
    const fresh = await start(t, trusting(entry(idp)));
    idp.instead.set(path, bytes(head, around(value, '\xff')));
    assertUnavailable(fresh, await present(fresh, idp.sign()), path);
    idp.instead.set(path, bytes(head, around(value, WHOLE)));
    fresh.clock.now += 10_000;
    assertIssued(fresh, await present(fresh, idp.sign()));
  }
});

test('refuses a token, a DPoP proof, a client assertion and Basic credentials', async (t) => {
  const idp = await startIssuer(t);
  const [key] = idp.keys;
  assert.ok(key);
  const batch = `{ id: batch, auth: private_key_jwt, jwks: ${JSON.stringify({ keys: [key.jwk] })}, grants: [client_credentials], audiences: [${API}], scopes: [read] }`;
  const legacy = {
    id: 'legacy',
    auth: 'client_secret_basic',
    secret: { plain: 'sécret' },
    grants: ['client_credentials'],
    audiences: [API],
    scopes: ['read'],
  };
  const server = await start(t, changed(trusting(entry(idp)), { clients: added(batch, legacy) }));
  const life = lifeOf(server.clock.now);
  const signed = (claims: object, text: string, typ = 'JWT') =>
    signJws({ alg: 'ES256', typ, kid: key.kid }, around(claims, text), key);
  const assertion = (text: string) =>
    server.token({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: signed({ ...life, iss: 'batch', sub: 'batch', aud: server.issuer, name: 'BROKEN' }, text),
    });
  const basic = (text: string) =>
    server.token(
      { grant_type: 'client_credentials' },
      { authorization: `Basic ${Buffer.from(`legacy:s${text}cret`, 'latin1').toString('base64')}` },
    );
  const { kid: _kid, alg: _alg, use: _use, ...jwk } = key.jwk;
  const prove = (text: string) => {
    const header = { alg: 'ES256', typ: 'dpop+jwt', jwk };
    const claims = { htm: 'POST', htu: `${server.issuer}/oauth/token`, iat: life.iat, jti: `adBROKEN ${text.length}` };
    return server.token(
      { grant_type: 'client_credentials', ...gateway },
      { dpop: signJws(header, around(claims, text), key) },
    );
  };
  for (const broken of BROKEN) {
    const what = JSON.stringify(broken);
    assert.equal(server.audit(await prove(broken))?.reason, 'dpop_malformed', what);
    assertSubjectRefused(
      server,
      await present(server, signed({ ...life, iss: idp.url, sub: 'adBROKEN' }, broken)),
      'malformed',
      what,
    );
    assert.equal(server.audit(await assertion(broken))?.reason, 'client_assertion_malformed', what);
    assert.equal(server.audit(await basic(broken))?.reason, 'client_authentication_malformed', what);
  }
  assertIssued(server, await present(server, signed({ ...life, iss: idp.url, sub: 'adBROKEN' }, WHOLE)));
  assertIssued(server, await prove(WHOLE));
  assertIssued(server, await assertion(WHOLE));
  assertIssued(server, await basic(WHOLE));
});

test('refuses the body and the query of an admin request', async (t) => {
  const server = await start(t, administered);
  const token = await adminToken(server);
  const client = (id: string, jwk: object) => ({
    ...{ id, auth: 'private_key_jwt', grants: ['client_credentials'], audiences: [API], scopes: ['read'] },
    jwks: { keys: [{ ...jwk, name: 'BROKEN' }] },
  });
  const register = async (id: string, text: string) =>
    read(
      await fetch(`${server.issuer}/admin/v1/clients`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: new Uint8Array(around(client(id, newKey().jwk), text)),
      }),
    );
  for (const broken of BROKEN) {
    const answer = await register('batch', broken);
    assert.deepEqual([answer.status, server.audit(answer)?.reason], [400, 'admin_body'], answer.text);
  }
  assert.equal((await register('batch', WHOLE)).status, 201);
  for (const query of [
    'subject=ad%ff',
    'subject=ad%c3',
    '%ff=a',
    'subject=a%',
    'subject=a%00',
    'subject=a&subject=b',
  ]) {
    const answer = await admin(server, `GET /audit?${query}`, { token });
    assert.deepEqual([answer.status, server.audit(answer)?.reason], [422, 'admin_invalid'], query);
  }
  const many = Array.from({ length: 300 }, (_, at) => `a${at}=b`).join('&');
  assert.equal((await admin(server, `GET /audit?${many}`, { token })).status, 422);
  assert.equal((await admin(server, 'GET /audit?subject=ad%C3%A9', { token })).status, 200);
});

test('refuses a configuration file with its line, and a secret in a file with its name', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'cambio.yaml');
  const load = async (config: Uint8Array, secret: string) => {
    writeFileSync(file, config);
    writeFileSync(join(folder, 'secret'), secret, 'latin1');
    return loadConfiguration(file, { ISSUER: 'http://127.0.0.1:8080', PORT: '8080' });
  };
  const text = yamlOf(changed(configuration, { clients: added({ ...CLIENT, secret: { file: 'secret' } }) }));
  await load(Buffer.from(text), 'secr\xc3\xa9t');
  const faultOf = async (config: Uint8Array, secret = 'secret') => {
    const error = await load(config, secret).then(
      () => undefined,
      (cause) => cause,
    );
    assert.ok(error instanceof ConfigurationError, String(error));
    return error.message;
  };
  assert.match(await faultOf(Buffer.from(`# first\n# s\xe9cond\n${text}`, 'latin1')), /:2:1: .*not text in UTF-8/);
  assert.match(await faultOf(Buffer.from(text), 'secr\xe9t'), /secret.*not text in UTF-8/);
});

const CLIENT = {
  id: 'batch',
  auth: 'client_secret_post',
  grants: ['client_credentials'],
  audiences: [API],
  scopes: ['read'],
};
