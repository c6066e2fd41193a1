// Bound access tokens at an endpoint of this server that accepts access tokens (RFC 9449 section 7, RFC 8705 section 3).
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, type TestContext, test } from 'node:test';
import { API } from '../support/basics.ts';
import { selfSigned } from '../support/certificate.ts';
import { type Answer, read, start } from '../support/harness.ts';
import { newProver } from '../support/prover.ts';

const configuration = (server: string): string => `
issuer: \${ISSUER}
server:
  port: \${PORT}
  ${server}
store: sqlite:cambio.db
resources:
  - { audience: ${API}, scopes: [read] }
clients:
  - { id: web, auth: none, grants: [authorization_code], redirectUris: [http://127.0.0.1/callback], audiences: [${API}], scopes: [openid, read] }
accounts:
  - { username: ada, password: { plain: correct horse battery } }
`;
const context = { after: after as TestContext['after'] };
const server = await start(
  context,
  configuration('trustProxy: [127.0.0.1]\n  clientCertificates: { header: { name: x-certificate, format: der } }'),
);
const [own, _other] = [newProver(), newProver()];

let tokens = 0;
const tokenFor = (cnf: unknown, at = server): string => {
  const now = Math.floor(at.clock.now / 1000);
  const claims = {
    iss: at.issuer,
    sub: 'ada',
    aud: at.issuer,
    client_id: 'web',
    scope: 'openid',
    jti: `t${tokens++}`,
    cnf,
  };
  return at.forge({ ...claims, iat: now, exp: now + 600 });
};

const ask = async (authorization: string, more: Record<string, string> = {}, at = server): Promise<Answer> =>
  read(await fetch(`${at.issuer}/oauth/userinfo`, { headers: { authorization, ...more } }));

const sha256 = async (text: string): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).toString('base64url');

/** A valid proof for userinfo with this token, with some claims changed. */
const proofFor = async (token: string, changed: Record<string, unknown> = {}, prover = own, at = server) =>
  prover.prove(at, { htm: 'GET', htu: `${at.issuer}/oauth/userinfo`, ath: await sha256(token), ...changed });

function assertRefused(answer: Answer, scheme: string, error: string): void {
  assert.deepEqual([answer.status, answer.body.error], [401, error]);
  assert.match(answer.headers.get('www-authenticate') ?? '', new RegExp(`^${scheme} error="${error}"`));
}

test('refuses a bound token as a bearer token, and a bearer token as a bound one (DP-11)', async () => {
  const bound = tokenFor({ jkt: own.jkt });
  const bearer = tokenFor(undefined);
  assertRefused(await ask(`Bearer ${bound}`), 'Bearer', 'invalid_token');
  assertRefused(await ask(`Bearer ${bound}`, { dpop: await proofFor(bound) }), 'Bearer', 'invalid_token');
  assertRefused(await ask(`DPoP ${bearer}`, { dpop: await proofFor(bearer) }), 'DPoP', 'invalid_token');
  assert.equal((await ask(`Bearer ${bearer}`)).body.sub, 'ada');
});

test('accepts a certificate-bound token only over a connection with its certificate (MT-05)', async () => {
  const [mine, theirs] = await Promise.all(
    ['mine', 'theirs'].map(async (value) => new X509Certificate((await selfSigned({ type: 'dns', value })).cert)),
  );
  assert.ok(mine && theirs);
  const digest = Buffer.from(mine.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
  const token = tokenFor({ 'x5t#S256': digest });
  const over = (certificate: X509Certificate) => ({ 'x-certificate': certificate.raw.toString('base64') });
  assertRefused(await ask(`Bearer ${token}`), 'Bearer', 'invalid_token');
  assertRefused(await ask(`Bearer ${token}`, over(theirs)), 'Bearer', 'invalid_token');
  assertRefused(await ask(`DPoP ${token}`, { dpop: await proofFor(token), ...over(mine) }), 'DPoP', 'invalid_token');
  assert.equal((await ask(`Bearer ${token}`, over(mine))).body.sub, 'ada');
});

test('answers a request without a token with both schemes, and with a nonce if nonces are required (DP-07)', async (t) => {
  const none = await ask('');
  assert.equal(none.status, 401);
  assert.match(none.headers.get('www-authenticate') ?? '', /^Bearer, DPoP algs="[^"]*ES256/);
  const strict = await start(t, configuration('dpopNonces: true'));
  const token = tokenFor({ jkt: own.jkt }, strict);
  const first = await ask(`DPoP ${token}`, { dpop: await proofFor(token, {}, own, strict) }, strict);
  assertRefused(first, 'DPoP', 'use_dpop_nonce');
  const nonce = first.headers.get('dpop-nonce');
  const again = await ask(`DPoP ${token}`, { dpop: await proofFor(token, { nonce }, own, strict) }, strict);
  assert.equal(again.body.sub, 'ada');
});
