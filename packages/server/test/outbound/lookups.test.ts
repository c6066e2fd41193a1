// A name that does not resolve occupies one lookup of the process, for any number of requests, and delays no other name.
import assert from 'node:assert/strict';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import { type OnAddresses, shareLookups } from '../../src/outbound/lookups.ts';
import { exchange } from '../support/basics.ts';
import { type Configuration, changed } from '../support/configuration.ts';
import { start, type } from '../support/harness.ts';
import { entry, FOREIGN_RULE, JWKS, startIssuer, trusting } from '../support/issuer.ts';

const ADDRESS = { address: '93.184.216.34', family: 4 };

function world() {
  const clock = { now: 0 };
  const asked: { readonly name: string; readonly end: OnAddresses }[] = [];
  const lookUp = shareLookups(
    (name, end) => asked.push({ name, end }),
    () => clock.now,
  );
  const told: string[] = [];
  const ask = (name: string): void =>
    lookUp(name, (error, addresses) => told.push(error?.message ?? addresses.map(({ address }) => address).join()));
  return { clock, asked, told, ask };
}

test('shares one lookup among concurrent requests for a name, and gives another name its own', () => {
  const { asked, told, ask } = world();
  for (const name of ['a.test', 'a.test', 'b.test', 'a.test']) ask(name);
  assert.deepEqual(
    asked.map(({ name }) => name),
    ['a.test', 'b.test'],
  );
  asked[0]?.end(null, [ADDRESS]);
  assert.deepEqual(told, Array(3).fill(ADDRESS.address));
});

test('looks up a name anew if it answered in time: nothing is cached', () => {
  const { clock, asked, ask } = world();
  ask('a.test');
  clock.now = 100;
  asked[0]?.end(null, [ADDRESS]);
  ask('a.test');
  assert.equal(asked.length, 2);
});

test('refuses at once while a lookup takes longer than the deadline, and never begins a second one', () => {
  const { clock, asked, told, ask } = world();
  ask('silent.test');
  clock.now = 3000;
  for (let n = 0; n < 40; n++) ask('silent.test');
  assert.equal(asked.length, 1);
  assert.deepEqual(new Set(told), new Set(['the lookup of silent.test has not ended']));
});

test('does not look up a failed name for three times as long as it took, and then looks it up again', () => {
  const { clock, asked, told, ask } = world();
  ask('silent.test');
  clock.now = 10_000;
  asked[0]?.end(new Error('EAI_AGAIN'), []);
  clock.now = 39_999;
  ask('silent.test');
  assert.equal(asked.length, 1);
  clock.now = 40_000;
  ask('silent.test');
  assert.equal(asked.length, 2);
  asked[1]?.end(null, [ADDRESS]);
  assert.deepEqual(told, ['EAI_AGAIN', 'EAI_AGAIN', ADDRESS.address]);
});

test('uses addresses that arrived too late, until the name is looked up again', () => {
  const { clock, asked, told, ask } = world();
  ask('slow.test');
  clock.now = 4000;
  asked[0]?.end(null, [ADDRESS]);
  ask('slow.test');
  clock.now = 15_999;
  ask('slow.test');
  assert.equal(asked.length, 1);
  assert.deepEqual(told, Array(3).fill(ADDRESS.address));
});

test('begins one lookup for forty requests to an issuer whose name never resolves, while another issuer answers', async (t) => {
  const good = await startIssuer(t);
  const url = good.url.replace('127.0.0.1', 'localhost');
  const introspection = { endpoint: 'https://silent.test/introspect', client: 'us', secret: { plain: 'secret' } };
  const silent: Configuration = {
    issuer: 'https://silent.test',
    name: 'silent',
    accepts: ['access_token'],
    audiences: ['https://us.example'],
    introspection,
  };
  const known = changed(entry(good), { issuer: url, jwksUri: url + JWKS });
  const rules = [FOREIGN_RULE, { name: 'silent', client: 'gateway', subject: { issuer: 'silent' }, grant: GRANT }];
  const server = await start(t, trusting([known, silent], rules));
  const names: string[] = [];
  const { lookup } = dns;
  const instead = (name: string, ...rest: readonly unknown[]): void => {
    names.push(name);
    if (name !== 'silent.test') (lookup as (...all: unknown[]) => void)(name, ...rest);
  };
  dns.lookup = instead as never;
  syncBuiltinESMExports();
  t.after(() => {
    dns.lookup = lookup;
    syncBuiltinESMExports();
  });
  const opaque = (n: number) =>
    exchange(server, { subject_token: `opaque${n}`, subject_token_type: type('access_token') });
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => opaque(n)));
  answers.push(await opaque(40));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([503]));
  assert.equal(names.filter((name) => name === 'silent.test').length, 1);
  const twin = await exchange(server, { subject_token: good.sign({ iss: url }), subject_token_type: type('jwt') });
  assert.equal(twin.status, 200, twin.text);
});

const GRANT = { audiences: ['https://api.example'], scopes: ['read'] };
