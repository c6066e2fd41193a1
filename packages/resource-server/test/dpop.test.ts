// Does a bound token need its key? RFC 9449 sections 4.3, 7, 8, 9 and 11.1. Each refusal is tested beside an accepted request.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { suite, test } from 'node:test';
import { calculateThumbprint, generateKeyPair, generateProof } from 'dpop';
import type { GenerateKeyPairResult } from 'jose';
import {
  AccessRefusal,
  createMemoryReplayStore,
  createVerifier,
  type ProtectedRequest,
  type VerifierOptions,
} from '../src/index.ts';
import { AUDIENCE, bearing, createIssuer, ISSUER } from './issuer.ts';
import { createClient, type ProofDifference, URL_OF_ORDERS } from './proof.ts';

const issuer = await createIssuer();
const client = await createClient();
const stranger = await createClient();
const bound = await issuer.sign({ claims: { cnf: client.cnf } });

const verifierWith = (more: Partial<VerifierOptions> = {}) =>
  createVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: issuer.jwks, ...more });
const verifier = verifierWith();

const numberOf = (text = ''): bigint => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`);
const textOf = (value: bigint): string => {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
};

/** The key with the same primes and another public exponent. */
async function withExponent(jwk: JsonWebKey, exponent: bigint): Promise<GenerateKeyPairResult> {
  const [p, q] = [numberOf(jwk.p), numberOf(jwk.q)];
  const d = inverse(exponent, (p - 1n) * (q - 1n));
  const e = textOf(exponent);
  const parts = { e, d: textOf(d), dp: textOf(d % (p - 1n)), dq: textOf(d % (q - 1n)) };
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const { kty, n } = jwk;
  return {
    privateKey: await crypto.subtle.importKey('jwk', { ...jwk, ...parts }, algorithm, true, ['sign']),
    publicKey: await crypto.subtle.importKey('jwk', { kty, n, e } as JsonWebKey, algorithm, true, ['verify']),
  };
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [modulus, value, 0n, 1n];
  while (b !== 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  return ((x % modulus) + modulus) % modulus;
}

async function refusalOf(request: ProtectedRequest, by = verifier): Promise<AccessRefusal> {
  try {
    await by.authenticate(request);
  } catch (error) {
    assert.ok(error instanceof AccessRefusal, String(error));
    return error;
  }
  assert.fail('it was accepted');
}

const codeOf = async (request: ProtectedRequest, by = verifier): Promise<string> => {
  const { code, status } = await refusalOf(request, by);
  return `${status} ${code}`;
};

const accepts = async (request: ProtectedRequest, by = verifier): Promise<void> =>
  assert.equal((await by.authenticate(request)).scheme, 'DPoP');

/** Refuses each proof, and accepts the same proof without the difference. */
async function refusesProofs(differences: readonly ProofDifference[]): Promise<void> {
  for (const difference of differences) {
    const request = await client.ask(bound, await client.prove(bound, difference));
    assert.equal(await codeOf(request), '401 invalid_dpop_proof', JSON.stringify(difference).slice(0, 200));
  }
  await accepts(await client.ask(bound));
}

test('accepts a bound token with a proof of its key, also a proof by the dpop library', async () => {
  await accepts(await client.ask(bound));
  const keys = await generateKeyPair('ES256');
  const token = await issuer.sign({ claims: { cnf: { jkt: await calculateThumbprint(keys.publicKey) } } });
  await accepts(await client.ask(token, await generateProof(keys, URL_OF_ORDERS, 'GET', undefined, token)));
  assert.equal(await codeOf(await client.ask(token)), '401 invalid_token', 'another key');
});

suite('the token and its binding', () => {
  test('refuses a bound token as a bearer token, with and without a proof (DP-11)', async () => {
    assert.equal(await codeOf(bearing(bound)), '401 invalid_token');
    const withProof = {
      ...bearing(bound),
      headers: [...bearing(bound).headers, ['DPoP', await client.prove(bound)] as const],
    };
    assert.equal(await codeOf(withProof), '401 invalid_token');
    await accepts(await client.ask(bound));
  });

  test('refuses a proof by an RSA key that is slow to verify with', async () => {
    const usual = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
    for (const [exponent, isAccepted] of [
      [65_537n, true],
      [2n ** 32n + 15n, false],
    ] as const) {
      const owner = await createClient('RS256', await withExponent(usual, exponent));
      const request = await owner.ask(await issuer.sign({ claims: { cnf: owner.cnf } }));
      if (isAccepted) await accepts(request);
      else assert.equal(await codeOf(request), '401 invalid_dpop_proof');
    }
  });

  test('refuses an unbound token in the DPoP scheme', async () => {
    const token = await issuer.sign();
    assert.equal(await codeOf(await client.ask(token)), '401 invalid_token');
    assert.equal((await verifier.authenticate(bearing(token))).scheme, 'Bearer');
  });

  test('refuses a proof by another key, or for another token (B14)', async () => {
    const another = await issuer.sign({ claims: { cnf: client.cnf, jti: 'another' } });
    assert.equal(await codeOf(await client.ask(bound, await stranger.prove(bound))), '401 invalid_token');
    assert.equal(await codeOf(await client.ask(bound, await client.prove(another))), '401 invalid_token');
    assert.equal(await codeOf(await client.ask(another, await client.prove(bound))), '401 invalid_token');
    await accepts(await client.ask(another));
  });

  test('refuses an unknown or malformed confirmation (B12)', async () => {
    for (const cnf of [
      null,
      {},
      'key',
      [],
      { jwk: client.publicJwk },
      { kid: 'one' },
      { ...client.cnf, kid: 'one' },
      { jkt: 1 },
    ]) {
      const token = await issuer.sign({ claims: { cnf } });
      assert.equal(await codeOf(await client.ask(token)), '401 invalid_token', JSON.stringify(cnf));
      assert.equal(await codeOf(bearing(token)), '401 invalid_token', JSON.stringify(cnf));
    }
    await accepts(await client.ask(bound));
  });

  test('refuses bearer tokens if a binding is required', async () => {
    const strict = verifierWith({ senderConstraint: 'required' });
    assert.equal(await codeOf(bearing(await issuer.sign()), strict), '401 invalid_token');
    await accepts(await client.ask(bound), strict);
  });
});

suite('a proof is refused (DP-01)', () => {
  test('that is missing or duplicate (B02)', async () => {
    const [one, two] = [await client.prove(bound), await client.prove(bound)];
    const { headers } = await client.ask(bound, one);
    const missing = { ...(await client.ask(bound)), headers: [...headers].slice(0, 1) };
    assert.equal(await codeOf(missing), '401 invalid_dpop_proof');
    assert.equal(await codeOf(await client.ask(bound, one, two)), '401 invalid_dpop_proof');
    assert.equal(await codeOf(await client.ask(bound, `${one}, ${two}`)), '401 invalid_dpop_proof');
    await accepts(await client.ask(bound, one));
  });

  test('of another type, unsigned, signed with a secret, or with a private key (B03)', async () => {
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const payload = (await client.prove(bound)).split('.')[1];
    const none = `${encode({ typ: 'dpop+jwt', alg: 'none', jwk: client.publicJwk })}.${payload}.`;
    const secret = { kty: 'oct', k: encode('a secret that everybody reads') };
    const input = `${encode({ typ: 'dpop+jwt', alg: 'HS256', jwk: secret })}.${payload}`;
    const hmac = createHmac('sha256', Buffer.from(secret.k, 'base64url')).update(input).digest('base64url');
    for (const proof of [none, `${input}.${hmac}`, 'nonsense', 'a.b.c', '']) {
      assert.equal(await codeOf(await client.ask(bound, proof)), '401 invalid_dpop_proof', proof);
    }
    const { privateJwk } = client;
    await refusesProofs([
      { header: { typ: 'JWT' } },
      { header: { typ: undefined } },
      { header: { typ: 'at+jwt' } },
      { header: { jwk: privateJwk } },
      { header: { jwk: undefined } },
      { header: { jwk: stranger.publicJwk } },
      { header: { jwk: 'https://client.example/key' } },
    ]);
  });

  test('for another method or URL; the query is ignored (B04)', async () => {
    await refusesProofs([
      { claims: { htm: 'POST' } },
      { claims: { htm: 'get' } },
      ...[
        `${URL_OF_ORDERS}?a=b`,
        `${URL_OF_ORDERS}#x`,
        `${URL_OF_ORDERS}/`,
        `${URL_OF_ORDERS}/1`,
        'https://api.example/',
        'http://api.example/orders',
        'https://other.example/orders',
        'https://api.example:8443/orders',
        '/orders',
        7,
      ].map((htu) => ({ claims: { htu } })),
    ]);
    await accepts({ ...(await client.ask(bound)), path: '/orders?page=2' });
    for (const htu of [
      'https://API.example:443/orders',
      'HTTPS://api.example/x/../orders',
      'https://api.example/%6frders',
    ]) {
      await accepts(await client.ask(bound, await client.prove(bound, { claims: { htu } })));
    }
  });

  test('that is older than a minute and a half, from the future, or without a time (B05)', async () => {
    const now = Math.floor(Date.now() / 1000);
    await refusesProofs([
      ...[now - 120, now + 90, undefined, `${now}`, null].map((iat) => ({ claims: { iat } })),
      { claims: { exp: now - 1 } },
      { claims: { nbf: now + 90 } },
    ]);
    for (const iat of [now - 80, now + 20, now + 0.5]) {
      await accepts(await client.ask(bound, await client.prove(bound, { claims: { iat } })));
    }
  });

  test('without an id or token hash, or with a huge id (B13)', async () => {
    await refusesProofs([
      ...[undefined, '', 7, 'x'.repeat(1100), 'x'.repeat(1_048_576)].map((jti) => ({ claims: { jti } })),
      { claims: { ath: undefined } },
      { header: { jwk: { ...client.publicJwk, y: 'A'.repeat(51_200) } } },
    ]);
    await accepts(await client.ask(bound, await client.prove(bound, { claims: { jti: 'x'.repeat(1024) } })));
  });

  test('that was used before; of ten at the same time one is accepted (B06, DP-09)', async () => {
    const request = await client.ask(bound);
    await accepts(request);
    assert.equal(await codeOf(request), '401 invalid_dpop_proof');
    const racing = await client.ask(bound);
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => verifier.authenticate(racing)));
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    // Another client may use the same id.
    const theirs = await issuer.sign({ claims: { cnf: stranger.cnf } });
    const claims = { jti: 'the same' };
    await accepts(await client.ask(bound, await client.prove(bound, { claims })));
    await accepts(await stranger.ask(theirs, await stranger.prove(theirs, { claims })));
  });

  test('with a changed signature, or with a critical extension', async () => {
    const [header, payload, signature = ''] = (await client.prove(bound)).split('.');
    const tampered = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    assert.equal(await codeOf(await client.ask(bound, tampered)), '401 invalid_dpop_proof');
    const critical = Buffer.from(
      JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: client.publicJwk, crit: ['x'], x: 1 }),
    );
    const asks = `${critical.toString('base64url')}.${payload}.${signature}`;
    assert.equal(await codeOf(await client.ask(bound, asks)), '401 invalid_dpop_proof');
    await accepts(await client.ask(bound));
  });
});

test('does not remember proofs of invalid tokens, so callers without a token cannot fill the store', async () => {
  const store = createMemoryReplayStore(Date.now, 1);
  const small = verifierWith({ replay: store });
  assert.equal(await codeOf(await client.ask(bound, await stranger.prove(bound)), small), '401 invalid_token');
  await accepts(await client.ask(bound), small);
});

test('answers 503 if the store is full or fails; the store forgets expired proofs', async () => {
  let now = Date.now();
  const small = verifierWith({ replay: createMemoryReplayStore(() => now, 2), clock: () => now });
  const token = await issuer.sign({ now, claims: { cnf: client.cnf, exp: Math.floor(now / 1000) + 3600 } });
  const ask = async () => client.ask(token, await client.prove(token, { now }));
  await accepts(await ask(), small);
  await accepts(await ask(), small);
  assert.equal(await codeOf(await ask(), small), '503 temporarily_unavailable');
  now += 121_000;
  await accepts(await ask(), small);
  const broken = verifierWith({ replay: { remember: () => Promise.reject(new Error('no database')) } });
  assert.equal(await codeOf(await client.ask(bound), broken), '503 temporarily_unavailable');
});

test('answers a missing, invented or stale nonce with the current one (B07, DP-07, DP-10)', async () => {
  let now = Date.now();
  const options = { nonceSecret: 'known to the nodes of this API', clock: () => now };
  const [one, two] = [verifierWith(options), verifierWith(options)];
  const token = await issuer.sign({ now, claims: { cnf: client.cnf, exp: Math.floor(now / 1000) + 3600 } });
  const ask = async (nonce?: string) => client.ask(token, await client.prove(token, { now, claims: { nonce } }));
  const told = async (nonce?: string) => {
    const { code, status, headers } = await refusalOf(await ask(nonce), one);
    assert.deepEqual([code, status], ['use_dpop_nonce', 401]);
    assert.match(headers['WWW-Authenticate'] ?? '', /^Bearer, DPoP error="use_dpop_nonce", algs="/);
    return headers['DPoP-Nonce'] ?? '';
  };
  const nonce = await told();
  assert.match(nonce, /^[\w-]{43}$/);
  assert.equal(await told('invented'), nonce);
  await accepts(await ask(nonce), one);
  await accepts(await ask(nonce), two);
  assert.equal(
    await codeOf(await ask(nonce), verifierWith({ ...options, nonceSecret: 'other' })),
    '401 use_dpop_nonce',
  );
  now += 150_000;
  assert.notEqual(await told(nonce), nonce);
});

test('accepts proofs in the listed algorithms only', async () => {
  const only = verifierWith({ proofAlgorithms: ['ES256'] });
  for (const alg of ['Ed25519', 'EdDSA', 'ES512', 'PS384', 'ML-DSA-44']) {
    const another = await createClient(alg);
    const token = await issuer.sign({ claims: { cnf: another.cnf } });
    await accepts(await another.ask(token));
    assert.equal(await codeOf(await another.ask(token), only), '401 invalid_dpop_proof');
  }
  await accepts(await client.ask(bound), only);
});
