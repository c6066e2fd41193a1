// Do our signatures, keys and hashes agree with the examples in RFCs?
import assert from 'node:assert/strict';
import { createSecretKey, type JsonWebKey, X509Certificate } from 'node:crypto';
import { suite, test } from 'node:test';
import { compactVerify, importJWK } from 'jose';
import { checkProof } from '../../../resource-server/src/dpop.ts';
import { createMemoryReplayStore } from '../../../resource-server/src/replay.ts';
import { type Key, type SecretKey, verifyCompact } from '../../src/keys/jws.ts';
import { thumbprint } from '../../src/keys/thumbprint.ts';
import { sha256 } from '../../src/primitives/secret.ts';
import { readProof } from '../../src/proof/dpop.ts';
import { confirmCertificate } from '../../src/proof/holder.ts';
import { readKeySet } from '../../src/trust/key-set.ts';
import { assertIssued } from '../support/basics.ts';
import type { FakeKey } from '../support/issuer.ts';
import { type Attack, assertEachRefused, present, startBoth } from '../support/trusting.ts';
import { privateKeyOf, publicJwkOf, published, type Signature, textOf } from './published.ts';

const { keys, signatures, thumbprints, proofs, certificates, challenges, others } = published;
const jwkOf = (name: string): JsonWebKey => keys[name] ?? assert.fail(name);

/** As in a key set with one key, or as the secret of a resource. */
function keyOf({ alg, key }: Pick<Signature, 'alg' | 'key'>): Key | SecretKey {
  const jwk = jwkOf(key);
  if (alg === 'HS256') return { kid: key, alg, key: createSecretKey(String(jwk.k), 'base64url') };
  const set = readKeySet({ keys: [publicJwkOf(jwk)] });
  assert.ok(typeof set !== 'string', String(set));
  const found = set.find({ alg, kid: undefined });
  assert.ok(found !== undefined, `${key} is good`);
  return found;
}

/** Verified by our signature check. The payload need not be JSON. */
function verifies(one: Signature, signature: Uint8Array): boolean {
  const { alg, header, payload } = one;
  try {
    verifyCompact({ alg, signingInput: `${header}.${payload}`, signature: Buffer.from(signature) }, keyOf(one));
    return true;
  } catch {
    return false;
  }
}

suite('a published signature verifies, and with one bit changed it does not', () => {
  for (const one of signatures) {
    test(`${one.section}: ${one.what}`, () => {
      const bytes = Buffer.from(one.signature, 'base64url');
      const spoiled = bytes.map((byte, index) => (index === 20 ? byte ^ 1 : byte));
      assert.deepEqual([verifies(one, bytes), verifies(one, spoiled)], [true, false]);
    });
  }
});

test('jose agrees about recent algorithms (RFC 9864, RFC 9964; JW-19, JW-20)', async () => {
  const recent = signatures.filter(({ section }) => /9864|9964/.test(section));
  assert.equal(recent.length, 4);
  for (const one of recent)
    await compactVerify(textOf(one), await importJWK({ ...publicJwkOf(jwkOf(one.key)) }, one.alg));
});

test('computes the published thumbprint of a published key (RFC 7638, RFC 8037, RFC 9449, RFC 9964)', () => {
  for (const { section, key, thumbprint: expected } of thumbprints)
    assert.equal(thumbprint({ ...publicJwkOf(jwkOf(key)) }), expected, section);
});

test('accepts a published DPoP proof for its own request, time and token (RFC 9449)', async () => {
  for (const { section, method, url, now, jkt, proof, accessToken } of proofs) {
    const context = { method, url, now, nonces: undefined, ...(accessToken !== undefined && { accessToken }) };
    assert.equal(readProof(proof, context).jkt, jkt, section);
    for (const other of [{ method: 'PUT' }, { url: `${url}/` }, { now: now + 91 }, { accessToken: 'another' }])
      assert.throws(() => readProof(proof, { ...context, ...other }), /dpop_/, section);
    if (accessToken === undefined) continue;
    const { origin, pathname } = new URL(url);
    const check = (at: number): Promise<void> =>
      checkProof(
        { method, path: pathname, headers: [['dpop', proof]] },
        { token: accessToken, jkt },
        {
          baseUrl: origin,
          algorithms: ['ES256'],
          nonces: undefined,
          clock: () => at * 1000,
          replay: createMemoryReplayStore(() => at * 1000),
        },
      );
    await check(now);
    await assert.rejects(check(now + 91), section);
  }
});

test('computes the published hashes of a certificate and a code verifier (RFC 8705 appendix A, RFC 7636 appendix B)', () => {
  for (const { section, certificate, thumbprint: expected } of certificates) {
    const x509 = new X509Certificate(Buffer.from(certificate, 'base64'));
    assert.deepEqual(confirmCertificate({ x509, isTrusted: () => false }), { 'x5t#S256': expected }, section);
  }
  for (const { section, verifier, challenge } of challenges) {
    assert.equal(sha256(verifier), challenge, section);
    assert.notEqual(sha256(`${verifier}~`), challenge, section);
  }
});

/** Ready to sign: the RFC has its private half. */
const signers = signatures.flatMap(({ alg, key }): [string, FakeKey][] => {
  const jwk = jwkOf(key);
  if (jwk.d === undefined && jwk.priv === undefined) return [];
  const kid = `${key} ${alg}`;
  return [[kid, { kid, alg, privateKey: privateKeyOf(jwk), jwk: { ...publicJwkOf(jwk), kid } }]];
});

test('refuses published texts as subject tokens, and accepts the published keys', async (t) => {
  const algorithms = [...new Set(signers.map(([, { alg }]) => alg))];
  const [server, idp] = await startBoth(t, { algorithms: `[ES256, ${algorithms.join(', ')}]` });
  const own = [...new Map(signers).values()];
  idp.keys.push(...own);
  assert.equal(own.length, 7);
  const texts = [...signatures.map((one) => ({ ...one, text: textOf(one) })), ...others];
  await assertEachRefused(
    server,
    texts.map(({ section, what, text, refused }): Attack => [`${section} ${what}`, text, refused]),
    idp.sign(),
  );
  for (const key of own) assertIssued(server, await present(server, idp.sign({}, { key })), key.kid);
});

test('refuses an ML-DSA key without `alg`, or of the wrong size (RFC 9964 section 3; JW-20)', () => {
  const jwk = publicJwkOf(jwkOf('RFC 9964 A.1 ML-DSA-44'));
  const sizes = [
    jwk,
    { ...jwk, alg: undefined },
    { ...jwk, pub: String(jwk.pub).slice(4) },
    { ...jwk, alg: 'ML-DSA-65' },
  ].map((key) => {
    const set = readKeySet({ keys: [key] });
    return typeof set === 'string' ? set : set.size;
  });
  assert.deepEqual(sizes, [1, 0, 0, 0]);
});

test('refuses a key set with a published secret: every verifier could sign with it', () => {
  const secrets = Object.values(keys).filter(({ kty }) => kty === 'oct');
  assert.equal(secrets.length, 2);
  const good = publicJwkOf(jwkOf('RFC 7515 A.3'));
  for (const secret of secrets) assert.equal(typeof readKeySet({ keys: [good, secret] }), 'string');
  assert.notEqual(typeof readKeySet({ keys: [good] }), 'string');
});
