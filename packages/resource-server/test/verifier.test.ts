// Accepts access tokens as RFC 9068 section 4 says, and reads their claims.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { suite, test } from 'node:test';
import { algorithmNames, signingAlgorithms } from '../../server/src/keys/algorithms.ts';
import {
  AccessRefusal,
  type AccessToken,
  actors,
  createVerifier,
  type Requirements,
  requireActor,
} from '../src/index.ts';
import { PROOF_ALGORITHMS } from '../src/options.ts';
import { AUDIENCE, bearing, createIssuer, type Difference, ISSUER } from './issuer.ts';

const issuer = await createIssuer(['ES256', 'RS256']);
const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: issuer.jwks });
const verify = (token: string, wanted?: Requirements): Promise<AccessToken> =>
  verifier.authenticate(bearing(token), wanted);

/** Refuses the token with 401, and accepts it without the difference. */
async function refuses(token: string): Promise<void> {
  await assert.rejects(verify(token), (error) => error instanceof AccessRefusal && error.code === 'invalid_token');
  assert.equal((await verify(await issuer.sign())).subject, 'ada');
}

const refusesDifference = async (difference: Difference): Promise<void> => refuses(await issuer.sign(difference));
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = (): number => Math.floor(Date.now() / 1000);

test('reads subject, client and scope of a valid token', async () => {
  const exp = now() + 60;
  const token = await verify(await issuer.sign({ claims: { exp } }));
  const { claims, scope, ...told } = token;
  assert.deepEqual(told, {
    issuer: ISSUER,
    subject: 'ada',
    clientId: 'gateway',
    audience: [AUDIENCE],
    expiresAt: exp,
    scheme: 'Bearer',
  });
  assert.deepEqual(actors(token), []);
  assert.deepEqual([...scope], ['read', 'write']);
  assert.equal(claims.jti, 'one');
});

test('reads a token without scope as one with an empty scope', async () => {
  assert.equal((await verify(await issuer.sign({ claims: { scope: undefined } }))).scope.size, 0);
  await refusesDifference({ claims: { scope: ['read'] } });
});

suite('a token is refused (AT-08)', () => {
  test('for another audience; one of several is enough', async () => {
    await refusesDifference({ claims: { aud: 'https://other.example' } });
    await refusesDifference({ claims: { aud: `${AUDIENCE}/` } });
    await refusesDifference({ claims: { aud: undefined } });
    const token = await verify(await issuer.sign({ claims: { aud: ['https://other.example', AUDIENCE] } }));
    assert.deepEqual(token.audience, ['https://other.example', AUDIENCE]);
  });

  test('of another issuer', async () => {
    await refusesDifference({ claims: { iss: 'https://other.example' } });
    await refusesDifference({ claims: { iss: undefined } });
  });

  test('whose typ is not at+jwt, in either spelling of it (RFC 9068 section 4)', async () => {
    await refusesDifference({ header: { typ: 'JWT' } });
    await refusesDifference({ header: { typ: undefined } });
    await refusesDifference({ header: { typ: 'logout+jwt' } });
    assert.equal((await verify(await issuer.sign({ header: { typ: 'application/at+jwt' } }))).subject, 'ada');
  });

  test('whose typ is JWT, unless its claim typ says at+jwt', async () => {
    const marked = { typ: 'at+jwt' };
    for (const typ of [undefined, 'Bearer', 'JWT', 'ID', 'logout+jwt', 'oauth-id-jag+jwt', ['at+jwt'], true])
      await refusesDifference({ header: { typ: 'JWT' }, claims: { typ } });
    for (const typ of ['logout+jwt', 'oauth-id-jag+jwt', 'dpop+jwt', 'JOSE', undefined])
      await refusesDifference({ header: { typ }, claims: marked });
    for (const typ of ['JWT', 'application/jwt'])
      assert.equal((await verify(await issuer.sign({ header: { typ }, claims: marked }))).subject, 'ada');
  });

  test('that has expired, is not valid yet, or has no end', async () => {
    await refusesDifference({ claims: { exp: now() - 1 } });
    await refusesDifference({ claims: { nbf: now() + 60 } });
    await refusesDifference({ claims: { exp: undefined } });
  });

  for (const claim of ['sub', 'client_id', 'jti', 'iat']) {
    test(`that lacks ${claim} (RFC 9068 section 2.2)`, () => refusesDifference({ claims: { [claim]: undefined } }));
  }

  test('whose claims or signature were changed', async () => {
    const [header, payload = '', signature] = (await issuer.sign()).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    await refuses([header, encode({ ...claims, sub: 'eve' }), signature].join('.'));
    await refuses([header, payload, encode('another signature')].join('.'));
    await refuses([header, payload, ''].join('.'));
  });

  test('signed by another key, with or without a key id of the issuer', async () => {
    const other = await createIssuer();
    await refuses(await other.sign());
    await refuses(await other.sign({ header: { kid: 'another' } }));
  });

  test('that is unsigned, or signed with the public key as a secret (RFC 8725 sections 2.1 and 3.1)', async () => {
    const payload = (await issuer.sign()).split('.')[1];
    await refuses(`${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`);
    for (const kid of ['key-ES256', 'key-RS256']) {
      const input = `${encode({ alg: 'HS256', typ: 'at+jwt', kid })}.${payload}`;
      const publicKey = JSON.stringify(issuer.jwks.keys.find((key) => key.kid === kid));
      await refuses(`${input}.${createHmac('sha256', publicKey).update(input).digest('base64url')}`);
    }
  });

  test('whose algorithm is not that of the key', async () => {
    assert.equal((await verify(await issuer.sign({ alg: 'RS256' }))).subject, 'ada');
    await refusesDifference({ alg: 'RS256', header: { kid: 'key-ES256' } });
  });

  test('with an unknown critical extension (RFC 7515 section 4.1.11)', async () => {
    const [, payload, signature] = (await issuer.sign()).split('.');
    const header = { alg: 'ES256', typ: 'at+jwt', kid: 'key-ES256', crit: ['unknown'], unknown: true };
    await refuses([encode(header), payload, signature].join('.'));
  });

  test('that is not a token', async () => {
    for (const text of ['.', '..', 'nonsense', 'a.b.c', `${encode({})}.${encode([])}.`]) await refuses(text);
  });
});

suite('the actors of a token (RFC 8693 section 4.1)', () => {
  const actedBy = async (act: unknown) => verify(await issuer.sign({ claims: { act } }));
  const chain = { sub: 'agent', iss: ISSUER, act: { sub: 'gateway', act: { sub: 'bot', iss: 'https://idp.example' } } };

  test('are a list, the current one first; one without issuer has the issuer of the token', async () => {
    assert.deepEqual(actors(await actedBy(chain)), [
      { iss: ISSUER, sub: 'agent' },
      { iss: ISSUER, sub: 'gateway' },
      { iss: 'https://idp.example', sub: 'bot' },
    ]);
  });

  test('are never guessed: a malformed claim refuses the token', async () => {
    const malformed = [null, 'agent', [], {}, { sub: 1 }, { sub: 'agent', iss: 1 }, { sub: 'agent', act: null }];
    for (const act of malformed) await refusesDifference({ claims: { act } });
  });

  test('may be required: only the current actor counts, by issuer, subject and kind (AP-11b, AP-15)', async () => {
    const token = await actedBy(chain);
    const foreign = await actedBy({ sub: 'agent', iss: 'https://idp.example' });
    const nobody = await actedBy(undefined);
    const agent = { iss: ISSUER, sub: 'agent' };
    assert.deepEqual(requireActor(token, {}), agent);
    // An empty list, for example by mistake, does not match anyone.
    assert.throws(() => requireActor(token), TypeError);
    assert.deepEqual(requireActor(token, { sub: 'other' }, { sub: 'agent' }), agent);
    assert.deepEqual(requireActor(token, { iss: ISSUER }), agent);
    const kinds = await actedBy({
      sub: 'agent',
      sub_profile: 'service ai_agent',
      act: { sub: 'x', sub_profile: 'user' },
    });
    const ofKind = { ...agent, subProfile: ['service', 'ai_agent'] };
    assert.deepEqual(requireActor(kinds, { subProfile: 'ai_agent' }), ofKind);
    assert.deepEqual(requireActor(kinds, { sub: 'agent', subProfile: 'service' }), ofKind);
    const unreadable = await actedBy({ sub: 'agent', sub_profile: ['ai_agent'] });
    assert.deepEqual(requireActor(unreadable, { sub: 'agent' }), agent);
    assert.deepEqual(requireActor(foreign, { iss: 'https://idp.example', sub: 'agent' }).iss, 'https://idp.example');
    const refused: [AccessToken, Parameters<typeof requireActor>[1][]][] = [
      [nobody, [{}]],
      [token, [{ sub: 'gateway' }]],
      [token, [{ sub: 'Agent' }]],
      [token, [{ iss: 'https://idp.example', sub: 'agent' }]],
      [foreign, [{ sub: 'agent' }]],
      [foreign, [{ iss: ISSUER }]],
      [token, [{ subProfile: 'ai_agent' }]],
      [kinds, [{ subProfile: 'user' }]],
      [kinds, [{ subProfile: 'ai' }]],
      [kinds, [{ sub: 'other', subProfile: 'ai_agent' }]],
      [unreadable, [{ subProfile: 'ai_agent' }]],
    ];
    for (const [given, patterns] of refused) {
      assert.throws(
        () => requireActor(given, ...patterns),
        (error) =>
          error instanceof AccessRefusal &&
          error.status === 403 &&
          error.headers['WWW-Authenticate'] ===
            'Bearer error="actor_unauthorized", error_description="Another actor must act here"',
      );
    }
  });

  test('may be required of every request to a route', async () => {
    const text = await issuer.sign({ claims: { act: chain } });
    const none = await issuer.sign();
    assert.equal((await verify(text, { actor: {} })).subject, 'ada');
    assert.equal((await verify(text, { actor: [{ sub: 'bot' }, { sub: 'agent' }] })).subject, 'ada');
    const denied = (why: string) => (error: unknown) =>
      error instanceof AccessRefusal && error.status === 403 && (error.cause as Error).message === why;
    await assert.rejects(verify(text, { actor: { sub: 'gateway' } }), denied(`agent of ${ISSUER} acts`));
    await assert.rejects(verify(none, { actor: {} }), denied('nobody acts'));
    await assert.rejects(verify(none, { scope: 'pay' }), denied('the token has the scope "read write"'));
    assert.equal((await verify(none)).subject, 'ada');
  });
});

test('accepts every algorithm that a Cambio server signs with or binds tokens to', async () => {
  const all = await createIssuer(signingAlgorithms);
  const accepts = createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: all.jwks });
  for (const alg of signingAlgorithms)
    assert.equal((await accepts.authenticate(bearing(await all.sign({ alg })))).subject, 'ada', alg);
  assert.deepEqual(new Set(PROOF_ALGORITHMS), new Set(algorithmNames));
});
