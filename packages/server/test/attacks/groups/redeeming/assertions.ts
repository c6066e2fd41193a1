// Faulty ID-JAGs, and faulty requests with a good one: the checks of their redemption, in order.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { API, BACKEND, withoutRequestId } from '../../../support/basics.ts';
import { type Answer, base64url } from '../../../support/harness.ts';
import { type Claims, hmacJws, newKey, signJws } from '../../../support/issuer.ts';
import { newProver } from '../../../support/prover.ts';
import { JWT_BEARER, jagOf, redeem, wiki } from '../../../support/redeeming.ts';
import type { Cases, Trial } from '../../group.ts';
import type { World } from './world.ts';

const HEADER = { typ: 'oauth-id-jag+jwt' };
const basic = (id: string, secret: string) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` });

/** Each variant has the same sentence, which does not show what is wrong. */
async function attemptEach(
  { server }: World,
  { attempt, twin }: Trial,
  good: string,
  variants: Readonly<Record<string, string>>,
): Promise<void> {
  const texts = new Set<string>();
  for (const [what, assertion] of Object.entries(variants))
    texts.add(withoutRequestId(await attempt(what, redeem(server, assertion))));
  assert.equal(texts.size, 1, [...texts].join('\n'));
  await twin(redeem(server, good));
}

const variantsOf = ({ corp, server }: World, claims: Readonly<Record<string, Claims>>): Record<string, string> =>
  Object.fromEntries(Object.entries(claims).map(([what, one]) => [what, jagOf(corp, server, one)]));

const seconds = ({ server }: World): number => Math.floor(server.clock.now / 1000);

export const assertions: Cases<World> = {
  G01: async ({ server, corp }, { attempt, twin }) => {
    const jag = (claims: Claims = {}): string => jagOf(corp, server, claims);
    const ask = (form: Record<string, string>, headers?: Record<string, string>): Promise<Answer> =>
      server.token({ grant_type: JWT_BEARER, assertion: jag(), ...form }, headers);
    await attempt('no client', ask({}));
    await attempt('a wrong secret', ask({ ...wiki, client_secret: 'gateway-secret' }));
    await attempt('a public client', ask({ client_id: 'open', assertion: jag({ client_id: 'open' }) }));
    await attempt('a client without the grant', ask({ client_id: 'gateway', client_secret: 'gateway-secret' }));
    await attempt('two ways', ask(wiki, basic('wiki', 'wiki-secret')));
    await attempt('client_id of another', ask({ client_id: 'gateway' }, basic('wiki', 'wiki-secret')));
    await twin(ask(wiki));
  },
  G02: async ({ server, corp }, { attempt, twin }) => {
    const jag = jagOf(corp, server);
    await attempt('none', redeem(server, undefined));
    await attempt('empty', redeem(server, ''));
    await attempt('two', redeem(server, undefined, { assertion: [jag, jagOf(corp, server)] }));
    await attempt('the same twice', redeem(server, undefined, { assertion: [jag, jag] }));
    await twin(redeem(server, jag));
  },
  G03: async (world, trial) => {
    const { corp, server } = world;
    const good = jagOf(corp, server);
    const [header = '', payload = '', signature = ''] = good.split('.');
    const [key] = corp.keys;
    assert.ok(key);
    const signed = (text: string): string => signJws({ alg: key.alg, kid: key.kid, ...HEADER }, Buffer.from(text), key);
    const claims = Buffer.from(payload, 'base64url').toString();
    await attemptEach(world, trial, good, {
      'two parts': `${header}.${payload}`,
      'no signature': `${header}.${payload}.`,
      'four parts': `${good}.x`,
      padding: `${header}=.${payload}.${signature}`,
      'white space': `${good} `,
      'a doubled member': signed(`{"sub":"eve",${claims.slice(1)}`),
      'not JSON': signed('{'),
      'a list': signed('[]'),
      crit: jagOf(corp, server, {}, { header: { crit: ['exp'] } }),
      'too long': jagOf(corp, server, { x: 'x'.repeat(70_000) }),
    });
  },
  G04: async (world, trial) => {
    const { corp, server } = world;
    const types = ['at+jwt', 'txntoken+jwt', 'secevent+jwt', 'logout+jwt', 'dpop+jwt', 'JWT', 'id-jag+jwt', undefined];
    await attemptEach(world, trial, jagOf(corp, server, {}, { header: { typ: 'application/OAUTH-ID-JAG+jwt' } }), {
      ...Object.fromEntries(types.map((typ) => [String(typ), jagOf(corp, server, {}, { header: { typ } })])),
      'an ID token': corp.sign({ aud: server.issuer, nonce: 'n' }),
      'a client assertion': corp.sign(
        { iss: 'wiki', sub: 'wiki', aud: server.issuer },
        { header: { typ: 'client-authentication+jwt' } },
      ),
      'an access token of ours': server.forge({ iss: server.issuer, sub: 'ada', client_id: 'wiki', aud: API }),
    });
  },
  G05: async (world, trial) => {
    const { corp, server } = world;
    const [key] = corp.keys;
    assert.ok(key);
    const good = jagOf(corp, server);
    const [, payload = ''] = good.split('.');
    const text = Buffer.from(payload, 'base64url').toString();
    const pem = createPublicKey(key.privateKey).export({ type: 'spki', format: 'pem' }).toString();
    const hmac = { ...HEADER, alg: 'HS256', kid: key.kid };
    const edwards = newKey('EdDSA');
    await attemptEach(world, trial, good, {
      none: `${base64url(JSON.stringify({ ...HEADER, alg: 'none' }))}.${payload}.${base64url('x')}`,
      'HMAC with the public key as PEM': hmacJws(hmac, text, pem),
      'HMAC with the public key as JWK': hmacJws(hmac, text, JSON.stringify(key.jwk)),
      'an algorithm that its key is not for': jagOf(corp, server, {}, { header: { alg: 'RS256' } }),
      'an algorithm that the entry lacks': jagOf(corp, server, {}, { key: edwards, header: { kid: key.kid } }),
      'another key with the same kid': jagOf(corp, server, {}, { key: newKey('ES256', key.kid) }),
    });
  },
  G06: async (world, trial) => {
    const { corp, partner, server } = world;
    const [foreign] = partner.keys;
    assert.ok(foreign);
    await attemptEach(world, trial, jagOf(corp, server), {
      'an unknown issuer': jagOf(corp, server, { iss: 'https://other.example' }),
      'this server': jagOf(corp, server, { iss: server.issuer }),
      'signed by this server': server.forge(
        { iss: server.issuer, sub: 'ada', aud: server.issuer, client_id: 'wiki', jti: 'x', resource: API },
        HEADER,
      ),
      'an issuer that gives none': jagOf(partner, server),
      'another issuer with its own key': jagOf(corp, server, {}, { key: newKey('ES256', corp.keys[0]?.kid) }),
      'no issuer': jagOf(corp, server, { iss: undefined }),
      'an issuer with a slash more': jagOf(corp, server, { iss: `${corp.url}/` }),
    });
  },
  G07: async (world, trial) => {
    const { corp, server } = world;
    const { issuer } = server;
    await attemptEach(world, trial, jagOf(corp, server, { aud: [issuer] }), {
      ...variantsOf(world, {
        'another server': { aud: 'https://other.example' },
        none: { aud: undefined },
        'two servers': { aud: [issuer, 'https://other.example'] },
        'this server twice': { aud: [issuer, issuer] },
        'the token endpoint': { aud: `${issuer}/oauth/token` },
        'a slash more': { aud: `${issuer}/` },
        'the API': { aud: API },
        'an empty list': { aud: [] },
      }),
    });
  },
  G08: async (world, trial) => {
    const { corp, server } = world;
    const now = seconds(world);
    await attemptEach(world, trial, jagOf(corp, server, { nbf: now - 10 }), {
      ...variantsOf(world, {
        expired: { exp: now - 60 },
        'no exp': { exp: undefined },
        'exp as text': { exp: String(now + 300) },
        'not yet valid': { nbf: now + 300 },
        'issued in the future': { iat: now + 300, exp: now + 600 },
        'no iat': { iat: undefined },
        'too old': { iat: now - 3600 },
        'valid for a day': { exp: now + 86_400 },
        'no jti': { jti: undefined },
        'no sub': { sub: undefined },
      }),
    });
  },
  G09: async (world, trial) => {
    await attemptEach(world, trial, jagOf(world.corp, world.server), {
      ...variantsOf(world, {
        'another client': { client_id: 'gateway' },
        none: { client_id: undefined },
        'a list': { client_id: ['wiki'] },
        'in capitals': { client_id: 'WIKI' },
        'another tenant': { tenant: 'other' },
        'another tenant here': { aud_tenant: 'other' },
      }),
    });
  },
  G12: async (world, { attempt, twin }) => {
    const { corp, server } = world;
    const [own, other] = [newProver(), newProver()];
    const bound = (cnf: unknown): string => jagOf(corp, server, { cnf });
    const by = (prover: typeof own) => ({ dpop: prover.prove(server) });
    await attempt('no proof', redeem(server, bound({ jkt: own.jkt })));
    await attempt('the proof of another key', redeem(server, bound({ jkt: own.jkt }), {}, by(other)));
    await attempt('a certificate', redeem(server, bound({ 'x5t#S256': own.jkt }), {}, by(own)));
    await attempt('two keys', redeem(server, bound({ jkt: own.jkt, 'x5t#S256': own.jkt }), {}, by(own)));
    await attempt('an empty cnf', redeem(server, bound({}), {}, by(own)));
    await attempt('null', redeem(server, bound(null), {}, by(own)));
    await twin(redeem(server, bound({ jkt: own.jkt }), {}, by(own)));
  },
  G13: async ({ server, corp }, { attempt, twin }) => {
    for (const resource of [
      undefined,
      '',
      [],
      'https://foreign.example',
      [API, 'https://foreign.example'],
      'orders',
      7,
    ])
      await attempt(`resource ${JSON.stringify(resource)}`, redeem(server, jagOf(corp, server, { resource })));
    for (const form of [{ resource: `${BACKEND}/api` }, { audience: BACKEND }, { resource: 'https://foreign.example' }])
      await attempt(JSON.stringify(form), redeem(server, jagOf(corp, server), form));
    await twin(redeem(server, jagOf(corp, server), { resource: `${API}/v1` }));
  },
  G14: async ({ server, corp }, { attempt, twin }) => {
    const narrow = (): string => jagOf(corp, server, { scope: 'read' });
    await attempt('more than the ID-JAG has', redeem(server, narrow(), { scope: 'read write' }));
    await attempt(
      'more than the rule has',
      redeem(server, jagOf(corp, server, { scope: 'admin' }), { scope: 'admin' }),
    );
    await attempt('nothing in common', redeem(server, jagOf(corp, server, { scope: 'admin' })));
    await attempt('an ID-JAG without scope', redeem(server, jagOf(corp, server, { scope: undefined })));
    await attempt('bad grammar', redeem(server, narrow(), { scope: 'read  write' }));
    await twin(redeem(server, narrow(), { scope: 'read' }));
  },
};
