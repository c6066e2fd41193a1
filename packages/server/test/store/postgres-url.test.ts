// Reading the URL of a PostgreSQL database: TLS is verified unless the connection is local, and messages show no part of the URL.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPostgresUrl } from '../../src/store/postgres-url.ts';

const read = (url: string) => readPostgresUrl(url, '/etc/cambio');
const tlsOf = (url: string) => read(url).connection?.tls ?? assert.fail(JSON.stringify(read(url)));

const VERIFIED = { authority: undefined, cert: undefined, key: undefined };

test('requires verified TLS, except on loopback and over a socket', () => {
  for (const host of [
    'db.internal',
    'db.internal:6432',
    '10.0.0.5',
    '[2001:db8::1]',
    '[::ffff:127.0.0.1]',
    'localhost.example',
    '0.0.0.0',
  ])
    assert.deepEqual(tlsOf(`postgres://cambio:pw@${host}/cambio`), VERIFIED, host);
  for (const host of ['localhost', '127.0.0.1:5433', '127.8.9.10', '[::1]'])
    assert.equal(tlsOf(`postgresql://cambio:pw@${host}/cambio`), 'none', host);
  for (const url of [
    'postgres:///cambio?host=/run/postgresql',
    'postgres://cambio:pw@/cambio?host=/run/postgresql',
    'postgres://cambio:pw@%2Frun%2Fpostgresql/cambio',
  ])
    assert.deepEqual([read(url).connection?.host, tlsOf(url)], ['/run/postgresql', 'none'], url);
});

test('accepts sslmode for TLS on loopback, warns of none elsewhere, and refuses modes that do not verify', () => {
  const at = (host: string, mode: string) => read(`postgres://cambio:pw@${host}/cambio?sslmode=${mode}`);
  for (const mode of ['require', 'verify-ca', 'verify-full'])
    for (const host of ['db.internal', 'localhost'])
      assert.deepEqual([at(host, mode).connection?.tls, at(host, mode).warning], [VERIFIED, undefined], mode);
  assert.equal(at('db.internal', 'disable').connection?.tls, 'none');
  assert.match(at('db.internal', 'disable').warning ?? '', /not encrypted.*sslmode=verify-full/);
  assert.equal(at('localhost', 'disable').warning, undefined);
  for (const mode of ['prefer', 'allow', 'no-verify', '', 'VERIFY-FULL', 'disabled'])
    assert.match(at('db.internal', mode).fault ?? '', /Write sslmode=verify-full, or disable/, mode);
  for (const more of [
    'ssl=false',
    'ssl=no-verify',
    'uselibpqcompat=true',
    'sslmode=verify-full&sslmode=disable',
    'statement_timeout=0',
  ])
    assert.match(read(`postgres://cambio:pw@db.internal/cambio?${more}`).fault ?? '', /parameters host, sslmode/, more);
});

test('a pooler in transaction mode has no settings of a session', () => {
  const pooled = (more: string) => read(`postgres://cambio:pw@localhost:6432/cambio?${more}`);
  assert.equal(pooled('pooler=transaction').connection?.pooler, 'transaction');
  assert.equal(pooled('sslmode=disable').connection?.pooler, 'none');
  assert.match(pooled('pooler=session').fault ?? '', /pooler is not transaction\. Leave it out/);
  assert.match(pooled('pooler=transaction&options=-c%20a=b').fault ?? '', /Set them for the role: alter role NAME set/);
});

test('resolves TLS files relative to the folder of the configuration file', () => {
  assert.deepEqual(tlsOf('postgres://db.internal/cambio?sslrootcert=ca.pem&sslcert=/tls/cert.pem&sslkey=key.pem'), {
    authority: '/etc/cambio/ca.pem',
    cert: '/tls/cert.pem',
    key: '/etc/cambio/key.pem',
  });
});

test('gives the driver what the URL says', () => {
  assert.deepEqual(
    read('postgres://us%2Fer:p%40%2F%3A%23%3Fss@db.internal:6432/cambio?options=-c%20search_path%3Dx').connection,
    {
      host: 'db.internal',
      port: 6432,
      user: 'us/er',
      password: 'p@/:#?ss',
      database: 'cambio',
      options: '-c search_path=x',
      pooler: 'none',
      tls: VERIFIED,
    },
  );
});

test('refuses a URL with a password that is not encoded, without showing any of it', () => {
  for (const password of [
    '12#canary',
    '12/canary',
    'canary/12',
    '12?canary',
    '12@canary',
    'canary@12',
    'a:12/canary@',
    '%canary',
    'can ary',
    '12/canary?sslmode=disable',
  ])
    for (const tail of ['@db.internal/cambio', '@db.internal:5432/cambio?sslmode=disable', '@localhost/cambio']) {
      const { connection, fault } = read(`postgres://cambio:${password}${tail}`);
      assert.equal(connection, undefined, password + tail);
      assert.match(fault ?? '', /percent-encode|sslmode is not one/, password + tail);
      assert.doesNotMatch(fault ?? '', /canary|can ary/, password + tail);
    }
  for (const url of ['postgres:///cambio', 'postgres://a,b/cambio', 'postgres://db.internal/cambio?host=elsewhere'])
    assert.ok(read(url).fault, url);
});
