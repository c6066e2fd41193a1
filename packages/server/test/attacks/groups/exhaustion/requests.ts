// How much of a request is read, and what a refusal costs.
import assert from 'node:assert/strict';
import { admin } from '../../../support/admin-api.ts';
import { API, exchange, gateway } from '../../../support/basics.ts';
import { added, type Configuration, changed, edited } from '../../../support/configuration.ts';
import { claimsOf, encode, type Form, start, type } from '../../../support/harness.ts';
import { entry, type FakeKey, trusting } from '../../../support/issuer.ts';
import { present, presentActor } from '../../../support/trusting.ts';
import { answerOf, FORM, LENGTH, request } from '../../../support/wire.ts';
import type { Case, Undo } from '../../group.ts';
import type { Outcome } from '../../row.ts';
import { because, type ExhaustionWorld, list, nested, withMember } from './world.ts';

const ANY_HOST = 'Host: x';
/** A public key of this many bits without a private key. */
const rsa = (bits: number): { kty: string; e: string; n: string } => ({
  kty: 'RSA',
  e: 'AQAB',
  n: Buffer.alloc(bits / 8, 0xff).toString('base64url'),
});

/** Starts a server. @returns the fault of its configuration if it does not start */
async function startOf(undo: Undo, source: Configuration): Promise<Outcome> {
  try {
    const server = await start(undo, source);
    return { status: 200, text: server.issuer };
  } catch (error) {
    return { status: 'fault', text: (error as Error).message };
  }
}

export const requests: Readonly<Record<string, Case<ExhaustionWorld>>> = {
  Q03: async ({ server }, { attempt, twin }) => {
    const send = async (...headers: string[]) => answerOf(await server.raw(request([ANY_HOST, LENGTH, ...headers])));
    const names = Array.from({ length: 5000 }, (_, index) => `X${index}: y`);
    await attempt('64 KiB', send(`X: ${'x'.repeat(65_536)}`));
    await attempt('one of 32 KiB', send(`X: ${'x'.repeat(32_768)}`));
    await attempt('5,000 headers', send(...names));
    await attempt('a name of 20 KB', send(`${'x'.repeat(20_000)}: y`));
    await attempt('32 KiB of credentials', send(`Authorization: Basic ${'A'.repeat(32_768)}`));
    const line = `POST /oauth/token?${'x'.repeat(32_768)} HTTP/1.1`;
    await attempt('a line of 32 KiB', answerOf(await server.raw(request([ANY_HOST, LENGTH], { line }))));
    await twin(send(`X: ${'x'.repeat(15_000)}`));
  },

  Q07: async ({ server, idp }, { attempt, twin }) => {
    const claims = claimsOf(idp.sign());
    const token = (depth: number): string => idp.signAll(withMember(claims, nested(depth)));
    const objects = (depth: number): string =>
      idp.signAll(withMember(claims, `${'"a":{'.repeat(depth)}"b":1${'}'.repeat(depth)}`));
    for (const [what, deep] of Object.entries({
      'one too deep': token(64),
      'objects one too deep': objects(64),
      '20,000': token(20_000),
      '100,000': token(100_000),
      'objects, 50,000': objects(50_000),
      'never closed': idp.signAll(`{"a":${'['.repeat(100_000)}`),
    })) {
      because(server, await attempt(what, present(server, deep)), 'subject_token_malformed', what);
      because(server, await attempt(`${what}, acting`, presentActor(server, deep)), 'actor_token_malformed', what);
    }
    const own = server.forgeText(withMember({ iss: server.issuer, sub: 'gateway' }, nested(100_000)));
    await attempt('of our own', exchange(server, { subject_token: own }));
    await twin(present(server, token(63)));
    await twin(present(server, objects(63)));
  },

  Q08: async ({ server, idp }, { attempt, twin }) => {
    const long = 'a'.repeat(100_000);
    const texts = [`${long}!`, `${'a '.repeat(50_000)}\t`, `https://${long}`, '%25'.repeat(30_000), '('.repeat(90_000)];
    for (const text of [...texts, `${'a.'.repeat(50_000)}`, `https://${'a-'.repeat(40_000)}.example/#`]) {
      for (const name of ['scope', 'audience', 'resource', 'subject_token', 'subject_token_type'])
        await attempt(`${name}=${text.slice(0, 20)}`, exchange(server, { [name]: text }));
      const iss = idp.signAll({ ...claimsOf(idp.sign()), iss: text });
      await attempt(`iss=${text.slice(0, 20)}`, present(server, iss));
    }
    for (const host of ['a'.repeat(10_000), `${'a.'.repeat(5000)}`, `[${':'.repeat(9000)}`, '1.'.repeat(5000)]) {
      const bytes = await server.raw(request([`Host: ${host}`, LENGTH], { body: `${FORM.slice(0, -1)}(` }));
      assert.ok([400, 401].includes(answerOf(bytes).status), host.slice(0, 20));
    }
    await twin(exchange(server, { scope: 'read', resource: `${API}/v1` }));
  },

  Q09: async ({ server, idp }, { attempt, twin, after }) => {
    const key = idp.keys[0]?.jwk ?? {};
    const many = (count: number) =>
      list(count, (index) => String(index))
        .split(',')
        .map((kid) => ({ ...key, kid }));
    const base = trusting(entry(idp));
    const withKeys = (keys: readonly unknown[]): Configuration =>
      changed(base, { issuers: edited('idp', { jwks: { keys } }) });
    const asClient = (keys: readonly Record<string, unknown>[]): Configuration =>
      changed(base, {
        clients: added({ id: 'batch', auth: 'private_key_jwt', jwks: { keys }, grants: ['client_credentials'] }),
      });
    for (const count of [101, 10_000]) {
      const told = await attempt(`${count} keys of an issuer`, startOf({ after }, withKeys(many(count))));
      assert.match(told.text ?? '', /keys is not a list of at most 100/);
      await attempt(`${count} keys of a client`, startOf({ after }, asClient(many(count))));
      const entryOf = { id: 'new', auth: 'private_key_jwt', grants: ['client_credentials'], audiences: [API] };
      const body = { ...entryOf, jwks: { keys: many(Math.min(count, 1000)) } };
      await attempt(`${count} keys of a client, registered`, admin(server, 'POST /clients', { body }));
    }
    for (const keys of [[rsa(8192)], [rsa(16_384)], []])
      await attempt(`only ${JSON.stringify(keys).length} characters of keys`, startOf({ after }, withKeys(keys)));
    await twin(startOf({ after }, withKeys(many(100))));
    await twin(startOf({ after }, withKeys([rsa(4096)])));
  },

  Q12: async ({ server, idp }, { attempt, twin }) => {
    const [good] = idp.keys as [FakeKey];
    const large = [8192, 16_384].map((bits) => ({ ...rsa(bits), kid: `rsa-${bits}` }));
    const exponent = { ...rsa(2048), kid: 'long-e', e: Buffer.alloc(256, 0xff).toString('base64url') };
    const keys = [...large, exponent];
    for (const jwk of keys) idp.keys.push({ ...good, kid: jwk.kid, alg: 'RS256', jwk: { ...jwk, alg: 'RS256' } });
    try {
      server.clock.now += 400_000;
      const now = Math.floor(server.clock.now / 1000);
      const life = { iat: now, exp: now + 600 };
      for (const { kid, n } of keys) {
        const [header, payload] = idp.sign(life, { header: { alg: 'RS256', kid } }).split('.');
        const token = `${header}.${payload}.${n.replace(/^_/, 'A')}`;
        because(server, await attempt(kid, present(server, token)), 'subject_token_unknown_key', kid);
      }
      await twin(present(server, idp.sign(life)));
    } finally {
      idp.keys.length = 1;
    }
  },

  Q17: async ({ server }, { attempt, twin }) => {
    const form = encode({ grant_type: 'client_credentials', ...gateway });
    const padded = (count: number, name: (index: number) => string) =>
      server.post('/oauth/token', `${form}&${list(count - 3, (index) => `${name(index)}=y`, '&')}`);
    const names: Readonly<Record<string, (index: number) => string>> = {
      one: () => 'x',
      'as many': (index) => `x${index}`,
      numbers: (index) => String(index),
      'that hash alike elsewhere': (index) => list(8, (bit) => ((index >> bit) & 1 ? 'Aa' : 'BB'), ''),
    };
    for (const [what, name] of Object.entries(names)) {
      for (const count of [257, 50_000]) {
        const answer = await attempt(`${count}, ${what}`, padded(count, name));
        assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_request'], what);
        because(server, answer, 'form_malformed', what);
      }
      await twin(padded(256, name));
    }
    const { status } = await exchange(server, { audience: Array.from({ length: 300 }, () => API) } as Form);
    assert.equal(status, 400, 'those that may stand several times are counted too');
    assert.match(type('jwt'), /jwt$/);
  },
};
